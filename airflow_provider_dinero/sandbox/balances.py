"""Balances of accounts, computed from the entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from airflow_provider_dinero.sandbox.accounts import FIRST_BALANCE_ACCOUNT, RETAINED_EARNINGS
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.years import Year


def carried_to(account: int) -> int:
    """Return the account that carries the balance of ``account`` into the next year: results become equity."""
    return account if account >= FIRST_BALANCE_ACCOUNT else RETAINED_EARNINGS


def opening(call: Call, year: Year) -> dict[int, int]:
    """Return the opening balances of a year in øre, by account; they add up to 0."""
    sums: Counter[int] = Counter()
    sql = "SELECT account, sum(ore) FROM entries WHERE organization = ? AND date < ? GROUP BY account"
    for account, ore in call.store.execute(sql, [call.organization, year.first_day]):
        sums[carried_to(account)] += ore
    return dict(sorted(sums.items()))


def closing(call: Call, year: Year, drafts: Iterable[tuple[int, int]] = ()) -> dict[int, int]:
    """Return the closing balances of a year in øre, by account.

    :param year: the accounting year
    :param drafts: (account, øre) to include although it isn't booked
    """
    sums = Counter(opening(call, year))
    sql = "SELECT account, sum(ore) FROM entries WHERE organization = ? AND date BETWEEN ? AND ? GROUP BY account"
    for account, ore in [*call.store.execute(sql, [call.organization, year.first_day, year.last_day]), *drafts]:
        sums[account] += ore
    return dict(sorted(sums.items()))
