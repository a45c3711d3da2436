"""The settings of sales documents, which can only be changed in the web app."""

from __future__ import annotations

from decimal import Decimal

from starlette.responses import Response

from airflow_provider_dinero.sandbox.accounts import DEFAULT_SALES_ACCOUNT
from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.resources.sales_model import TEMPLATE_ID
from airflow_provider_dinero.sandbox.terms import SETTINGS_DAYS, SETTINGS_TYPE

# The figures are undocumented. Interest is in percent per year.
REMINDER_FEE, REMINDER_INTEREST_RATE = Decimal(100), Decimal(8)

resource = Resource()


@resource.operation("GET", "/v1/{organizationId}/sales/settings")
def settings(call: Call) -> Response:
    """Return the defaults of a new invoice."""
    known = {
        "LinesInclVat": False,
        "UseFikCode": False,
        "DefaultAccountNumber": DEFAULT_SALES_ACCOUNT,
        "InvoiceTemplateId": TEMPLATE_ID,
        "AddVoucherAsPdfAttachment": True,
        "ReminderFee": REMINDER_FEE,
        "ReminderInterestRate": REMINDER_INTEREST_RATE,
        "PaymentConditionNumberOfDays": SETTINGS_DAYS,
        "PaymentConditionType": SETTINGS_TYPE,
    }
    return answer(project("SalesVoucherSetttingsModel", known))
