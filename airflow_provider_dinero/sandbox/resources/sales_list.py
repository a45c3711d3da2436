"""The lists of invoices, of credit notes, and of both."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import parameter
from airflow_provider_dinero.sandbox.errors import ApiError, UnsupportedSort, invalid
from airflow_provider_dinero.sandbox.lists import Selection, paged, select
from airflow_provider_dinero.sandbox.resources.sales_model import STATUS, values

INVOICES, CREDIT_NOTES = "/v1/{organizationId}/invoices", "/v1/{organizationId}/sales/creditnotes"
SALES = "/v1/{organizationId}/sales"
SORT_COLUMNS = {"vouchernumber": "number", "voucherdate": "date", "contact": "contact_name COLLATE NOCASE"}
STATUS_ORDER = ("Draft", "Overdue", "Booked", "OverPaid", "Paid")
SEARCHED = "fold({} || char(10) || coalesce(contact_name, '') || char(10) || description || char(10) || total_text)"


def fall_due(call: Call) -> None:
    """Move the UpdatedAt of invoices that became overdue, if a switch says so."""
    if call.settings.overdue_moves_updated_at:
        midnight = "date(payment_date, '+1 day') || 'T00:00:00.000'"
        call.store.execute(
            f"UPDATE invoices SET updated_at = {midnight} WHERE type = 'Invoice' AND updated_at < {midnight} "
            f"AND {STATUS} = 'Overdue'",
            [call.store.today()],
        )


resource = Resource(due=fall_due)


@resource.operation("GET", INVOICES)
def invoices(call: Call) -> Response:
    """List invoices that aren't deleted, or the deleted ones with deletedOnly. ``Status`` has five values here."""
    return _list(call, INVOICES, "Invoice")


@resource.operation("GET", CREDIT_NOTES)
def credit_notes(call: Call) -> Response:
    """List credit notes in the same way."""
    return _list(call, CREDIT_NOTES, "CreditNote")


@resource.operation("GET", SALES)
def sales(call: Call) -> Response:
    """List invoices and credit notes together."""
    return _list(call, SALES)


def _list(call: Call, path: str, kind: str | None = None) -> Response:
    status = f"({STATUS})".replace("?", f"'{call.store.today()}'")
    selection = select(call, "invoices", path)
    if kind:
        selection.restrict("type = ?", kind)
    selection.columns = f"*, {status} AS status"
    _by_status(selection, path, status)
    _by_date(selection)
    if text := call.text("freeTextSearch"):
        searched = SEARCHED.format("iif(booked, number, '')")
        selection.filter(f"instr({searched}, ?) > 0", text.casefold())
    return paged(selection, path, _order(call, status), lambda row: values(row, row["status"], listed=True))


def _by_status(selection: Selection, path: str, status: str) -> None:
    declared = parameter(path, "statusFilter")["x-allowed-values"]
    names = {name.lower(): name for name in declared}
    asked = [name.strip().lower() for name in selection.call.text("statusFilter").split(",") if name.strip()]
    if not set(asked) <= set(names):
        raise invalid("statusFilter", f"Must be one or more of {', '.join(declared)}.")
    if asked:
        marks = ", ".join("?" * len(asked))
        selection.filter(f"{status} IN ({marks})", *(names[name] for name in asked))


def _by_date(selection: Selection) -> None:
    start, end = selection.call.day("startDate"), selection.call.day("endDate")
    if (start is None) != (end is None):
        raise invalid("startDate", "startDate and endDate must be given together.")
    if start and end:
        if end < start:
            raise ApiError(83)
        selection.filter("(NOT booked OR date BETWEEN ? AND ?)", start.isoformat(), end.isoformat())


def direction(call: Call) -> str:
    """Return the sort direction of sortOrder, ``ASC`` or ``DESC``."""
    order = call.text("sortOrder", "descending").lower()
    if order not in ("ascending", "descending"):
        raise invalid("sortOrder", "Must be ascending or descending.")
    return "ASC" if order == "ascending" else "DESC"


def _order(call: Call, status: str) -> str:
    way = direction(call)
    terms = []
    for name in call.text("sort", "VoucherNumber,VoucherDate").split(","):
        key = name.strip().lower()
        if key == "status":
            # Always in this direction, whatever sortOrder says.
            ranks = " ".join(f"WHEN '{value}' THEN {rank}" for rank, value in enumerate(STATUS_ORDER))
            terms.append(f"CASE {status} {ranks} END ASC")
        elif key in SORT_COLUMNS:
            terms.append(f"{SORT_COLUMNS[key]} {way}")
        else:
            raise UnsupportedSort
    return ", ".join([*terms, f"rowid {way}"])
