"""The pages for people."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
import requests
from pypdf import PdfReader

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL

from .conftest import START, Caller, Clock, Draft

UI = "/_sandbox/ui"


def page(call: Caller, path: str, status: int = 200) -> str:
    response = requests.get(call.sandbox.url + path, timeout=10)
    assert response.status_code == status
    assert response.headers["X-Frame-Options"] == "DENY" or status == 404
    return response.text


def submit(call: Caller, page: str, status: int = 200, /, **form: str) -> str:
    response = requests.post(call.sandbox.url + UI + page, data=form, headers=CONTROL, timeout=10)
    assert response.status_code == status
    return response.text


def test_overview_shows_organizations_states_mails_requests_and_the_budget(call: Caller, booked: Draft) -> None:
    invoice = booked()
    call("POST", f"/invoices/{invoice['Guid']}/email", json={"Subject": "<b>Faktura & mere</b>"})
    text = page(call, "/")
    assert "Nørrebro Cykler ApS" in text
    assert "Østerbro Blomster" in text
    assert "1 Booked" in text
    assert "&lt;b&gt;Faktura &amp; mere&lt;/b&gt;" in text
    assert f"/v1/100001/invoices/{invoice['Guid']}/email" in text
    assert "4 of 10000" in text


def test_time_is_moved_with_a_click(call: Caller, booked: Draft) -> None:
    booked()
    assert "2026-04-09 12:00 UTC" in submit(call, "/clock", step="month")
    assert "1 Overdue" in page(call, "/")


def test_there_is_no_month_after_the_last(call: Caller, clock: Clock) -> None:
    call.sandbox.forward(days=(datetime(9999, 12, 20, 12, tzinfo=UTC) - START).days)
    assert "9999-12-20 12:00 UTC" in submit(call, "/clock", step="month")
    assert "9999-12-27 12:00 UTC" in submit(call, "/clock", step="week")
    clock.forward(days=9)
    assert "9999-12-31 23:59 UTC" in submit(call, "/clock", step="hour")


def test_mail_and_its_pdf(call: Caller, booked: Draft) -> None:
    invoice = booked()
    for _ in range(2):
        call("POST", f"/invoices/{invoice['Guid']}/email", json={})
    assert "bogholderi@cykelbud.example" in page(call, f"{UI}/outbox")
    assert [mail["times"] for mail in call.sandbox.outbox()] == [2, 2]
    assert "sent 2 times" in page(call, f"{UI}/outbox/1")
    response = requests.get(f"{call.sandbox.url}{UI}/outbox/1/pdf", timeout=10)
    assert response.headers["Content-Type"] == "application/pdf"
    assert "Faktura 1" in PdfReader(io.BytesIO(response.content)).pages[0].extract_text()


def test_books_show_entries_and_balances_that_add_up(call: Caller, booked: Draft) -> None:
    booked()
    text = page(call, f"{UI}/100001/books")
    assert "56000 Tilgodehavender fra salg" in text
    assert "64000 Salgsmoms" in text
    assert r'Total</th><td class="number">0,00<' in text
    assert "Nothing has been booked in 2025." in page(call, f"{UI}/100001/books?year=2025")


def test_long_lists_have_pages(call: Caller) -> None:
    call.sandbox.seed(invoices=120)
    text = page(call, f"{UI}/100001/invoices")
    assert "Page 1 of 3 · 120 in all" in text
    assert "← Newer" not in text
    text = page(call, f"{UI}/100001/invoices?page=99")
    assert "Page 3 of 3" in text
    assert text.count("<tr>") == 21


def test_fault_is_ordered_and_cleared_with_a_form(call: Caller) -> None:
    fields = {"effect": "status", "method": "", "path": "/v1/*/contacts", "times": "1", "status": "503"}
    assert "status 503" in submit(call, "/faults", **fields)
    assert call.raw("GET", "/contacts").status_code == 503
    assert call.raw("GET", "/contacts").status_code == 200
    assert "No faults are set." in submit(call, "/faults/clear")
    assert 'role="alert"' in submit(call, "/faults", 400, effect="status", times="0")


def test_requests_of_pages_are_not_noted(call: Caller) -> None:
    before = call.sandbox.requests()
    assert "/dineroapi/oauth/token" in page(call, f"{UI}/requests")
    page(call, "/?a=1")
    assert call.sandbox.requests() == before


@pytest.mark.parametrize("path", ["/outbox/1", "/outbox/x/pdf", "/100003/invoices", "/x/books"])
def test_what_is_not_there_is_404(call: Caller, path: str) -> None:
    assert "<h1>Not found</h1>" in page(call, UI + path, 404)


def test_refusals_are_pages_too(call: Caller) -> None:
    assert "page must be a whole number." in page(call, f"{UI}/outbox?page=x", 400)


def test_nothing_is_loaded_from_elsewhere(call: Caller) -> None:
    for path in ("/", f"{UI}/faults", "/connect/authorize"):
        response = requests.get(call.sandbox.url + path, timeout=10)
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', response.text)
    style = requests.get(f"{call.sandbox.url}/_sandbox/style.css", timeout=10)
    assert style.headers["Content-Type"].startswith("text/css")
    assert "url(" not in style.text
