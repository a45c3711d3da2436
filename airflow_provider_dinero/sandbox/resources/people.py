"""The pages for people, at ``/``: the sandbox's content, its clock and its faults."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import msgspec
from starlette.responses import RedirectResponse, Response

from airflow_provider_dinero.sandbox.accounts import chart
from airflow_provider_dinero.sandbox.balances import closing
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.faults import Effect, Fault
from airflow_provider_dinero.sandbox.pages import FOLDER, render
from airflow_provider_dinero.sandbox.resources import credit_notes, invoices, reminders, state_of_account, trade_offers
from airflow_provider_dinero.sandbox.resources.sales_model import STATUS
from airflow_provider_dinero.sandbox.resources.tokens import form_of
from airflow_provider_dinero.sandbox.seed_data import CLIENTS, ORGANIZATIONS, Client, Organization
from airflow_provider_dinero.sandbox.years import years

UI = "/_sandbox/ui"
ROWS = 50
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=30)}
PDFS = {
    "Invoice": invoices.get_invoice,
    "CreditNote": credit_notes.get_credit_note,
    "TradeOffer": trade_offers.get_trade_offer,
    "StateOfAccount": state_of_account.state_of_account_pdf,
}

resource = Resource()


@resource.operation("GET", "/", open=True)
def overview(call: Call) -> Response:
    """Show the overview."""
    return _page(
        call,
        "overview.html",
        organizations=[_summary(call, organization) for organization in ORGANIZATIONS.values()],
        budgets=_budgets(call),
        mails=call.store.execute("SELECT * FROM outbox ORDER BY id DESC LIMIT 5").fetchall(),
        requests=call.store.execute("SELECT * FROM requests ORDER BY rowid DESC LIMIT 8").fetchall(),
    )


@resource.operation("GET", "/_sandbox/style.css", open=True)
def style(call: Call) -> Response:
    """Return the style sheet."""
    return Response((FOLDER / "style.css").read_bytes(), media_type="text/css")


@resource.operation("GET", UI + "/{organizationId}/invoices", open=True)
def sold(call: Call) -> Response:
    """Show the invoices and credit notes of an organization, newest first."""
    organization, where = _organization(call), "FROM invoices WHERE organization = ? AND deleted_at IS NULL"
    columns = f"*, {STATUS} AS status, json_extract(data, '$.Currency') AS currency"
    sql = f"SELECT {columns} {where} ORDER BY number DESC, date DESC, rowid DESC"
    rows, page = _paged(call, f"SELECT count(*) {where}", [organization.id], sql, [call.store.today(), organization.id])
    return _page(call, "invoices.html", organization=organization, invoices=rows, page=page)


@resource.operation("GET", UI + "/{organizationId}/books", open=True)
def books(call: Call) -> Response:
    """Show the balances of a year and its entries, newest first."""
    organization, all_years = _organization(call), years(call)
    name = call.text("year", str(call.store.clock().year))
    year = next((year for year in all_years if year.name == name), all_years[-1])
    accounts, inside = chart(call), [organization.id, year.first_day, year.last_day]
    where = "FROM entries WHERE organization = ? AND date BETWEEN ? AND ?"
    sql = f"SELECT * {where} ORDER BY date DESC, id DESC"
    rows, page = _paged(call, f"SELECT count(*) {where}", inside, sql, inside)
    balances = [(number, accounts[number].name, ore) for number, ore in closing(call, year).items() if ore]
    return _page(
        call,
        "books.html",
        organization=organization,
        entries=rows,
        page=page,
        accounts=accounts,
        balances=balances,
        years=all_years,
        year=year,
    )


@resource.operation("GET", UI + "/outbox", open=True)
def outbox(call: Call) -> Response:
    """Show what was sent to people, newest first."""
    rows, page = _paged(call, "SELECT count(*) FROM outbox", [], "SELECT * FROM outbox ORDER BY id DESC", [])
    return _page(call, "outbox.html", mails=rows, page=page)


@resource.operation("GET", UI + "/outbox/{id}", open=True)
def mail(call: Call) -> Response:
    """Show one message."""
    row = _mail(call)
    sql = "SELECT count(*) FROM outbox WHERE organization = ? AND invoice = ?"
    times = call.store.execute(sql, [row["organization"], row["invoice"]]).fetchone()[0]
    return _page(call, "mail.html", mail=row, times=times, has_pdf=row["document_type"] in PDFS)


@resource.operation("GET", UI + "/outbox/{id}/pdf", open=True)
def mail_pdf(call: Call) -> Response:
    """Show the PDF of a message's document, as the API returns it."""
    row = _mail(call)
    operation = reminders.get_reminder if row["reminder"] else PDFS.get(row["document_type"])
    if operation is None:
        raise ApiError(40, status=404)
    headers = {"accept": "application/octet-stream"}
    route = {"guid": row["invoice"], "voucherGuid": row["invoice"], "id": str(row["reminder"])}
    asked = replace(call, organization=row["organization"], route=route, headers=headers)
    return Response(operation(asked).body, media_type="application/pdf")


