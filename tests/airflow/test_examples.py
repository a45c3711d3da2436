"""Every example without its own test, on a real Airflow: its effect, and that a second run does nothing more."""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pendulum
import pytest
from local import ROOT, outbox

from airflow_provider_dinero.api import DineroClient
from tests.airflow.test_watched import eventually, runs
from tests.conftest import CONTACT, line
from tests.deployment import Deployment

GROUP = "examples"
TODAY = pendulum.today("UTC")
ELSEWHERE = {
    "dinero_shop_orders": "test_shop_orders",
    "dinero_approval": "test_approval",
    "dinero_receipts_by_mail": "../servers/test_receipts_by_mail",
}


Ended = dict[tuple[str, int], dict[str, Any]]


def good(ended: Ended) -> Ended:
    assert {each["state"] for each in ended.values()} == {"success"}, {
        place: each["state"] for place, each in ended.items()
    }
    return ended


@pytest.fixture
def invoice(client: DineroClient) -> str:
    """The Guid of an invoice of 125.00 that was due a month ago."""
    contact = client.contacts.create({**CONTACT, "ExternalReference": None, "Email": "late@example.no"})
    made = client.invoices.create({
        "ContactGuid": contact["ContactGuid"],
        "Date": TODAY.subtract(days=38).to_date_string(),
        "PaymentConditionType": "Netto",
        "PaymentConditionNumberOfDays": 8,
        "ProductLines": [line()],
    })
    client.invoices.book(made["Guid"])
    return str(made["Guid"])


@pytest.fixture(scope="module")
def twice(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ended]]:
    """Two runs each of the DAGs that don't care what else there is: the first ones together, then the second ones."""
    folder = tmp_path_factory.mktemp("receipts")
    for name in ("6000_125.00_Paper.pdf", "6040_99.00_Hosting.pdf", "scan0001.pdf"):
        (folder / name).write_bytes((ROOT / "example_dags/data/receipt.pdf").read_bytes() + name.encode())
    wanted: dict[str, dict[str, Any]] = {
        "dinero_payout": {"payout": 7001},
        "dinero_receipts": {"folder": str(folder)},
        "dinero_public_einvoice": {"order": "E-77"},
    }
    ended: dict[str, list[Ended]] = {dag_id: [] for dag_id in wanted}
    for _ in range(2):
        begun = {dag_id: deployment.airflow.trigger(dag_id, **conf) for dag_id, conf in wanted.items()}
        for dag_id, run_id in begun.items():
            ended[dag_id].append(good(deployment.ended(dag_id, run_id)))
    return ended


def test_payout(deployment: Deployment, client: DineroClient, twice: dict[str, list[Ended]]) -> None:
    first, again = [run["post", -1] for run in twice["dinero_payout"]]
    assert deployment.returned(first)["Change"] == "created"
    entries = [
        each
        for each in client.entries.between(TODAY.subtract(days=1), TODAY.add(days=1))
        if each["VoucherNumber"] == 7001
    ]
    assert {each["AccountNumber"]: each["Amount"] for each in entries} == {
        55020: Decimal("-1543.13"),
        6300: Decimal("22.38"),
        55000: Decimal("1520.75"),
    }
    assert deployment.returned(again)["Change"] == "unchanged"


def test_receipts(deployment: Deployment, twice: dict[str, list[Ended]]) -> None:
    def made(ended: Ended) -> list[dict[str, Any]]:
        assert "scan0001.pdf is left out" in deployment.log(ended["receipts", -1])
        return [deployment.returned(ended["expense", index]) for index in range(2)]

    first, again = map(made, twice["dinero_receipts"])
    assert [(each["TotalInclVat"], each["Status"], each["Change"]) for each in first] == [
        ("125.00", "Draft", "created"),
        ("99.00", "Draft", "created"),
    ]
    assert [(each["Guid"], each["Change"]) for each in again] == [(each["Guid"], "unchanged") for each in first]


def test_public_einvoice(deployment: Deployment, twice: dict[str, list[Ended]]) -> None:
    told = [deployment.returned(ended["invoice", -1]) for ended in twice["dinero_public_einvoice"]]
    assert [each["Change"] for each in told] == ["created", "unchanged"]
    assert told[0]["TotalInclVat"] == "5000.00"
    (sent,) = [each for each in outbox(deployment.sandbox) if each["invoice"] == told[0]["Guid"]]
    assert (sent["channel"], sent["to"], sent["subject"]) == ("e-invoice", "GLN 5798000420007", "4500012345")


