from __future__ import annotations

import io
from pathlib import Path

import pypdf

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, Clock, Draft, line, personal_token, put


def test_book(call: Caller, clock: Clock, draft: Draft) -> None:
    created = draft()
    path = f"/invoices/{created['Guid']}"
    clock.forward(seconds=3)
    invoice = call("POST", f"{path}/book", json={"timestamp": created["TimeStamp"]})
    assert (invoice["Number"], invoice["Status"], invoice["PaymentStatus"]) == (1, "Booked", "Booked")
    assert invoice["UpdatedAt"] == "2026-03-10T12:00:03.000"
    assert invoice["TimeStamp"] > created["TimeStamp"]
    assert invoice == call("GET", path)
    # Sent again after a lost answer it is stale; with the new version it is booked already.
    assert call.code("POST", f"{path}/book", json={"Timestamp": created["TimeStamp"]}) == 58
    for method, more in (("POST", "/book"), ("DELETE", "")):
        assert call.code(method, path + more, json={"Timestamp": invoice["TimeStamp"]}) == 45
    assert put(call, created["Guid"], 400, Timestamp=invoice["TimeStamp"])["code"] == 45
    assert call("GET", path) == invoice


def test_book_needs_a_timestamp_and_a_contact(call: Caller) -> None:
    created = call("POST", "/invoices", json={"ProductLines": [line()]})
    path = f"/invoices/{created['Guid']}/book"
    assert call("POST", path, 400, json={})["message"] == "The Timestamp field is required."
    answer = call("POST", path, 400, json={"Timestamp": created["TimeStamp"]})
    assert (answer["code"], set(answer["validationErrors"])) == (42, {"ContactGuid"})


def test_numbers_have_no_gaps(call: Caller, draft: Draft, booked: Draft) -> None:
    assert booked()["Number"] == 1
    refused = draft()
    assert call.code("POST", f"/invoices/{refused['Guid']}/book", json={"Timestamp": "0" * 16}) == 58
    call("DELETE", f"/invoices/{draft()['Guid']}")
    assert booked()["Number"] == 2


def test_number_can_be_chosen_once(call: Caller, draft: Draft) -> None:
    first, second = draft(), draft()
    body = {"Timestamp": first["TimeStamp"], "Number": 41}
    assert call("POST", f"/invoices/{first['Guid']}/book", json=body)["Number"] == 41
    body = {"Timestamp": second["TimeStamp"], "Number": 41}
    answer = call("POST", f"/invoices/{second['Guid']}/book", 400, json=body)
    assert (answer["code"], set(answer["validationErrors"])) == (42, {"Number"})
    assert call("POST", f"/invoices/{second['Guid']}/book", json={"Timestamp": second["TimeStamp"]})["Number"] == 42


def test_overdue_comes_with_the_day(call: Caller, clock: Clock, booked: Draft) -> None:
    # Neither TimeStamp nor UpdatedAt changes: nobody changed anything.
    invoice = booked(PaymentConditionType="NettoCash")
    path = f"/invoices/{invoice['Guid']}"
    clock.forward(minutes=59)
    assert call("GET", path)["PaymentStatus"] == "Booked"
    clock.forward(hours=12)
    call.session.headers["Authorization"] = f"Bearer {personal_token(call.sandbox)}"
    assert call("GET", path) == {**invoice, "PaymentStatus": "Overdue"}


def test_pdf_of_a_booked_invoice(call: Caller, draft: Draft, contact: str) -> None:
    name = "Łukasz Č \u201cØl\u201d \u4f60"
    call("PUT", f"/contacts/{contact}", version="v2", json={"Name": name, "CountryKey": "PL", "Email": "a@b.example"})
    created = draft(line(1234.5, Description="Rød cykel"))
    path, pdf = f"/invoices/{created['Guid']}", {"Accept": "application/octet-stream"}
    assert call.code("GET", path, headers=pdf) == 59
    call("POST", f"{path}/book", json={"Timestamp": created["TimeStamp"]})
    response = call.raw("GET", path, headers=pdf)
    assert response.headers["Content-Type"] == "application/octet-stream"
    text = pypdf.PdfReader(io.BytesIO(response.content)).pages[0].extract_text()
    for part in ("Nørrebro Cykler ApS", 'Lukasz C "Øl" ?', "Poland", "Faktura 1", "Rød cykel", "1234.50", "1543.13"):
        assert part in text


def test_state_survives_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with running(state=state) as first:
        caller = Caller(first, personal_token(first))
        with caller.session:
            created = caller("POST", "/invoices", json={"ProductLines": [line()]})
    with running(state=state) as second:
        caller.sandbox = second
        with caller.session:
            assert caller("GET", "/invoices/" + created["Guid"])["TimeStamp"] == created["TimeStamp"]
            later = caller("POST", "/invoices", json={"ProductLines": [line()]})
    assert later["TimeStamp"] > created["TimeStamp"]


def test_an_invoice_below_zero_is_never_overdue(booked: Draft) -> None:
    assert booked(line(-100), Date="2026-01-05", PaymentConditionType="NettoCash")["PaymentStatus"] == "Booked"
