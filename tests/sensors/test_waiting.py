"""Sensors that wait: in the worker and in the triggerer."""

import json
import os
import re
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, contains, eq
from airflow_provider_dinero.api.ports import MemoryTokenStore
from airflow_provider_dinero.sandbox.server import running
from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from airflow_provider_dinero.sensors.states import DineroInvoiceStatusSensor, DineroLedgerBookedSensor
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench, Instance

FOR_EVER = "2020-01-01T00:00:00Z"
MODES: list[dict[str, Any]] = [{}, {"deferrable": True}]
BANK = {"DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "Bank", "PaymentDate": "2026-01-09"}


def waits(bench: Bench, sensor: Any, **arguments: Any) -> Instance:
    return bench.one(sensor, **{"poke_interval": 0.2, "timeout": 20, **arguments})


def booked(beside: DineroClient, **changes: Any) -> dict[str, Any]:
    contact = beside.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]
    made = beside.invoices.create({"ContactGuid": contact, "ProductLines": [line()], "Date": "2026-01-02", **changes})
    return beside.invoices.book(made["Guid"], timestamp=made["TimeStamp"])


def pay(beside: DineroClient, invoice: dict[str, Any], amount: str = "125.00") -> None:
    beside.invoices.add_payment(invoice["Guid"], {**BANK, "Amount": amount})


@pytest.mark.usefixtures("at_once")
def test_a_change_that_comes_later(bench: Bench, beside: DineroClient) -> None:
    """The task that the trigger resumes stores the watermark, and earlier changes aren't reported."""
    beside.contacts.create(CONTACT)
    made: list[str] = []

    def change() -> None:
        made.append(beside.contacts.create({**CONTACT, "ExternalReference": "later"})["ContactGuid"])

    bench.while_deferred = change
    with bench.dag() as dag:
        DineroChangesSensor(task_id="it", resource="contacts", poke_interval=0.2, timeout=20, deferrable=True)
    for _ in range(2):
        told = bench.run(dag)["it"]
        assert (told.state, told.returned["created"]) == ("success", made[-1:]), told.log
        assert told.returned["count"] == 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", MODES)
def test_only_what_is_wanted_is_told(bench: Bench, beside: DineroClient, mode: dict[str, Any]) -> None:
    def change() -> None:
        for name in ("Alpha ApS", "Beta ApS", "alpha (old)"):
            beside.contacts.create({**CONTACT, "Name": name, "ExternalReference": name})

    bench.while_deferred = change
    if not mode:
        change()
    told = waits(
        bench,
        DineroChangesSensor,
        resource="contacts",
        changes_since=FOR_EVER,
        filters=[contains("Name", "ALPHA")],
        **mode,
    )
    assert told.returned["count"] == 2
    told = waits(
        bench,
        DineroChangesSensor,
        resource="contacts",
        changes_since=FOR_EVER,
        filters=[eq("Name", "beta aps")],
        **mode,
    )
    assert told.returned["count"] >= 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", MODES)
