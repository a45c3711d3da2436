from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

from .bookkeeper import CASH, YEAR, Bookkeeper
from .conftest import Caller, Clock, Draft, line, personal_token


@pytest.fixture
def keeper(call: Caller, contact: str) -> Bookkeeper:
    return Bookkeeper(call, contact)


def capital(keeper: Bookkeeper, day: str, amount: int = 100) -> dict[str, str]:
    lines = [{"AccountNumber": 55000, "BalancingAccountNumber": 60000, "Amount": amount}]
    return keeper.manual(VoucherDate=day, Lines=lines)


def test_accounting_years(call: Caller, keeper: Bookkeeper) -> None:
    years = call("GET", "/accountingyears")
    assert [year["Name"] for year in years] == ["2025", "2026"]
    assert years[1] == {
        "Name": "2026",
        "FromDate": "2026-01-01",
        "ToDate": "2026-12-31",
        "SalarySumTaxStateEnum": "None",
    }
    for day in ("2024-12-31", "2028-01-01"):
        created = call("POST", "/vouchers/manuel", json={"VoucherDate": day})
        body = {"Timestamp": created["Timestamp"], "Lines": [], "VoucherDate": day}
        one = f"/vouchers/manuel/{created['Guid']}"
        lines = [{"AccountNumber": 55000, "BalancingAccountNumber": 60000, "Amount": 1}]
        created = call("PUT", one, json={**body, "Lines": lines})
        assert call.code("POST", f"{one}/book", json={"Timestamp": created["Timestamp"]}) == 47
    assert len(call("GET", "/accountingyears")) == 2
    # Booking into the next one creates it, and then the one after that is the next.
    capital(keeper, "2027-12-31")
    assert [year["Name"] for year in call("GET", "/accountingyears")] == ["2025", "2026", "2027"]
    capital(keeper, "2028-01-01")
    assert call.code("GET", "/2029/reports/saldo") == 47


def test_no_year_no_invoice(call: Caller, draft: Draft) -> None:
    created = draft(Date="2024-06-01")
    path = f"/invoices/{created['Guid']}"
    assert call.code("POST", f"{path}/book", json={"Timestamp": created["TimeStamp"]}) == 47
    assert call("GET", path)["Status"] == "Draft"
    assert call("GET", "/entries", params=YEAR) == []


def test_create_current_year(clock: Clock) -> None:
    with running(clock=clock) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            assert call.code("POST", "/accountingyears/create-current-year") == 81
            clock.forward(days=365)
            call.session.headers["Authorization"] = f"Bearer {personal_token(sandbox)}"
            assert call("POST", "/accountingyears/create-current-year") is None
            assert [year["Name"] for year in call("GET", "/accountingyears")] == ["2025", "2026", "2027"]


def test_entries_of_an_invoice(call: Caller, contact: str, booked: Draft) -> None:
    invoice = booked(line(100))
    debtor, sale, vat = call("GET", "/entries", params=YEAR)
    assert len({each.pop("EntryGuid") for each in (debtor, sale, vat)}) == 3
    common = {
        "Date": "2026-03-10",
        "VoucherNumber": 1,
        "VoucherGuid": invoice["Guid"],
        "FileGuid": None,
        "VoucherType": "Sales",
        "Description": "Faktura",
        "ContactGuid": contact,
        "Type": "Normal",
    }
    plain, u25 = {"VatType": None, "VatCode": None}, {"VatType": "Salgsmoms", "VatCode": "U25"}
    receivables = {"AccountNumber": 56000, "AccountName": "Tilgodehavender fra salg"}
    assert debtor == {**common, **plain, **receivables, "Amount": Decimal("125.00")}
    sales = {"AccountNumber": 1000, "AccountName": "Salg af varer/ydelser m/moms"}
    assert sale == {**common, **u25, **sales, "Amount": Decimal("-100.00")}
    assert vat == {**common, **u25, "AccountNumber": 64000, "AccountName": "Salgsmoms", "Amount": Decimal("-25.00")}


def test_a_document_of_many_rates_balances(keeper: Bookkeeper) -> None:
    # Three currencies' worth of rounding: 0.35 EUR + VAT at 7.46, on three accounts.
    lines = [{"AccountNumber": account, "BaseAmountValue": 0.35} for account in (1000, 1010, 1050, 1150)]
    invoice = keeper.invoice(ProductLines=lines, Currency="EUR")
    sums = keeper.sums(invoice["Guid"])
    assert len(sums) == 6
    assert sum(sums.values()) == 0
    # 0.70 at 25% is 0.175 = 0.18, 0.35 at 5% is 0.0175 = 0.02; 1.60 EUR in all = 11.936 = 11.94 DKK.
    assert sums["56000"] == Decimal("11.94")


