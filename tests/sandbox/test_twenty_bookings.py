from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

from .bookkeeper import Bookkeeper
from .conftest import START, Caller, Clock, personal_token

DATA = tomllib.loads((Path(__file__).parent / "bookings.toml").read_text(encoding="utf-8"))
PATHS = {
    "invoice payment": "/invoices/{}",
    "purchase payment": "/purchase-vouchers/{}",
}


@pytest.fixture(scope="module")
def keeper() -> Iterator[Bookkeeper]:
    clock = Clock()
    with running(clock=clock, requests_per_minute=10_000, ledger_booking_seconds=0) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            assert clock.now == START
            body = {"Name": "Aarhus Cykelbud ApS", "CountryKey": "DK", "IsPerson": False}
            yield Bookkeeper(call, call("POST", "/contacts", json=body)["ContactGuid"])


@pytest.fixture(scope="module")
def vouchers(keeper: Bookkeeper) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for booking in DATA["booking"]:
        kind, body = booking["kind"], booking.get("body", {})
        if kind in PATHS:
            made.append(keeper.pay(PATHS[kind].format(made[booking["of"] - 1]["Guid"]), **body))
        elif kind == "credit note":
            made.append(keeper.credit_note(made[booking["of"] - 1]))
        else:
            made.append(getattr(keeper, kind)(**body))
    return made


def test_there_are_twenty() -> None:
    assert len(DATA["booking"]) == 20


@pytest.mark.parametrize("number", range(1, 21))
def test_entries_of_a_booking(keeper: Bookkeeper, vouchers: list[dict[str, Any]], number: int) -> None:
    assert keeper.sums(vouchers[number - 1]["Guid"]) == decimals(DATA["booking"][number - 1]["entries"])


def test_the_books_in_the_end(keeper: Bookkeeper, vouchers: list[dict[str, Any]]) -> None:
    before = len(keeper.entries())
    keeper.delete(f"/vouchers/purchase/{vouchers[DATA['deleted']['of'] - 1]['Guid']}")
    # Offset, not erased.
    assert len(keeper.entries()) == before + 4
    assert keeper.report("saldo") == decimals(DATA["saldo"])
    result, balance = keeper.report("result"), keeper.report("balance")
    assert {**result, **balance} == keeper.report("saldo")
    assert max(int(account) for account in result) < 50000 <= min(int(account) for account in balance)
    sums = decimals(DATA["sums"])
    assert keeper.report("result", summaries=True)["9999"] == sums["result"]
    with_sums = keeper.report("balance", summaries=True)
    assert (with_sums["58999"], with_sums["69999"]) == (sums["assets"], sums["liabilities"])


def decimals(texts: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in texts.items()}