@resource.operation("GET", UI + "/requests", open=True)
def requests(call: Call) -> Response:
    """Show the requests, newest first, and what is left of the limits."""
    rows, page = _paged(call, "SELECT count(*) FROM requests", [], "SELECT * FROM requests ORDER BY rowid DESC", [])
    return _page(call, "requests.html", requests=rows, page=page, budgets=_budgets(call))


@resource.operation("GET", UI + "/faults", open=True)
def faults(call: Call) -> Response:
    """Show the faults, and a form to add one."""
    return _page(call, "faults.html", effects=get_args(Effect), wrong=None)


@resource.operation("POST", UI + "/faults", open=True)
def order_fault(call: Call) -> Response:
    """Order a fault."""
    wanted = {name: value for name, value in form_of(call).items() if value}
    try:
        call.faults.order(msgspec.convert(wanted, Fault, strict=False))
    except msgspec.ValidationError as error:
        return _page(call, "faults.html", 400, effects=get_args(Effect), wrong=str(error))
    return RedirectResponse(UI + "/faults", 303)


@resource.operation("POST", UI + "/faults/clear", open=True)
def clear_faults(call: Call) -> Response:
    """Remove all faults."""
    call.faults.clear()
    return RedirectResponse(UI + "/faults", 303)


@resource.operation("POST", UI + "/clock", open=True)
def forward(call: Call) -> Response:
    """Move the time forward by one of the steps."""
    form = form_of(call)
    if form.get("step") in STEPS:
        # The clock stops at the end of the calendar.
        with suppress(OverflowError):
            call.store.forward(STEPS[form["step"]])
    return RedirectResponse("/", 303)


def refusal(call: Call, error: ApiError) -> Response:
    """Show an error as a page."""
    return _page(call, "refusal.html", error.status, message=error.message)


def _page(call: Call, template: str, status: int = 200, **values: Any) -> Response:
    shared = {"ui": UI, "now": call.store.clock(), "steps": STEPS, "faults": call.faults.all(), "path": call.url}
    return render(template, status, all_organizations=ORGANIZATIONS, **shared, **values)


def _organization(call: Call) -> Organization:
    if call.organization not in ORGANIZATIONS:
        raise ApiError(40, status=404)
    return ORGANIZATIONS[call.organization]


def _mail(call: Call) -> sqlite3.Row:
    row = call.store.one("SELECT * FROM outbox WHERE id = ?", [call.route["id"]])
    if row is None:
        raise ApiError(40, status=404)
    return row


def _paged(
    call: Call, count: str, counted: list[Any], sql: str, parameters: list[Any]
) -> tuple[list[sqlite3.Row], dict[str, int]]:
    """Return the rows of the requested page, and its position."""
    total = int(call.store.execute(count, counted).fetchone()[0])
    last = max(0, -(-total // ROWS) - 1)
    number = min(max(0, call.number("page", 0)), last)
    rows = call.store.execute(f"{sql} LIMIT ? OFFSET ?", [*parameters, ROWS, number * ROWS]).fetchall()
    return rows, {"number": number, "last": last, "total": total}


def _summary(call: Call, organization: Organization) -> dict[str, Any]:
    sql = f"""SELECT status, count(*) AS number FROM (SELECT {STATUS} AS status FROM invoices
        WHERE organization = ? AND deleted_at IS NULL) GROUP BY status"""
    found = {row["status"]: row["number"] for row in call.store.execute(sql, [call.store.today(), organization.id])}
    contacts = "SELECT count(*) FROM contacts WHERE organization = ? AND deleted_at IS NULL"
    return {
        "organization": organization,
        "contacts": call.store.execute(contacts, [organization.id]).fetchone()[0],
        "states": {name: found[name] for name in ("Draft", "Booked", "Overdue", "Paid", "OverPaid") if name in found},
    }


def _budgets(call: Call) -> list[tuple[Client, int | None, int, int]]:
    """Return the use of its limit for each client and organization that called within the last minute."""
    limit = call.settings.requests_per_minute
    used = call.limiter.used().items()
    return [
        (CLIENTS[client], organization, count, limit or CLIENTS[client].requests_per_minute)
        for (client, organization), count in sorted(used, key=str)
    ]
