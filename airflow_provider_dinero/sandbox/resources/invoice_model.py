"""An invoice: a sales document with terms of payment."""

from __future__ import annotations

from datetime import date

from airflow_provider_dinero.sandbox.accounts import DEPOSIT_ACCOUNT
from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.resources import sales_model
from airflow_provider_dinero.sandbox.terms import due, terms


def document(call: Call, body: JsonObject) -> JsonObject:
    """Return a complete invoice document with defaults and totals.

    :param call: the request
    :param body: bound to one of the write models
    :raises ApiError: if something in it is invalid
    """
    content = sales_model.document(call, body, "Invoice")
    kind, days = terms(body, sales_model.live_contact(call, body["ContactGuid"]))
    return {
        **content,
        "PaymentDate": due(date.fromisoformat(content["Date"]), kind, days).isoformat(),
        # The read models lack "Paid", which settles nothing: such an invoice is due at once, as with NettoCash.
        "PaymentConditionType": "NettoCash" if kind == "Paid" else kind,
        "PaymentConditionNumberOfDays": days,
        "IsMobilePayInvoiceEnabled": bool(body["IsMobilePayInvoiceEnabled"]),
        "IsPensoPayEnabled": bool(body["IsPensoPayEnabled"]),
        "CanEnableMobilePayInvoice": False,
        "CanEnablePensoPay": False,
    }


def read(call: Call, guid: str) -> JsonObject:
    """Return one invoice in its read model, where ``Status`` has two values and ``PaymentStatus`` five."""
    row = sales_model.read(call, guid)
    known = {
        **sales_model.values(row, row["status"]),
        "Status": "Booked" if row["booked"] else "Draft",
        "DepositAccountNumber": DEPOSIT_ACCOUNT,
        "IsSentToDebtCollection": bool(row["debt_collection"]),
    }
    return project("InvoiceReadModel", known)
