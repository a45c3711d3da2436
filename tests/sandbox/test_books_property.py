"""Whatever is booked, paid, credited and deleted in whatever order: the books balance, the numbers have no gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_provider_dinero.sandbox.server import Sandbox, running

from ..switches import OTHER_SETTINGS
from .bookkeeper import CASH, CREDIT, Bookkeeper
from .conftest import Caller, Clock, personal_token

# Switches of tokens, headers and refusals.
NO_BOOKING = {
    "refresh_tokens",
    "require_pkce",
    "basic_credentials",
    "date_header",
    "no_pro_code",
    "large_file_status",
    "file_type_status",
    "page_size_error",
    "upload_error_body",
}
SWITCHES: dict[str, Any] = {
    "ledger_post_seconds": 0,
    "ledger_booking_seconds": 0,
    "requests_per_minute": 10**6,
}
amounts = st.integers(1, 99_999).map(lambda ore: ore / 100)
picks = st.integers(0, 9)
currencies = st.sampled_from(["DKK", "DKK", "DKK", "EUR", "SEK"])
lines = st.lists(st.tuples(st.sampled_from([1000, 1010, 1050, 1150]), amounts), min_size=1, max_size=3)
steps = st.one_of(
    st.tuples(st.just("invoice"), lines, st.booleans(), currencies),
    st.tuples(st.just("pay"), picks, amounts, st.booleans()),
    st.tuples(st.just("unpay"), picks),
    st.tuples(st.just("credit"), picks),
    st.tuples(st.just("purchase"), st.sampled_from([2000, 2050, 2110]), amounts, currencies),
    st.tuples(st.just("cash"), st.sampled_from([2000, 5000]), amounts),
    st.tuples(st.just("pay_purchase"), picks, amounts, st.booleans()),
    st.tuples(st.just("unpay_purchase"), picks),
    st.tuples(st.just("credit_purchase"), picks),
    st.tuples(st.just("delete"), picks),
    st.tuples(st.just("manual"), st.sampled_from([2000, 1000, 55000]), amounts),
    st.tuples(st.just("ledger"), st.sampled_from([2000, 1000, 55000]), amounts),
    st.tuples(st.just("refused"), amounts),
)


class Shop:
    """Takes the steps. One that makes no sense (nothing to pay yet, say) is left out or refused by the sandbox."""

    def __init__(self, call: Caller) -> None:
        contact = call("POST", "/contacts", json={"Name": "Cykelbud", "CountryKey": "DK"})["ContactGuid"]
        self.call, self.keeper = call, Bookkeeper(call, contact)
        self.sold: list[str] = []
        self.sales_payments: list[tuple[str, str, str]] = []
        self.bought: list[str] = []
        self.purchase_payments: list[tuple[str, str, str]] = []
        self.currency: dict[str, str] = {}
        self.gone: list[str] = []

    def invoice(self, parts: list[tuple[int, float]], incl_vat: bool, currency: str) -> None:
        product_lines = [{"AccountNumber": account, "BaseAmountValue": amount} for account, amount in parts]
        booked = self.keeper.invoice(ProductLines=product_lines, ShowLinesInclVat=incl_vat, Currency=currency)
        self.sold.append(f"/invoices/{booked['Guid']}")
        self.currency[self.sold[-1]] = currency

    def credit(self, pick: int) -> None:
        of = picked([path for path in self.sold if path.startswith("/invoices")], pick)
        if of:
            note = self.keeper.credit_note({"Guid": of.rpartition("/")[2]})
            self.sold.append(f"/sales/creditnotes/{note['Guid']}")

    def pay(self, pick: int, amount: float, rest_is_fee: bool) -> None:
        path = picked(self.sold, pick)
        if path:
            self._pay(path, path, amount, rest_is_fee, self.sales_payments)

    def unpay(self, pick: int) -> None:
        if self.sales_payments:
            path, payment, voucher = self.sales_payments.pop(pick % len(self.sales_payments))
            self.gone.append(voucher)
            stamp = {"Timestamp": self.call("GET", path)["TimeStamp"]}
            self.call("DELETE", f"{path}/payments/{payment}", json=stamp)

    def purchase(self, account: int, amount: float, currency: str) -> None:
        parts = [{"AccountNumber": account, "Amount": amount}]
        self.bought.append(self.keeper.purchase(**CREDIT, CurrencyKey=currency, Lines=parts)["Guid"])
        self.currency[self.bought[-1]] = currency

    def cash(self, account: int, amount: float) -> None:
        self.bought.append(self.keeper.purchase(**CASH, Lines=[{"AccountNumber": account, "Amount": amount}])["Guid"])

    def pay_purchase(self, pick: int, amount: float, rest_is_fee: bool) -> None:
        guid = picked(self.bought, pick)
        if guid:
            self._pay(guid, f"/purchase-vouchers/{guid}", amount, rest_is_fee, self.purchase_payments)

    def unpay_purchase(self, pick: int) -> None:
        if self.purchase_payments:
            guid, payment, voucher = self.purchase_payments.pop(pick % len(self.purchase_payments))
            self.gone.append(voucher)
            stamp = self.call("GET", f"/vouchers/purchase/{guid}")["Timestamp"]
            self.call("DELETE", f"/purchase-vouchers/{guid}/payments/{payment}/{stamp}")

    def credit_purchase(self, pick: int) -> None:
        guid = picked(self.bought, pick)
        if guid:
            path = f"/vouchers/purchase/{guid}"
            body = {"Timestamp": {"Timestamp": self.call("GET", path)["Timestamp"]}}
            note = self.call("POST", f"{path}/generate-creditnote", json=body)
            kind = "purchase/creditnotes" if guid in self.currency else "manuel"
            self.keeper.book(f"/vouchers/{kind}/{note['Guid']}", note["TimeStamp"])

    def delete(self, pick: int) -> None:
        guid = picked(self.bought, pick)
        if guid:
            path = f"/vouchers/purchase/{guid}"
            stamp = {"Timestamp": self.call("GET", path)["Timestamp"]}
            response = self.call.raw("DELETE", path, json=stamp)
            # One with payments or a credit note stays.
            assert response.status_code == 200 or response.json()["code"] == 45
            if response.status_code == 200:
                self.bought.remove(guid)
                self.gone.append(guid)

    def manual(self, account: int, amount: float) -> None:
        self.keeper.manual(Lines=passing(account, amount))

    def ledger(self, account: int, amount: float) -> None:
        self.keeper.ledger(Lines=passing(account, amount))

    def refused(self, amount: float) -> None:
        """A booking outside the years, and one that doesn't balance: neither takes a number."""
        one_sided = [{"AccountNumber": 55000, "Amount": amount}]
        for body in ({"VoucherDate": "2031-01-01", "Lines": passing(2000, amount)}, {"Lines": one_sided}):
            made = self.call("POST", "/vouchers/manuel", json=body)
            stamp = {"Timestamp": made["Timestamp"]}
            assert self.call.code("POST", f"/vouchers/manuel/{made['Guid']}/book", json=stamp) in (42, 47)

    def _pay(self, key: str, path: str, amount: float, rest_is_fee: bool, payments: list[tuple[str, str, str]]) -> None:
        read = self.call("GET", path.replace("purchase-vouchers", "vouchers/purchase"))
        body = {
            "Timestamp": read.get("TimeStamp") or read["Timestamp"],
            "DepositAccountNumber": 55000,
            "Description": "Betaling",
            "RemainderIsFee": rest_is_fee,
            "Amount": amount,
            "AmountInForeignCurrency": amount if self.currency.get(key, "DKK") != "DKK" else None,
        }
        response = self.call.raw("POST", f"{path}/payments", json=body)
        # Cash purchases aren't paid, and a fee isn't always possible.
        assert response.status_code == 200 or response.json()["code"] in (42, 45), response.text
        if response.status_code == 200:
            paid = response.json()
            payments.append((key, paid["Guid"], paid["RelatedVoucherGuid"]))