def test_paid_invoices_only(bench: Bench, beside: DineroClient, mode: dict[str, Any]) -> None:
    first, second = booked(beside), booked(beside)
    bench.while_deferred = lambda: pay(beside, second)
    if not mode:
        pay(beside, second)
    told = waits(bench, DineroChangesSensor, changes_since=FOR_EVER, status="Paid", **mode)
    assert told.returned["created"] == [second["Guid"]]
    assert first["Guid"] not in str(told.returned)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"status": "Payed"}, "no status 'Payed'.*They have: Draft, Booked, Paid"),
        ({"resource": "contacts", "status": "Paid"}, "no status 'Paid'.*They have: none"),
        ({"filters": [eq("Number", 1)]}, "can't be filtered by Number"),
        ({"resource": "invoice"}, "You can't follow the changes of 'invoice'.*invoices"),
        ({"changes_since": "yesterday"}, "not an ISO 8601 instant"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_what_can_not_be_waited_for_fails_at_once(bench: Bench, arguments: Any, told: str, mode: Any) -> None:
    found = waits(bench, DineroChangesSensor, **{"changes_since": FOR_EVER, "retries": 2, **arguments}, **mode)
    assert (found.state, len(found.errors)) == ("failed", 1)
    assert re.search(told, found.error, re.DOTALL)
    assert not [each for each in bench.sandbox.requests() if "token" not in each["path"]]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_comes(bench: Bench, mode: dict[str, Any]) -> None:
    told = waits(bench, DineroChangesSensor, changes_since="2099-01-01T00:00:00Z", timeout=1, retries=2, **mode)
    assert told.state == "failed"
    assert len(told.errors) == 1
    assert type(told.errors[0]).__name__ == "AirflowSensorTimeout"


@pytest.mark.usefixtures("at_once", "hurried")
def test_while_dinero_can_not_be_reached_it_waits(bench: Bench, beside: DineroClient) -> None:
    def change() -> None:
        beside.contacts.create(CONTACT)
        bench.sandbox.fault("status", status=503, path="/v2/*/contacts", times=8)

    bench.while_deferred = change
    told = waits(bench, DineroChangesSensor, resource="contacts", changes_since=FOR_EVER, deferrable=True)
    assert (told.state, told.returned["count"]) == ("success", 1)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("many", [1, 12])
def test_invoices_are_paid(bench: Bench, beside: DineroClient, mode: dict[str, Any], many: int) -> None:
    invoices = [booked(beside) for _ in range(many)]

    def change() -> None:
        for invoice in invoices:
            pay(beside, invoice)

    bench.while_deferred = change
    if not mode:
        change()
    told = waits(bench, DineroInvoiceStatusSensor, invoices=[*invoices, invoices[0]["Guid"].upper()], **mode)
    assert told.state == "success", told.log
    assert told.returned["count"] == many
    assert {each["Guid"] for each in told.returned["Invoices"]} == {each["Guid"] for each in invoices}
    assert {each["Status"] for each in told.returned["Invoices"]} == {"Paid"}


@pytest.mark.parametrize("bumps", [frozenset(), None])
@pytest.mark.parametrize(
    ("until", "change"),
    [
        ("Booked", lambda c, i: None),
        ("Paid", pay),
        ("Paid", lambda c, i: pay(c, i, "200.00")),
        ("OverPaid", lambda c, i: pay(c, i, "200.00")),
        ("Sent", lambda c, i: c.invoices.email(i["Guid"])),
        (["Overdue", "Paid"], lambda c, i: None),
        ("Deleted", lambda c, i: None),
    ],
)
def test_a_status_is_seen_whatever_moves_updated_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, bumps: Any, until: Any, change: Any
) -> None:
    settings = {} if bumps is None else {"updated_at_bumped_by": bumps}
    with running(requests_per_minute=10_000, **settings) as box:
        made = box.connection()
        made["extra"].update(json.loads(os.environ["AIRFLOW_CONN_DINERO_DEFAULT"])["extra"])
        made["extra"]["auth_url"] = box.url
        monkeypatch.setenv("AIRFLOW_CONN_DINERO_DEFAULT", json.dumps(made))
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", box.url)
        client = DineroClient(100001, grant, base_url=box.url, token_store=MemoryTokenStore(), requests_per_minute=9999)
        if until == "Deleted":
            invoice = client.invoices.create({"ProductLines": [line()]})
            client.invoices.delete(invoice["Guid"], timestamp=invoice["TimeStamp"])
        else:
            invoice = booked(client)
            change(client, invoice)
        told = waits(bench, DineroInvoiceStatusSensor, invoices=invoice, until=until, timeout=1)
        assert told.state == "success", told.log
        waiting = waits(bench, DineroInvoiceStatusSensor, invoices=invoice["Guid"], until="SeenByCustomer", timeout=0)
        assert waiting.state == "failed"
        client.close()