def test_entries_lie_in_one_year(call: Caller) -> None:
    codes = {
        ("2025-12-31", "2026-01-01"): 82,
        ("2026-03-02", "2026-03-01"): 83,
        ("2020-01-01", "2020-02-01"): 82,
        ("2026-3-1", "2026-03-02"): 44,
    }
    for (first, last), code in codes.items():
        assert call.code("GET", "/entries", params={"fromDate": first, "toDate": last}) == code
    assert call("GET", "/entries", params={"fromDate": "2026-03-10T00:00:00Z", "toDate": "2026-03-10T23:59:59Z"}) == []


def test_entries_of_a_period_and_primo(call: Caller, keeper: Bookkeeper) -> None:
    lines = [{"AccountNumber": 5000, "BalancingAccountNumber": 55000, "Amount": 30}]
    for day in ("2025-12-31", "2026-01-01", "2026-02-01"):
        keeper.manual(VoucherDate=day, Lines=lines)
    found = call("GET", "/entries", params={"fromDate": "2026-01-01", "toDate": "2026-01-31"})
    assert [(each["Type"], each["AccountNumber"], each["Amount"]) for each in found] == [
        # Last year's rent is in the retained earnings.
        ("Primo", 55000, Decimal("-30.00")),
        ("Primo", 60010, Decimal("30.00")),
        ("Normal", 5000, Decimal("30.00")),
        ("Normal", 55000, Decimal("-30.00")),
    ]
    assert found[0]["Date"] == "2026-01-01"
    primo = {each["EntryGuid"] for each in found if each["Type"] == "Primo"}
    capital(keeper, "2025-06-01")
    again = call("GET", "/entries", params=YEAR)
    assert primo < {each["EntryGuid"] for each in again if each["Type"] == "Primo"}
    without = call("GET", "/entries", params={**YEAR, "includePrimo": "false"})
    assert {each["Type"] for each in without} == {"Normal"}
    later = call("GET", "/entries", params={"fromDate": "2026-01-02", "toDate": "2026-12-31"})
    assert [each["Date"] for each in later] == ["2026-02-01"] * 2
    assert keeper.report("primo") == {
        "55000": Decimal("70.00"),
        "60000": Decimal("-100.00"),
        "60010": Decimal("30.00"),
    }
    assert keeper.report("saldo") == {
        "5000": Decimal("60.00"),
        "55000": Decimal("10.00"),
        "60000": Decimal("-100.00"),
        "60010": Decimal("30.00"),
    }


