"""Reports of a whole accounting year."""

from typing import TypedDict, Unpack

from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource, Rows, optional

_SALDO, _RESULT, _BALANCE, _PRIMO = (
    Operation("GET", f"/v1/{{organizationId}}/{{accountingYear}}/reports/{name}")
    for name in ("saldo", "result", "balance", "primo")
)


class PrimoOptions(TypedDict, total=False):
    """Options of all reports. All are optional.

    :param zero_accounts: bool, whether to include accounts without movement
    :param account_numbers: bool, whether to include AccountNumber
    :param summary_accounts: bool, whether to include accounts that sum up others; default True
    :param vat_types: bool, whether to include the VAT types; default False
    """

    zero_accounts: bool
    account_numbers: bool
    summary_accounts: bool
    vat_types: bool


class ReportOptions(PrimoOptions, total=False):
    """Further options of the reports of movements.

    :param ledger_entries: bool, whether to include unbooked items of the ledger; default False
    """

    ledger_entries: bool


class Reports(Resource):
    """Reports. The year is its Name from `accounting_years.list`."""

    @_SALDO.performed_by
    def saldo(self, year: str | int, **options: Unpack[ReportOptions]) -> Rows:
        """Return the balance of each account (`GET /v1/{organizationId}/{accountingYear}/reports/saldo`).

        :param year: str or int, the Name of the accounting year
        :param options: see `ReportOptions`
        :return: list of dicts with AccountName, AccountNumber and Amount
        """
        return self._report(_SALDO, year, **options)

    @_RESULT.performed_by
    def result(self, year: str | int, **options: Unpack[ReportOptions]) -> Rows:
        """Return the profit and loss account (`GET /v1/{organizationId}/{accountingYear}/reports/result`).

        :param year: str or int, the Name of the accounting year
        :param options: see `ReportOptions`
        :return: list of dicts with AccountName, AccountNumber and Amount
        """
        return self._report(_RESULT, year, **options)

    @_BALANCE.performed_by
    def balance(self, year: str | int, **options: Unpack[ReportOptions]) -> Rows:
        """Return the balance sheet (`GET /v1/{organizationId}/{accountingYear}/reports/balance`).

        :param year: str or int, the Name of the accounting year
        :param options: see `ReportOptions`
        :return: list of dicts with AccountName, AccountNumber and Amount
        """
        return self._report(_BALANCE, year, **options)

    @_PRIMO.performed_by
    def primo(self, year: str | int, **options: Unpack[PrimoOptions]) -> Rows:
        """Return the opening balances (`GET /v1/{organizationId}/{accountingYear}/reports/primo`).

        :param year: str or int, the Name of the accounting year
        :param options: see `PrimoOptions`
        :return: list of dicts with AccountName, AccountNumber and Amount
        """
        return self._report(_PRIMO, year, **options)

    def _report(
        self,
        operation: Operation,
        year: str | int,
        *,
        zero_accounts: bool | None = None,
        account_numbers: bool | None = None,
        summary_accounts: bool | None = None,
        ledger_entries: bool | None = None,
        vat_types: bool | None = None,
    ) -> Rows:
        query = optional(
            showZeroAccount=zero_accounts,
            showAccountNo=account_numbers,
            includeSummaryAccount=summary_accounts,
            includeLedgerEntries=ledger_entries,
            showVatType=vat_types,
        )
        return self._array(operation, {"accountingYear": year}, query=query)
