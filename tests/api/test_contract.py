"""Every operation of the document is called, and every request is in the document."""

import json
import shutil
import subprocess
import sys

import pytest

from airflow_provider_dinero.api.__main__ import operations
from tests.api.calls import CALLS, wrong
from tests.contract import OPERATIONS

# Their newer versions are called.
SUPERSEDED = {
    "PUT /v1/{organizationId}/contacts/{guid}",
    "POST /v1.1/{organizationId}/vouchers/purchase",
    "PUT /v1/{organizationId}/vouchers/purchase/{guid}",
}


def test_each_operation_is_a_method() -> None:
    document = {f"{method} {path}" for method, path in OPERATIONS}
    ours = [str(each) for each in operations().values()]
    assert len(ours) == 133
    assert set(ours) == document - SUPERSEDED
    assert len(set(ours)) == 133


def test_all_requests_are_as_the_document_says() -> None:
    assert set(CALLS) == set(operations())
    assert wrong(list(CALLS)) == []


# Mistakes in the client: the file, what it says, what it says by mistake, and the call that must show it.
MISTAKES = [
    (
        "resources/invoices.py",
        '"/v1.2/{organizationId}/invoices/{guid}"',
        '"/v1.1/{organizationId}/invoices/{guid}"',
        "invoices.update",
    ),
    ("resources/invoices.py", "/generate-creditnote", "/generate-credit-note", "invoices.generate_credit_note"),
    ("resources/invoices.py", '"paymentGuid": payment_guid', '"paymentGuid": guid[:8]', "invoices.delete_payment"),
    ("resources/invoices.py", '"POST",\n    "/v3/', '"PUT", "/v3/', "invoices.send_e_invoice"),
    ("resources/invoices.py", "includeSms=", "includeSMS=", "invoices.mailouts"),
    ("resources/sales.py", "freeTextSearch=", "freetextSearch=", "sales.list"),
    ("resources/sales.py", '",".join(as_list(status))', '";".join(as_list(status))', "invoices.list"),
    ("resources/base.py", '"deletedOnly": "true"', '"deletedOnly": "yes"', "contacts.list"),
    ("resources/base.py", '"pageSize": str(', '"pagesize": str(', "products.list"),
    ("lists/changes.py", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "trade_offers.list"),
    ("resources/credit_notes.py", "/e-creditNote", "/e-creditnote", "credit_notes.send_e_credit_note"),
    ("resources/reminders.py", "_ALL}/next", "_ALL}/nxt", "reminders.next"),
    (
        "resources/purchase_vouchers.py",
        '{"Timestamp": {"Timestamp": timestamp or self._latest(guid)}}',
        '{"Timestamp": timestamp or self._latest(guid)}',
        "purchase_vouchers.generate_credit_note",
    ),
    (
        "resources/purchase_vouchers.py",
        "/{{paymentId}}/{{timestamp}}",
        "/{{paymentId}}",
        "purchase_vouchers.delete_payment",
    ),
    ("resources/ledger_items.py", '_ALL}/delete"', '_ALL}"', "ledger_items.delete"),
    ("resources/sms.py", "/send-sms", "/sms", "sms.send"),
    ("resources/payments.py", 'wanted["ExternalReference"]', 'wanted["Reference"]', "invoices.add_payment"),
    ("resources/files.py", '.replace("-", "/")', "", "files.list"),
    ("http/uploads.py", 'RequestField("file"', 'RequestField("files"', "files.upload"),
    ("resources/entries.py", "changesFrom=", "changedFrom=", "entries.changes"),
    ("bodies/models.py", "    ReceiverEanNumber: str", "    EanNumber: str", "reminders.send_e_reminder"),
]


# Runs calls on copies of the client, each in a process of its own, which finds imported what isn't ours.
EACH = """
import json, os, sys
from tests.api.calls import wrong

assert wrong(["invoices.create"]) == []
for name in [each for each in sys.modules if each.startswith(("airflow_provider_dinero", "tests"))]:
    del sys.modules[name]
for folder, call in json.load(sys.stdin):
    if not os.fork():
        sys.path.insert(0, folder)
        from tests.api.calls import wrong
        sys.exit(print(wrong([call])))
    os.wait()
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is wrong with the call of each mistake, on a copy of the client that has this mistake, by the copy."""
    runs = []
    for file, right, mistake, call in MISTAKES:
        folder = tmp_path_factory.mktemp("mistake")
        copy = folder / "airflow_provider_dinero"
        shutil.copytree("airflow_provider_dinero", copy, ignore=shutil.ignore_patterns("sandbox"))
        source = (copy / "api" / file).read_text()
        assert right in source
        (copy / "api" / file).write_text(source.replace(right, mistake))
        runs.append([str(folder), call])
    command = [sys.executable, "-c", EACH]
    ended = subprocess.run(command, input=json.dumps(runs), capture_output=True, text=True, check=False)
    lines = ended.stdout.splitlines()
    assert len(lines) == len(MISTAKES), ended
    return dict(zip(map(str, MISTAKES), lines, strict=True))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[-1])
def test_a_mistake_is_seen(told: dict[str, str], mistake: tuple[str, str, str, str]) -> None:
    """The control: the same calls on a copy of the client that has one mistake."""
    assert f"{mistake[-1]}: " in told[str(mistake)]
