"""Operations that no current document contains but that older clients call."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.resources.invoices import ONE, replace_invoice
from airflow_provider_dinero.sandbox.resources.payments import invoice_payments

resource = Resource()

# "Same functionality exists in the new endpoint", says the notice of their removal.
for version in ("v1", "v1.1"):
    resource.operation("PUT", ONE.replace("v1", version))(replace_invoice)


@resource.operation("GET", ONE + "/payments")
def payments(call: Call) -> Response:
    """List payments. One client called this in 2026, but its response is unknown; a switch makes it respond like v2."""
    if call.settings.v1_invoice_payments == "v2":
        return invoice_payments(call)
    raise ApiError(40, status=404)


@resource.operation("POST", ONE + "/e-invoice")
def unknown_shape(call: Call) -> Response:
    """Refuse a call whose request and response are unknown."""
    raise ApiError(40, status=404)
