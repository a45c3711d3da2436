"""`airflow dinero check --doubles`: items that are alike, and items that only look alike."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.conftest import CONTACT, line

Add = Callable[..., str]
PAYMENT = {"DepositAccountNumber": 55000, "Amount": "10", "RemainderIsFee": False, "Description": "Bank"}
LINES = [{"Description": "Fee", "Amount": "10", "AccountNumber": 6000, "BalancingAccountNumber": 55000}]
OWN = {"grant": "personal_integration", "organization_id": 100001}


def booked(resource: Any, body: dict[str, Any]) -> str:
    guid = str(resource.create(body)["Guid"])
    resource.book(guid)
    return guid


def busy(client: DineroClient, sandbox: Any) -> dict[str, str]:
    """Do many things once, and some of them twice; return those that were done twice."""
    day = datetime.now(UTC).date().isoformat()
    contact = client.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]
    sale = {"ContactGuid": contact, "ProductLines": [line()]}
    bought = {
        "PurchaseType": "credit", "VoucherDate": day, "PaymentDate": day, "ContactGuid": contact, "RegionKey": "DK",
        "Lines": [{"Description": "Paper", "Amount": "100", "AccountNumber": 6000}],
    }  # fmt: skip
    cash = {**bought, "PurchaseType": "cash", "DepositAccountNumber": 55000, "PaymentDate": None, "ContactGuid": None}
    booked(client.purchase_vouchers, cash)
    made = {}
    for times in (1, 2):
        invoice = made["invoice"] = booked(client.invoices, sale)
        offer = made["offer"] = str(client.trade_offers.create(sale)["Guid"])
        purchase = made["purchase"] = booked(client.purchase_vouchers, bought)
        for _ in range(times):
            client.invoices.add_payment(invoice, {**PAYMENT, "PaymentDate": day})
            client.purchase_vouchers.add_payment(purchase, {**PAYMENT, "PaymentDate": day})
            client.invoices.email(invoice)
            client.trade_offers.email(offer)
            client.files.upload(b"%PDF-1.4" + b" " * times, f"secret {times}.pdf")
            voucher = {"VoucherDate": day, "ExternalReference": f"secret {times}", "Lines": LINES}
            made["voucher"] = booked(client.manual_vouchers, voucher)
        client.invoices.add_payment(invoice, {**PAYMENT, "Amount": "11", "PaymentDate": day})
        client.invoices.email(invoice, {"Receiver": f"{times}@example.dk"})
    sandbox.forward(hours=1)
    client.invoices.email(made["invoice"])
    return made


@pytest.fixture
def client(make_client: Any) -> Any:
    return make_client(requests_per_minute=10_000)


def test_what_is_alike_is_listed_and_nothing_is_written(add: Add, airflow: Any, client: Any, sandbox: Any) -> None:
    made = busy(client, sandbox)
    before = len(sandbox.requests())
    code, out, err = airflow("dinero", "check", "--doubles", add("good", **OWN), "--json")
    asked = sandbox.requests()[before:]
    assert {each["method"] for each in asked if each["organization"]} == {"GET"}
    assert code == 1
    found = {(each["what"], each["of"].partition(" ")[0]): each for each in json.loads(out)}
    assert set(found) == {
        ("payments", "invoice"), ("payments", "purchase"), ("mail-outs", "invoice"), ("mail-outs", "trade"),
        ("files", ""), ("manual vouchers", ""),
    }  # fmt: skip
    assert {len(each["each"]) for each in found.values()} == {2}
    assert made["invoice"] in found["payments", "invoice"]["of"]
    assert found["payments", "invoice"]["alike"].startswith("10.00 DKK on 20")
    assert made["purchase"] in found["payments", "purchase"]["of"]
    assert made["offer"] in found["mail-outs", "trade"]["of"]
    assert made["voucher"] in found["manual vouchers", ""]["each"][1]
    assert not any(secret in out for secret in ("secret", "Bj", "example", "Bank", "Paper"))
    assert f" takes {len(asked)} requests, " in err


def test_where_nothing_is_alike_that_is_said(add: Add, airflow: Any, sandbox: Any) -> None:
    code, out, err = airflow("dinero", "check", "--doubles", add("good", **OWN), "--since", "2026-01-01")
    assert (code, err) == (0, "")
    first, last = out.splitlines()
    assert first.startswith("Checking changes since 2026-01-01 takes ")
    assert first.endswith(": 1 minute. Nothing is written.")
    assert last == "No possible duplicates were found."


def test_it_is_said_first_what_it_takes(add: Add, airflow: Any, client: Any, sandbox: Any) -> None:
    busy(client, sandbox)
    code, out, _ = airflow("dinero", "check", "--doubles", add("good", **OWN))
    lines = out.splitlines()
    assert code == 1
    assert " requests, " in lines[0]
    assert lines[1].strip().startswith("payments  invoice ")
    assert lines[-1] == "Check in Dinero whether they are duplicates."


def test_a_day_that_is_none_is_told(add: Add, airflow: Any) -> None:
    code, _, err = airflow("dinero", "check", "--doubles", add("good", **OWN), "--since", "soon")
    assert (code, "--since: 'soon' is not a date" in err) == (1, True)