def test_changes_by_when_entries_were_added(call: Caller, clock: Clock, keeper: Bookkeeper) -> None:
    capital(keeper, "2026-01-15")
    clock.forward(minutes=1)
    capital(keeper, "2025-01-15", 7)

    def changes(start: str, end: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = call("GET", "/entries/changes", params={"changesFrom": start, "changesTo": end})
        return found

    first = changes("2026-03-10T12:00:00Z", "2026-03-10T12:00:59Z")
    assert [each["Date"] for each in first] == ["2026-01-15"] * 2
    # Booked into last year: this year opens with other amounts.
    second = changes("2026-03-10T12:01:00", "2026-03-10T13:01:00+01:00")
    assert [(each["Date"], each["Type"], each["Amount"]) for each in second] == [
        ("2025-01-15", "Normal", Decimal("7.00")),
        ("2025-01-15", "Normal", Decimal("-7.00")),
        ("2026-01-01", "Primo", Decimal("7.00")),
        ("2026-01-01", "Primo", Decimal("-7.00")),
    ]
    # Without edges: the 31 days until now.
    assert len(call("GET", "/entries/changes", params={"includePrimo": "false"})) == 4
    for start, end, code in (
        ("2026-02-01", "2026-03-05", 84),
        ("2026-03-02", "2026-03-01", 83),
        ("yesterday", "2026-03-01", 44),
    ):
        assert call.code("GET", "/entries/changes", params={"changesFrom": start, "changesTo": end}) == code
    assert changes("2026-02-01", "2026-03-04") == []


def test_reports(call: Caller, keeper: Bookkeeper) -> None:
    capital(keeper, "2026-03-01")
    keeper.invoice(ProductLines=[{"AccountNumber": 1000, "BaseAmountValue": 80}])
    rows = call("GET", "/2026/reports/saldo", params={"showZeroAccount": "true", "includeSummaryAccount": "false"})
    assert len(rows) == len(call("GET", "/accounts/entry"))
    assert sum(row["Amount"] for row in rows) == 0
    assert keeper.report("result", summaries=True) == {"1000": Decimal("-80.00"), "9999": Decimal("-80.00")}
    balance = keeper.report("balance", summaries=True)
    assert (balance["58999"], balance["69999"]) == (Decimal("200.00"), Decimal("-200.00"))
    # Next year exists once something is booked into it; it opens with this year's result.
    capital(keeper, "2027-01-01")
    assert keeper.report("primo", "2027") == {
        "55000": Decimal("100.00"),
        "56000": Decimal("100.00"),
        "60000": Decimal("-100.00"),
        "60010": Decimal("-80.00"),
        "64000": Decimal("-20.00"),
    }


def test_a_report_with_the_ledger(call: Caller, keeper: Bookkeeper) -> None:
    lines = [{"AccountNumber": 6020, "BalancingAccountNumber": 55000, "Amount": 50}]
    call("POST", "/ledgeritems", version="v1.2", json=[{"VoucherDate": "2026-03-10", "Lines": lines}])
    assert keeper.report("saldo") == {}
    query = {"includeLedgerEntries": "true", "includeSummaryAccount": "false"}
    rows = call("GET", "/2026/reports/saldo", params=query)
    assert {row["AccountNumber"]: str(row["Amount"]) for row in rows} == {
        6020: "40.00",
        64060: "10.00",
        55000: "-50.00",
    }


def test_vat_types(call: Caller) -> None:
    rates = {kind["VatCode"]: kind["VatRate"] for kind in call("GET", "/vatTypes")}
    assert (rates["U25"], rates["I25"]) == (Decimal("0.25"), Decimal("0.25"))
    assert set(rates) == {"U25", "UVC", "KUNS", "I25", "IEUV", "IEUY", "IVV", "IVY"}


def test_contacts_become_debtor_and_creditor(call: Caller, contact: str, keeper: Bookkeeper) -> None:
    def roles() -> tuple[bool, bool]:
        read = call("GET", f"/contacts/{contact}")
        return read["IsDebitor"], read["IsCreditor"]

    assert roles() == (False, False)
    keeper.invoice(ProductLines=[{"AccountNumber": 1000, "BaseAmountValue": 80}])
    assert roles() == (True, False)
    purchase = {"PurchaseType": "credit", "PaymentDate": "2026-03-31"}
    keeper.purchase(**purchase, Lines=[{"AccountNumber": 2000, "Amount": 1}])
    assert roles() == (True, True)


@pytest.mark.parametrize("incl", [False, True])
def test_vat_of_a_sale_goes_by_the_vat_code_of_each_account(keeper: Bookkeeper, incl: bool) -> None:
    # 1000 has U25, 2000 I25: the same rate, but other accounts for the VAT. Each line bears 0.13.
    lines = [{"AccountNumber": account, "BaseAmountValue": 0.5 if not incl else 0.63} for account in (1000, 2000, 1000)]
    sums = keeper.sums(keeper.invoice(ProductLines=lines, ShowLinesInclVat=incl)["Guid"])
    owed = Decimal("1.89")
    assert sums["56000"] == owed
    assert sums["64060"] == Decimal("-0.13")
    assert sums["64000"] == Decimal("-0.26")
    assert sum(sums.values()) == 0


@pytest.mark.parametrize(
    ("path", "version", "body"),
    [
        ("/vouchers/manuel", "v1", {}),
        ("/vouchers/purchase", "v1.2", CASH),
        ("/vouchers/purchase/fetch", "v1", CASH),
        ("/vouchers/purchase/creditnotes", "v1", {}),
    ],
)
def test_totals_that_no_book_holds_are_refused(call: Caller, path: str, version: str, body: dict[str, Any]) -> None:
    # 10**19 øre would be beyond 64 bits.
    lines = [{"AccountNumber": 2000, "BalancingAccountNumber": 55000, "Amount": 10**12}] * 100_000
    answer = call("POST", path, 400, version=version, json={**body, "Lines": lines})
    assert set(answer["validationErrors"]) == {"Lines"}


def test_totals_of_sales_and_ledger_that_no_book_holds_are_refused(call: Caller) -> None:
    largest = line(10**12, Quantity=10**12)
    # The second line cancels the first, but on another account.
    for more in ([], [line(-(10**12), 2000, Quantity=10**12)]):
        assert call.code("POST", "/invoices", json={"ProductLines": [largest, *more]}) == 42
    lines = [{"AccountNumber": 60000, "BalancingAccountNumber": 55000, "Amount": 10**12}] * 2
    body = [{"VoucherDate": "2026-03-10", "Lines": lines}]
    assert call.code("POST", "/ledgeritems", version="v1.2", json=body) == 42
