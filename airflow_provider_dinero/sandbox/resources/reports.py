"""Reports of a whole accounting year; debit is positive, credit negative.

Undocumented: what the switches do. Here accounts of zero are left out unless requested; the account number is always
there, as in the schemas; showVatType changes nothing, since no response has a property for it; summary accounts are the
year's result (9999) and the sums of assets (58999) and of liabilities with that result (69999).
"""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import (
    ASSETS,
    FIRST_BALANCE_ACCOUNT,
    LIABILITIES,
    RESULT,
    SUMMARIES,
    chart,
)
from airflow_provider_dinero.sandbox.amounts import kroner
from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.balances import closing, opening
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.resources.ledger_store import draft_postings
from airflow_provider_dinero.sandbox.years import named

REPORTS = "/v1/{organizationId}/{accountingYear}/reports"
FIRST_LIABILITY = 60000
LARGEST = 2**31

resource = Resource()


@resource.operation("GET", REPORTS + "/saldo")
def saldo(call: Call) -> Response:
    """Return the trial balance: all accounts, which add up to 0."""
    return _report(call, _closing(call), range(LARGEST), (RESULT, ASSETS, LIABILITIES))


@resource.operation("GET", REPORTS + "/result")
def result(call: Call) -> Response:
    """Return income and expenses."""
    return _report(call, _closing(call), range(FIRST_BALANCE_ACCOUNT), (RESULT,))


@resource.operation("GET", REPORTS + "/balance")
def balance(call: Call) -> Response:
    """Return assets and liabilities at the end of the year; their sum is the year's result with the opposite sign."""
    return _report(call, _closing(call), range(FIRST_BALANCE_ACCOUNT, LARGEST), (ASSETS, LIABILITIES))


@resource.operation("GET", REPORTS + "/primo")
def primo(call: Call) -> Response:
    """Return the opening balances of the year."""
    sums = opening(call, named(call, call.route["accountingYear"]))
    return _report(call, sums, range(FIRST_BALANCE_ACCOUNT, LARGEST), (ASSETS, LIABILITIES))


def _closing(call: Call) -> dict[int, int]:
    year = named(call, call.route["accountingYear"])
    drafts = draft_postings(call, year) if call.flag("includeLedgerEntries") else ()
    return closing(call, year, ((line.account, line.ore) for line in drafts))


def _report(call: Call, sums: dict[int, int], numbers: range, summaries: tuple[int, ...]) -> Response:
    with_zeros = call.flag("showZeroAccount")
    rows = [
        (number, account.name, sums.get(number, 0))
        for number, account in chart(call).items()
        if number in numbers and (with_zeros or sums.get(number))
    ]
    if call.flag("includeSummaryAccount", default=True):
        assets = sum(ore for number, ore in sums.items() if FIRST_BALANCE_ACCOUNT <= number < FIRST_LIABILITY)
        totals = {
            RESULT: sum(ore for number, ore in sums.items() if number < FIRST_BALANCE_ACCOUNT),
            ASSETS: assets,
            LIABILITIES: -assets,
        }
        rows += [(number, SUMMARIES[number], totals[number]) for number in summaries if with_zeros or totals[number]]
    return answer([
        {"AccountName": name, "AccountNumber": number, "Amount": kroner(ore)} for number, name, ore in sorted(rows)
    ])
