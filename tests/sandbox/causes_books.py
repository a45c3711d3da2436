"""How to cause each code in the books: a function per code, which returns the refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, personal_token

UNKNOWN = "11111111-2222-4333-8444-555555555555"
OTHER = "21111111-2222-4333-8444-555555555555"


def item(amount: float = 1, account: int = 6020, **more: Any) -> dict[str, Any]:
    lines = [{"AccountNumber": account, "BalancingAccountNumber": 55000, "Amount": amount}]
    return {"VoucherDate": "2026-03-10", "Lines": lines, **more}


def post(call: Caller, *items: dict[str, Any]) -> requests.Response:
    return call.raw("POST", "/ledgeritems", version="v1.2", json=list(items))


def numbered(call: Caller, **more: Any) -> requests.Response:
    """Two items with one voucher number, which differ in ``more``."""
    return post(call, item(VoucherNumber=7, Id=UNKNOWN), item(**{"VoucherNumber": 7, "Id": UNKNOWN, **more}))


def too_many(call: Caller) -> requests.Response:
    return post(call, item(Lines=item()["Lines"] * 1001))


def between_two_posts(call: Caller) -> requests.Response:
    """A foreign integration posts, and takes a minute."""
    control = f"{call.sandbox.url}/_sandbox/ledger/foreign-post"
    body = {"organization": call.organization, "seconds": 60}
    requests.post(control, json=body, headers=CONTROL, timeout=10).raise_for_status()
    return post(call, item())


def stale_version(call: Caller) -> requests.Response:
    with running(ledger_post_seconds=0) as sandbox:
        caller = Caller(sandbox, personal_token(sandbox))
        with caller.session:
            today = {"VoucherDate": caller("GET", "/accountingyears")[-1]["ToDate"]}
            known = post(caller, item(**today)).json()
            put = [item(**{**known, **today})]
            caller("PUT", "/ledgeritems", json=put)
            return caller.raw("PUT", "/ledgeritems", json=put)


def booked_twice(call: Caller) -> requests.Response:
    post(call, item(Id=UNKNOWN)).raise_for_status()
    with_delay = {"Id": UNKNOWN}
    call("POST", "/ledgeritems/book", json=[with_delay])
    return call.raw("POST", "/ledgeritems/book", json=[with_delay])


def duplicate_credit_note(call: Caller) -> requests.Response:
    body = {"Guid": UNKNOWN, "Lines": [{"AccountNumber": 2000, "Amount": 1}]}
    call("POST", "/vouchers/purchase/creditnotes", json=body)
    return call.raw("POST", "/vouchers/purchase/creditnotes", json=body)


def manual(call: Caller, **more: Any) -> dict[str, Any]:
    lines = [{"AccountNumber": 55000, "BalancingAccountNumber": 60000, "Amount": 1}]
    created: dict[str, Any] = call("POST", "/vouchers/manuel", json={"Lines": lines, **more})
    return created


def book_manual(call: Caller, timestamp: str | None = None, **more: Any) -> requests.Response:
    created = manual(call, **more)
    body = {"Timestamp": timestamp or created["Timestamp"]}
    return call.raw("POST", f"/vouchers/manuel/{created['Guid']}/book", json=body)


def deleted_voucher(call: Caller) -> requests.Response:
    created = manual(call)
    path, body = f"/vouchers/manuel/{created['Guid']}", {"Timestamp": created["Timestamp"]}
    call("DELETE", path, json=body)
    return call.raw("DELETE", path, json=body)


def credit_of_a_draft(call: Caller) -> requests.Response:
    created = call("POST", "/vouchers/purchase", version="v1.2", json={"PurchaseType": "cash"})
    body = {"Timestamp": {"Timestamp": created["Timestamp"]}}
    return call.raw("POST", f"/vouchers/purchase/{created['Guid']}/generate-creditnote", json=body)


def purchase(call: Caller, **body: Any) -> requests.Response:
    return call.raw("POST", "/vouchers/purchase", version="v1.2", json={"PurchaseType": "cash", **body})


def entries(call: Caller, path: str = "", **query: str) -> requests.Response:
    return call.raw("GET", f"/entries{path}", params=query)


CAUSES: dict[int, Callable[[Caller], requests.Response]] = {
    40: lambda call: call.raw("GET", f"/vouchers/purchase/{UNKNOWN}"),
    42: lambda call: purchase(call, PaymentDate="2026-03-31"),
    44: lambda call: entries(call, fromDate="yesterday"),
    45: booked_twice,
    47: lambda call: book_manual(call, VoucherDate="2028-01-01"),
    58: lambda call: book_manual(call, "0" * 16),
    59: credit_of_a_draft,
    65: deleted_voucher,
    66: too_many,
    70: between_two_posts,
    71: stale_version,
    72: duplicate_credit_note,
    75: lambda call: numbered(call, VoucherDate="2026-03-09"),
    76: lambda call: numbered(call, FileGuid="0" * 32),
    77: lambda call: post(call, item(account=4711)),
    78: lambda call: numbered(call, Id=OTHER),
    81: lambda call: call.raw("POST", "/accountingyears/create-current-year"),
    82: lambda call: entries(call, fromDate="2025-12-31", toDate="2026-01-01"),
    83: lambda call: entries(call, fromDate="2026-03-02", toDate="2026-03-01"),
    84: lambda call: entries(call, "/changes", changesFrom="2026-01-01", changesTo="2026-03-01"),
    86: lambda call: purchase(call, DepositAccountNumber=6000),
    87: lambda call: numbered(call, Version="AAAAAAYb0Eo="),
}
