"""How to cause each code in sales and what belongs to them: a function per code, which returns the refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, line, personal_token

UNKNOWN = "11111111-2222-4333-8444-555555555555"


def contact(call: Caller, **more: Any) -> str:
    body = {"Name": "Cykelbud", "CountryKey": "DK", **more}
    return str(call("POST", "/contacts", json=body)["ContactGuid"])


def draft(call: Caller, **more: Any) -> dict[str, Any]:
    body = {"ContactGuid": contact(call), "ProductLines": [line()], **more}
    created: dict[str, Any] = call("POST", "/invoices", json=body)
    return created


def booked(call: Caller, **more: Any) -> dict[str, Any]:
    created = draft(call, **more)
    body = {"Timestamp": created["TimeStamp"]}
    invoice: dict[str, Any] = call("POST", f"/invoices/{created['Guid']}/book", json=body)
    return invoice


def overdue(call: Caller) -> dict[str, Any]:
    return booked(call, Date="2026-01-05")


def reminder(call: Caller, invoice: dict[str, Any], **more: Any) -> dict[str, Any]:
    stamp = call("GET", f"/invoices/{invoice['Guid']}")["TimeStamp"]
    body = {"Timestamp": stamp, "Date": "2026-03-10", "WithFee": True, **more}
    created: dict[str, Any] = call("POST", f"/invoices/{invoice['Guid']}/reminders", json=body)
    return created


def e_invoice(call: Caller, **more: Any) -> requests.Response:
    invoice = booked(call, ContactGuid=contact(call, **more))
    return call.raw("POST", f"/invoices/{invoice['Guid']}/e-invoice", version="v3")


def upload(call: Caller, name: str) -> requests.Response:
    return call.raw("POST", "/files", files={"file": (name, b"x")})


def without_token(call: Caller) -> requests.Response:
    return call.raw("GET", "/contacts", headers={"Authorization": ""})


def without_pro(**settings: Any) -> requests.Response:
    with running(**settings) as sandbox:
        caller = Caller(sandbox, personal_token(sandbox, "sandbox-api-key-no-pro"), 100002)
        with caller.session:
            return caller.raw("GET", "/contacts")


def mailed(call: Caller, **body: Any) -> requests.Response:
    return call.raw("POST", f"/invoices/{booked(call)['Guid']}/email", json=body)


def stale(call: Caller) -> requests.Response:
    return call.raw("POST", f"/invoices/{draft(call)['Guid']}/book", json={"Timestamp": "0" * 16})


def deleted(call: Caller) -> requests.Response:
    created = draft(call)
    call("DELETE", f"/invoices/{created['Guid']}")
    return call.raw("POST", f"/invoices/{created['Guid']}/book", json={"Timestamp": created["TimeStamp"]})


def duplicate(call: Caller) -> requests.Response:
    body = {"Guid": draft(call)["Guid"], "ProductLines": [line()]}
    return call.raw("POST", "/invoices", json=body)


def invoiced_offer(call: Caller) -> requests.Response:
    body = {"ContactGuid": contact(call), "ProductLines": [line()]}
    guid = call("POST", "/tradeoffers", json=body)["Guid"]
    call("POST", f"/tradeoffers/{guid}/generate-invoice")
    stamp = call("GET", f"/tradeoffers/{guid}")["TimeStamp"]
    return call.raw("PUT", f"/tradeoffers/{guid}", version="v1.2", json={**body, "Timestamp": stamp})


def no_deposit(call: Caller) -> requests.Response:
    invoice = booked(call)
    body = {"Timestamp": invoice["TimeStamp"], "DepositAccountNumber": 1000, "Description": "Bank", "Amount": 125}
    return call.raw("POST", f"/invoices/{invoice['Guid']}/payments", json=body)


def unbooked_reminder(call: Caller) -> requests.Response:
    invoice = overdue(call)
    reminder(call, invoice)
    return call.raw("POST", f"/invoices/{invoice['Guid']}/reminders/email", json={"Receiver": "a@b.example"})


CAUSES: dict[int, Callable[[Caller], requests.Response]] = {
    40: lambda call: call.raw("GET", f"/products/{UNKNOWN}"),
    41: without_token,
    42: lambda call: call.raw("POST", "/contacts", json={"CountryKey": "DK"}),
    43: lambda call: call.raw("GET", "/contacts", params={"pageSize": 1001}),
    44: lambda call: call.raw("GET", "/contacts", params={"changesSince": "yesterday"}),
    45: lambda call: call.raw("POST", "/invoices", json={"ProductLines": []}),
    46: lambda call: call.raw("GET", "/contacts", params={"queryFilter": "Name like 'Bo'"}),
    48: lambda call: without_pro(no_pro_code=48),
    49: lambda call: mailed(call, Receiver="nobody"),
    51: lambda call: e_invoice(call, IsPerson=True),
    55: mailed,
    56: e_invoice,
    57: lambda call: e_invoice(call, EanNumber="5790000000006", AttPerson="Ida"),
    58: stale,
    59: lambda call: call.raw("POST", f"/invoices/{draft(call)['Guid']}/email"),
    62: lambda call: e_invoice(call, EanNumber="5790000000005"),
    63: lambda call: call.raw("GET", f"/invoices/{UNKNOWN}"),
    64: lambda call: call.raw("POST", f"/state-of-account/{contact(call)}/email", json={}),
    65: deleted,
    67: lambda call: upload(call, "receipt.txt"),
    68: lambda call: upload(call, "receipt"),
    69: lambda call: call.raw("POST", "/files", data=b"x", headers={"Content-Type": "image/png"}),
    72: duplicate,
    74: lambda call: call.raw("POST", f"/invoices/{booked(call)['Guid']}/email/pre-reminder"),
    77: lambda call: call.raw("POST", "/invoices", json={"ProductLines": [line(account=4711)]}),
    83: lambda call: call.raw("GET", "/invoices", params={"startDate": "2026-02-01", "endDate": "2026-01-01"}),
    85: invoiced_offer,
    86: no_deposit,
    88: unbooked_reminder,
    90: lambda call: without_pro(),
}