def picked(things: list[str], pick: int) -> str | None:
    return things[pick % len(things)] if things else None


def passing(account: int, amount: float) -> list[dict[str, Any]]:
    return [{"AccountNumber": account, "BalancingAccountNumber": 55010, "Amount": amount}]


@pytest.fixture(scope="module")
def quick() -> Iterator[Sandbox]:
    with running(clock=Clock(), **SWITCHES) as sandbox:
        yield sandbox


@given(st.lists(steps, min_size=4, max_size=16))
@example([("invoice", [(1000, 99.99)], False, "EUR"), ("credit", 0), ("pay", 1, 3.0, False), ("unpay", 0)])
@example([("cash", 2000, 125.0), ("delete", 0), ("purchase", 2000, 1.0, "DKK"), ("unpay_purchase", 0)])
@example([("invoice", [(1000, 100.0)], False, "DKK"), ("pay", 0, 100.0, True), ("pay", 0, 1.0, False)])
@example([("purchase", 2000, 125.0, "DKK"), ("pay_purchase", 0, 25.0, True), ("unpay_purchase", 0), ("delete", 0)])
@example([("purchase", 2110, 33.33, "EUR"), ("credit_purchase", 0), ("pay_purchase", 0, 5.0, False), ("delete", 0)])
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_books_balance(quick: Sandbox, taken: list[tuple[Any, ...]]) -> None:
    quick.reset()
    call = Caller(quick, personal_token(quick))
    with call.session:
        shop = Shop(call)
        for name, *arguments in taken:
            getattr(shop, name)(*arguments)
        check_books(shop)


