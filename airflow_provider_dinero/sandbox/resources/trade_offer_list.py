"""The list of trade offers."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import UnsupportedSort
from airflow_provider_dinero.sandbox.lists import paged, select
from airflow_provider_dinero.sandbox.resources.sales_list import SEARCHED, direction
from airflow_provider_dinero.sandbox.resources.trade_offers import ALL, values

COLUMNS = {
    "tradeoffernumber": "number",
    "tradeofferdate": "date",
    "status": "status",
    "contactname": "contact_name COLLATE NOCASE",
}

resource = Resource()


@resource.operation("GET", ALL)
def trade_offers(call: Call) -> Response:
    """List offers that aren't deleted, or the deleted ones with deletedOnly."""
    selection, way = select(call, "trade_offers", ALL), direction(call)
    if text := call.text("freeTextSearch"):
        selection.filter(f"instr({SEARCHED.format('number')}, ?) > 0", text.casefold())
    keys = [name.strip().lower() for name in call.text("sort", "TradeOfferNumber").split(",")]
    if not set(keys) <= set(COLUMNS):
        raise UnsupportedSort
    order = ", ".join(f"{COLUMNS[key]} {way}" for key in keys)
    return paged(selection, ALL, f"{order}, rowid {way}", values)
