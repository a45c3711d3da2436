"""Operations that are in no current document but that older clients call."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources.invoices import ONE, replace_invoice
from airflow_provider_dinero.sandbox.resources.payments import invoice_payments

resource = Resource()

# "Same functionality exists in the new endpoint", says the notice that announced their end.
for version in ("v1", "v1.1"):
    resource.operation("PUT", ONE.replace("v1", version))(replace_invoice)


@resource.operation("GET", ONE + "/payments")
def payments(call: Call) -> Response:
    """Called by one client in 2026; nothing public says what it gave. A switch answers as the operation of v2."""
    if call.settings.v1_invoice_payments == "v2":
        return invoice_payments(call)
    raise ApiError(40, status=404)


@resource.operation("POST", ONE + "/e-invoice")
def unknown_shape(call: Call) -> Response:
    """Nothing public says what this took and gave."""
    raise ApiError(40, status=404)
