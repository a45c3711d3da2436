"""Reading the books: accounting years and VAT types."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox import accounts, years
from airflow_provider_dinero.sandbox.answers import answer, empty
from airflow_provider_dinero.sandbox.books import TABLES
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.store import Store
from airflow_provider_dinero.sandbox.vat import VAT_TYPES

YEARS = "/v1/{organizationId}/accountingyears"


def _seed(store: Store) -> None:
    accounts.seed(store)
    years.seed(store)


resource = Resource(TABLES, _seed)


@resource.operation("GET", YEARS)
def accounting_years(call: Call) -> Response:
    """List the accounting years, oldest first."""
    return answer([
        {"Name": year.name, "FromDate": year.first_day, "ToDate": year.last_day, "SalarySumTaxStateEnum": "None"}
        for year in years.years(call)
    ])


@resource.operation("POST", YEARS + "/create-current-year")
def create_current_year(call: Call) -> Response:
    """Legacy: create today's year. Only its name is known; here it responds without a body, or with code 81."""
    today = call.store.today()
    if years.containing(call, today):
        raise ApiError(81)
    try:
        years.make_bookable(call, today)
    except ApiError:
        raise ApiError(81) from None
    return empty()


@resource.operation("GET", "/v1/{organizationId}/vatTypes")
def vat_types(call: Call) -> Response:
    """List the VAT types."""
    return answer([{"VatCode": kind.code, "Name": kind.name, "VatRate": kind.rate} for kind in VAT_TYPES.values()])
