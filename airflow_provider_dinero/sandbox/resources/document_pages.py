"""Targets of a task's *Dinero* button: the PDF of a document, or the page that shows it."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from airflow_provider_dinero.sandbox.calls import Call, Handler, Resource
from airflow_provider_dinero.sandbox.resources import credit_notes, invoices, trade_offers
from airflow_provider_dinero.sandbox.resources.people import UI
from airflow_provider_dinero.sandbox.resources.sales_vouchers import find

resource = Resource()


@resource.operation("GET", UI + "/{organizationId}/sales/{guid}", open=True)
def sales_document(call: Call) -> Response:
    """Show the PDF of a booked invoice or credit note, or the list that contains the draft."""
    row = find(call, call.guid)
    if row is None or row["deleted_at"] or not row["booked"]:
        return RedirectResponse(f"{UI}/{call.route['organizationId']}/invoices", 303)
    return _pdf(call, invoices.get_invoice if row["type"] == "Invoice" else credit_notes.get_credit_note)


@resource.operation("GET", UI + "/{organizationId}/tradeoffers/{guid}", open=True)
def trade_offer(call: Call) -> Response:
    """Show the PDF of a trade offer."""
    return _pdf(call, trade_offers.get_trade_offer)


@resource.operation("GET", UI + "/{organizationId}/{place}", open=True)
@resource.operation("GET", UI + "/{organizationId}/{place}/{guid}", open=True)
def elsewhere(call: Call) -> Response:
    """Show the books for bookkeeping links, else the front page."""
    booked = call.route["place"] in {"purchases", "vouchers", "ledger"}
    return RedirectResponse(f"{UI}/{call.route['organizationId']}/books" if booked else "/", 303)


def _pdf(call: Call, operation: Handler) -> Response:
    asked = replace(call, headers={"accept": "application/octet-stream"})
    return Response(operation(asked).body, media_type="application/pdf")