# A bit of everything: sales in two currencies, fees, credit notes, purchases, what is taken back, the ledger.
EVERYTHING: list[tuple[Any, ...]] = [
    ("invoice", [(1000, 99.99), (1010, 12.37), (1050, 0.05)], True, "DKK"),
    ("invoice", [(1000, 33.33), (1150, 12.37)], False, "EUR"),
    ("pay", 0, 100.0, True),
    ("pay", 1, 3.0, False),
    ("credit", 0),
    ("credit", 1),
    ("pay", 0, -100.0, False),
    ("unpay", 1),
    ("purchase", 2110, 33.33, "EUR"),
    ("cash", 2000, 125.0),
    ("pay_purchase", 0, 5.0, True),
    ("credit_purchase", 0),
    ("delete", 1),
    ("manual", 1000, 80.01),
    ("ledger", 1000, 80.01),
    ("refused", 1.0),
]


@pytest.mark.parametrize(("switch", "value"), [each for each in OTHER_SETTINGS if each[0] not in NO_BOOKING])
def test_books_balance_under_every_switch(switch: str, value: Any) -> None:
    with running(**{"clock": Clock(), **SWITCHES, switch: value}) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            shop = Shop(call)
            for name, *arguments in EVERYTHING:
                getattr(shop, name)(*arguments)
            check_books(shop)


def check_books(shop: Shop) -> None:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    numbers: defaultdict[bool, set[int]] = defaultdict(set)
    for entry in shop.keeper.entries():
        sums[entry["VoucherGuid"]] += Decimal(entry["Amount"])
        numbers[entry["VoucherType"] == "Sales"].add(entry["VoucherNumber"])
    assert set(sums.values()) <= {Decimal(0)}
    for found in numbers.values():
        assert sorted(found) == list(range(1, len(found) + 1))
    for voucher in shop.gone:
        assert shop.keeper.sums(voucher) == {}
    saldo = shop.keeper.report("saldo")
    assert sum(saldo.values()) == 0
    assert {**shop.keeper.report("result"), **shop.keeper.report("balance")} == saldo
    check_debtors(shop, saldo)


def check_debtors(shop: Shop, saldo: dict[str, Decimal]) -> None:
    """What customers owe by their invoices is what the books say."""
    owed = Decimal(0)
    if all(shop.currency.get(path, "DKK") == "DKK" for path in shop.sold):
        for path in shop.sold:
            version = "v2" if path.startswith("/invoices") else "v1"
            remaining = Decimal(shop.call("GET", f"{path}/payments", version=version)["RemainingAmount"])
            owed += remaining if version == "v2" else -remaining
        assert saldo.get("56000", Decimal(0)) == owed