def test_few_requests_for_many_invoices(bench: Bench, beside: DineroClient) -> None:
    bench.sandbox.seed(contacts=1, invoices=1500)
    guids = [row["Guid"] for row in beside.invoices.list(fields=["Guid"])]
    before = len(bench.sandbox.requests())
    told = waits(bench, DineroInvoiceStatusSensor, invoices=guids, until=["Draft", "Booked"], timeout=1)
    assert told.returned["count"] == 1500
    assert len(told.returned["Invoices"]) == 1000
    reads = [each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]
    assert len(reads) <= 4


@pytest.mark.parametrize("many", [1, 12])
def test_an_invoice_that_is_deleted_is_an_error(bench: Bench, beside: DineroClient, many: int) -> None:
    invoices = [beside.invoices.create({"ProductLines": [line()]}) for _ in range(many)]
    beside.invoices.delete(invoices[-1]["Guid"], timestamp=invoices[-1]["TimeStamp"])
    told = waits(bench, DineroInvoiceStatusSensor, invoices=invoices, until="Draft", retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert f"1 of the invoices are deleted or unknown: {invoices[-1]['Guid']}" in told.error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"invoices": []}, "each must have a Guid"),
        ({"invoices": [{"Id": 1}]}, "each must have a Guid"),
        ({"invoices": "x", "until": "Payed"}, "no status 'Payed'"),
    ],
)
def test_what_is_no_invoice_or_status_is_refused(bench: Bench, arguments: dict[str, Any], told: str) -> None:
    found = waits(bench, DineroInvoiceStatusSensor, **arguments, retries=1)
    assert (found.state, len(found.errors)) == ("failed", 1)
    assert told in found.error


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", MODES)
def test_ledger_items_are_booked(bench: Bench, beside: DineroClient, mode: dict[str, Any]) -> None:
    entry = {
        "Description": "Kontingent", "Amount": "100.00", "AccountNumber": 55000, "BalancingAccountNumber": 1000,
        "BalancingAccountVatCode": "none",
    }  # fmt: skip
    (made,) = beside.ledger_items.create([{"VoucherNumber": 701, "VoucherDate": "2026-01-02", "Lines": [entry]}])
    bench.while_deferred = lambda: beside.ledger_items.book([made])
    if not mode:
        beside.ledger_items.book([made])
    told = waits(bench, DineroLedgerBookedSensor, items={"Items": [made]}, **mode)
    assert told.returned["LedgerItems"] == [{"Id": made["Id"], "VoucherNumber": 701, "Status": "Booked"}]
    unknown = made["Id"][:-4] + "0000"
    told = waits(bench, DineroLedgerBookedSensor, items=[made["Id"], unknown])
    assert f"1 of the ledger items are deleted or unknown: {unknown}" in told.error


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", [*MODES, {"mode": "reschedule"}])
def test_soft_fail_skips_what_does_not_come_in_time(bench: Bench, mode: dict[str, Any]) -> None:
    told = waits(bench, DineroChangesSensor, changes_since="2099-01-01T00:00:00Z", timeout=0, soft_fail=True, **mode)
    assert (told.state, told.errors) == ("skipped", []), told.log


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("option", ["soft_fail", "never_fail"])
@pytest.mark.parametrize(
    ("mode", "while_deferred"),
    [({}, False), ({"mode": "reschedule"}, False), *[({"deferrable": True}, when) for when in (False, True)]],
)
def test_what_waiting_can_not_cure_is_told(
    bench: Bench, mode: dict[str, Any], while_deferred: bool, option: str
) -> None:
    """`never_fail` skips it, as it says, and `soft_fail` doesn't."""

    def revoke() -> None:
        bench.sandbox.fault("status", status=403, path="/v1/**", body={"message": "The key was revoked."})

    if while_deferred:
        bench.while_deferred = revoke
    else:
        revoke()
    told = waits(bench, DineroChangesSensor, changes_since=FOR_EVER, retries=2, **{option: True}, **mode)
    assert (told.state, len(told.errors)) == (("failed", 1) if option == "soft_fail" else ("skipped", 0)), told.log
    lines = [line for line in told.log.splitlines() if "The key was revoked." in line]
    assert lines
    assert bool(told.deferrals) is while_deferred
    if told.errors:
        assert told.error.splitlines()[-1].startswith("Check organization_id")