def test_dunning(deployment: Deployment, client: DineroClient, invoice: str) -> None:
    for _ in range(
        2
    ):  # and once by its schedule, when it is turned on: whoever comes later finds the reminder, or skips
        ended = deployment.run("dinero_dunning")
        assert {each["state"] for each in ended.values()} <= {"success", "skipped"}
    assert [each["IsDraft"] for each in client.reminders.list(invoice)] == [False]
    mails = [each for each in outbox(deployment.sandbox) if each["invoice"] == invoice and each["type"] == "Reminder"]
    assert [each["to"] for each in mails] == ["late@example.no"]


def test_mirror(deployment: Deployment, client: DineroClient, invoice: str) -> None:
    good(deployment.run("dinero_mirror"))
    with closing(sqlite3.connect(deployment.folder / "warehouse.db")) as database:

        def rows(what: str) -> int:
            return int(database.execute(f"SELECT count(*) FROM {what}").fetchone()[0])

        assert rows("dinero_invoices WHERE DeletedAt IS NULL") == len(list(client.invoices.list()))
        assert rows("dinero_entries") == len(list(client.entries.between("2025-01-01", TODAY.add(days=1))))
        client.invoices.delete(client.invoices.create({"ProductLines": [line()]})["Guid"])
        before = rows("dinero_invoices")
        told = {
            task: deployment.returned(each)["deleted"]
            for (task, _), each in good(deployment.run("dinero_mirror")).items()
        }
        assert (told["invoices"], rows("dinero_invoices")) == (1, before + 1)


def test_invoice_paid(deployment: Deployment, client: DineroClient, invoice: str) -> None:
    airflow = deployment.airflow
    airflow.turn_on("dinero_invoice_paid")

    def watching() -> list[Any]:
        (asset,) = airflow.call("GET", "/assets", params={"name_pattern": "dinero_paid_invoices"})["assets"]
        return list(airflow.call("GET", f"/assets/{asset['id']}/state-store")["asset_state_store"])

    eventually(watching)
    payment = {"DepositAccountNumber": 55000, "Amount": "125.00", "RemainderIsFee": False, "Description": "Bank"}
    client.invoices.add_payment(invoice, payment)
    (run,) = eventually(lambda: runs(deployment, "dinero_invoice_paid"))
    ended = good(deployment.ended("dinero_invoice_paid", run["dag_run_id"]))
    airflow.call("PATCH", "/dags/dinero_invoice_paid", json={"is_paused": True})
    assert deployment.returned(ended["ship", 0]) == invoice


def test_month_end(deployment: Deployment, client: DineroClient, invoice: str, tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        ended = good(deployment.run("dinero_month_end", archive=str(tmp_path)))
        told.append(deployment.returned(ended["documents", -1]))
    assert told[0]["new"]["invoices"] == told[0]["documents"]["invoices"] == told[1]["documents"]["invoices"] > 0
    assert told[1]["new"] == {"invoices": 0, "credit_notes": 0, "files": 0}
    assert any(invoice in each.name for each in tmp_path.rglob("*.pdf"))
    saldo = json.loads(Path(deployment.returned(ended["keep_saldo", -1])).read_text())
    assert {"AccountName", "AccountNumber", "Amount"} <= set(saldo[0])


def test_many_organizations(deployment: Deployment, invoice: str) -> None:
    ended = good(deployment.run("dinero_many_organizations"))
    owed = [deployment.returned(each) for (task, _), each in ended.items() if task == "owed"]
    assert [each["organization"] for each in owed] == [100001]  # 100002 has no Pro subscription
    assert Decimal(owed[0]["unpaid"]) >= Decimal(owed[0]["overdue"]) >= Decimal("125.00")


def test_every_example_is_run() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    for file in (ROOT / "example_dags").glob("*.py"):
        if file.stem in ELSEWHERE:
            assert file.stem in (Path(__file__).parent / f"{ELSEWHERE[file.stem]}.py").read_text()
        else:
            assert file.stem.removeprefix("dinero_") in tested
