"""What tests use besides the API: clock, seed, state, the Date header, many clients at once."""

from __future__ import annotations

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_dinero.sandbox.server import Sandbox, running

from .conftest import START, Caller, Clock, Draft, personal_token


def test_time_moves_ahead_and_with_it_tokens_invoices_and_limits(call: Caller, booked: Draft) -> None:
    invoice = booked()
    assert call.sandbox.now() == START
    call.sandbox.forward(days=8)
    call.session.headers["Authorization"] = f"Bearer {personal_token(call.sandbox)}"
    assert call("GET", f"/invoices/{invoice['Guid']}")["PaymentStatus"] == "Booked"
    moved = call.sandbox.forward(hours=24)
    assert (moved - START).days == 9
    assert call.raw("GET", "/contacts").status_code == 401
    call.session.headers["Authorization"] = f"Bearer {personal_token(call.sandbox)}"
    assert call("GET", f"/invoices/{invoice['Guid']}")["PaymentStatus"] == "Overdue"
    call.sandbox.reset()
    assert call.sandbox.now() == START


def test_waiting_out_the_limit_is_a_matter_of_the_clock() -> None:
    with running(requests_per_minute=1) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            call("GET", "/contacts")
            wait = call.raw("GET", "/contacts").headers["Retry-After"]
            sandbox.forward(seconds=float(wait))
            call("GET", "/contacts")


@pytest.mark.parametrize("delta", [{"days": -1}, {"days": 10**9}, {"weeks": 1}, {"days": 10**7}])
def test_senseless_time_is_refused(call: Caller, delta: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        call.sandbox.forward(**delta)
    assert call.sandbox.now() == START


def test_moved_clock_survives_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "dinero.db")
    with running(state=state, clock=Clock()) as sandbox:
        moved = sandbox.forward(days=3)
    with running(state=state, clock=Clock()) as sandbox:
        assert sandbox.now() == moved


def test_date_header_follows_the_clock_once(call: Caller) -> None:
    call.sandbox.forward(hours=1)
    for path in ("/v1/100001/contacts", "/nothing", "/"):
        dates = requests.get(call.sandbox.url + path, timeout=10).raw.headers.getlist("Date")
        assert [parsedate_to_datetime(date).hour for date in dates] == [START.hour + 1]


def test_date_header_can_be_left_out() -> None:
    with running(date_header=False) as sandbox:
        assert "Date" not in requests.get(f"{sandbox.url}/_sandbox/health", timeout=10).headers


def test_seed_is_as_if_clients_had_sent_it(call: Caller) -> None:
    call.sandbox.seed(contacts=3, invoices=100, entries=81)
    state = call.sandbox.state()
    assert (state["contacts"], state["invoices"], state["vouchers"]) == (3, 100, 41)
    rows = call("GET", "/invoices", params={"pageSize": 1000, "fields": "Guid,Number,Status", "sortOrder": "ascending"})
    drafts = [row for row in rows["Collection"] if row["Status"] == "Draft"]
    numbers = [row["Number"] for row in rows["Collection"] if row["Status"] != "Draft"]
    assert 5 <= len(drafts) <= 20
    assert numbers == list(range(1, len(numbers) + 1))
    saldo = call("GET", "/2026/reports/saldo", params={"includeSummaryAccount": "false"})
    assert sum(Decimal(row["Amount"]) for row in saldo) == 0
    assert saldo
    guid = next(row["Guid"] for row in rows["Collection"] if row["Status"] != "Draft")
    version = call("GET", f"/invoices/{guid}")["TimeStamp"]
    assert call("POST", f"/invoices/{guid}/email", json={"Timestamp": version})["Recipients"]
    entry = call("GET", "/entries", params={"fromDate": "2026-03-10", "toDate": "2026-03-10"})[-1]
    assert call("GET", f"/vouchers/manuel/{entry['VoucherGuid']}")["VoucherNumber"] == entry["VoucherNumber"] == 41


def test_seeded_numbers_go_on_where_they_stopped(call: Caller, booked: Draft) -> None:
    for _ in range(2):
        call.sandbox.seed(invoices=2, entries=4)
    assert booked()["Number"] == 5


def test_seed_without_contacts_brings_one(call: Caller) -> None:
    assert call.sandbox.seed(invoices=1)["invoices"] == 1
    assert call.sandbox.state()["contacts"] == 1


@pytest.mark.parametrize("wrong", [{"organization": 1}, {"invoices": -1}, {"invoice": 1}, {"contacts": 10**9}])
def test_senseless_seed_is_refused(call: Caller, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        call.sandbox.seed(**wrong)


@pytest.mark.parametrize("query", ["", "sortOrder=ascending", "sort=Contact,VoucherDate", "sort=Status", "pageSize=7"])
def test_pages_have_every_row_once_and_in_order(call: Caller, query: str) -> None:
    call.sandbox.seed(contacts=5, invoices=230)
    whole = call("GET", f"/invoices?{query}&fields=Guid&pageSize=1000")["Collection"]
    size = 7 if "pageSize" in query else 100
    parts = []
    for page in range(-(-230 // size) + 1):
        parts += call("GET", f"/invoices?{query}&fields=Guid&pageSize={size}&page={page}")["Collection"]
    if "pageSize" in query:
        whole = call("GET", "/invoices?fields=Guid&pageSize=1000")["Collection"]
    assert len(whole) == 230
    assert parts == whole


def test_sixteen_clients_at_once(call: Caller) -> None:
    token = call.session.headers["Authorization"]

    def work(client: int) -> list[int]:
        body = {"ContactGuid": guid, "ProductLines": [line]}
        numbers = []
        with requests.Session() as session:
            session.headers["Authorization"] = str(token)
            base = f"{call.sandbox.url}/v1/100001/invoices"
            for _ in range(5):
                made = session.post(base, json=body, timeout=30).json()
                booking = {"Timestamp": made["TimeStamp"]}
                booked = session.post(f"{base}/{made['Guid']}/book", json=booking, timeout=30).json()
                numbers.append(booked["Number"])
        return numbers

    guid = call("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK"})["ContactGuid"]
    line = {"BaseAmountValue": 10, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts", "Description": "Bud"}
    with ThreadPoolExecutor(16) as pool:
        numbers = [number for part in pool.map(work, range(16)) for number in part]
    assert sorted(numbers) == list(range(1, 81))


@pytest.mark.parametrize("path", ["/v1/100001/contacts", "/nowhere"])
@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_client_that_is_killed_while_it_sends_leaves_one_line(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, path: str, length: str
) -> None:
    asked = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    where = urlsplit(sandbox.url)
    with socket.create_connection((where.hostname, where.port), timeout=5) as half:
        half.sendall(asked.encode() + (b"" if length.endswith("1000") else b"9\r\n") + b'{"Name": ')
        half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as the system does for the dead
    for _ in range(100):
        if caplog.records:
            break
        time.sleep(0.02)
    (line,) = caplog.records
    assert line.getMessage() == (
        f"POST {path}: the client disconnected before it had sent the whole request; nothing was done."
    )
    assert line.exc_info is None
    assert sandbox.requests() == []
