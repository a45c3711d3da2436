from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from airflow_provider_dinero.sandbox.server import Sandbox, running

from .bookkeeper import Bookkeeper
from .causes_books import OTHER, UNKNOWN, item, post
from .conftest import Caller, Clock, Draft, line, personal_token, refresh


@pytest.fixture(scope="module")
def quick() -> Iterator[Sandbox]:
    with running(clock=Clock(), requests_per_minute=10_000, ledger_post_seconds=0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(quick: Sandbox) -> Sandbox:
    """Posts take no time; booking takes its two seconds."""
    quick.reset()
    return quick


def forward(call: Caller, seconds: float) -> None:
    body = {"seconds": seconds}
    requests.post(f"{call.sandbox.url}/_sandbox/clock", json=body, headers=CONTROL, timeout=10).raise_for_status()


def status(call: Caller, *ids: str) -> list[tuple[str, int | None]]:
    rows = call("POST", "/ledgeritems/status", json=[{"Id": each} for each in ids])
    return [(row["Status"], row["VoucherNumber"]) for row in rows]


def test_an_item_from_post_to_entries(call: Caller) -> None:
    added = call("POST", "/ledgeritems", version="v1.2", json=[item(125, Description=None)])
    assert set(added) == {"Id", "Version"}
    (read,) = call("POST", "/ledgeritems/ledgers", json=[added])
    assert {**read, "Lines": [{**read["Lines"][0], "Id": None}]} == {
        **added,
        "VoucherNumber": None,
        "VoucherDate": "2026-03-10",
        "FileGuid": None,
        "Lines": [
            {
                "Id": None,
                "Description": None,
                "Amount": Decimal(125),
                "AccountNumber": 6020,
                "AccountVatCode": None,
                "BalancingAccountNumber": 55000,
                "BalancingAccountVatCode": None,
                "IsPaymentForVoucherId": None,
            }
        ],
    }
    assert status(call, added["Id"]) == [("Draft", None)]
    assert call("POST", "/ledgeritems/book", json=[added]) is None
    assert status(call, added["Id"]) == [("PendingBooking", None)]
    assert call("GET", "/entries") == []
    forward(call, 2)
    assert status(call, added["Id"]) == [("Booked", 1)]
    sums = Bookkeeper(call, "").sums(added["Id"])
    assert sums == {"6020": Decimal(100), "64060": Decimal(25), "55000": Decimal(-125)}
    assert call("POST", "/ledgeritems/ledgers", json=[added]) == []
    assert call.code("PUT", "/ledgeritems", json=[item(1, **added)]) == 45
    assert call.code("DELETE", "/ledgeritems/delete", json=[added]) == 45


def test_replace_and_delete(call: Caller) -> None:
    first = post(call, item(1)).json()
    (second,) = call("PUT", "/ledgeritems", json=[item(2, **first)])
    assert (second["Id"], second["Version"] > first["Version"]) == (first["Id"], True)
    for path, method in (("", "PUT"), ("/book", "POST"), ("/delete", "DELETE")):
        assert call.code(method, f"/ledgeritems{path}", json=[item(3, **first)]) == 71
    assert call.code("PUT", "/ledgeritems", json=[item(3, Id=first["Id"])]) == 42
    assert call("POST", "/ledgeritems/ledgers", json=[second])[0]["Lines"][0]["Amount"] == 2
    call("DELETE", "/ledgeritems/delete", json=[second])
    for path in ("status", "book"):
        answer = call("POST", f"/ledgeritems/{path}", 400, json=[second])
        assert set(answer["validationErrors"]) == {"ledgerItemNotFound"}


def test_ids_are_unique(call: Caller) -> None:
    lines = [{**item()["Lines"][0], "Id": OTHER}]
    call("POST", "/ledgeritems", version="v1.2", json=[item(Id=UNKNOWN, Lines=lines)])
    for again in (item(Id=UNKNOWN), item(Lines=lines)):
        assert call.code("POST", "/ledgeritems", 409, version="v1.2", json=[again]) == 72
    # Its own lines it may keep.
    version = call("POST", "/ledgeritems/status", json=[{"Id": UNKNOWN}])[0]["Version"]
    call("PUT", "/ledgeritems", json=[item(Id=UNKNOWN, Version=version, Lines=lines)])


def test_items_of_one_voucher_number_are_one(call: Caller) -> None:
    one_sided = [{"AccountNumber": account, "Amount": amount} for account, amount in ((55000, -8), (6300, 8))]
    added = post(call, *(item(VoucherNumber=12, Id=UNKNOWN, Lines=[each]) for each in one_sided)).json()
    assert len(call("POST", "/ledgeritems/ledgers", json=[added])[0]["Lines"]) == 2
    # Also with what is in the ledger already.
    assert post(call, item(VoucherNumber=12)).json()["code"] == 78
    assert post(call, item(VoucherNumber=12, VoucherDate="2026-03-09")).json()["code"] == 75
    call("POST", "/ledgeritems/book", json=[added])
    forward(call, 2)
    assert status(call, added["Id"]) == [("Booked", 12)]
    assert post(call, item(VoucherNumber=12)).json()["code"] == 42


def test_it_must_balance_to_be_booked(call: Caller) -> None:
    good = post(call, item()).json()
    bad = post(call, item(Lines=[{"AccountNumber": 6300, "Amount": 8}])).json()
    assert call.code("POST", "/ledgeritems/book", json=[good, bad]) == 42
    # All or none.
    assert status(call, good["Id"], bad["Id"]) == [("Draft", None)] * 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"VoucherDate": None}, 42),
        ({"VoucherDate": "2028-01-01"}, 47),
        ({"Lines": []}, 45),
        ({"FileGuid": "0" * 32}, 42),
        ({"line": {"Amount": None}}, 42),
        ({"line": {"Amount": 1.005}}, 42),
        ({"line": {"AccountVatCode": "X25"}}, 42),
        ({"line": {"AccountNumber": None, "BalancingAccountNumber": None}}, 42),
        ({"line": {"BalancingAccountNumber": 4711}}, 77),
        ({"line": {"IsPaymentForVoucherId": UNKNOWN}}, 42),
        ({"line": {"IsPaymentForVoucherId": UNKNOWN, "AccountNumber": None}}, 42),
    ],
)
def test_refused(call: Caller, change: dict[str, Any], code: int) -> None:
    first = {**item()["Lines"][0], **change.pop("line", {})}
    response = post(call, {**item(Id=UNKNOWN, Lines=[first]), **change})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert call.code("POST", "/ledgeritems/status", json=[{"Id": UNKNOWN}]) == 42


def test_a_thousand_lines(call: Caller) -> None:
    lines = item()["Lines"]
    full = post(call, item(Lines=lines * 600), item(Lines=lines * 400)).json()
    assert post(call, item()).json()["code"] == 66
    assert call.code("PUT", "/ledgeritems", json=[item(**full, Lines=lines * 601)]) == 66
    call("PUT", "/ledgeritems", json=[item(**full, Lines=lines * 599)])
    assert post(call, item()).status_code == 200


def test_lines_pay_vouchers(call: Caller, contact: str, booked: Draft, draft: Draft) -> None:
    keeper, invoice = Bookkeeper(call, contact), booked(line(100))
    lines = [{"AccountNumber": 2000, "Amount": 250}]
    bill = keeper.purchase(PurchaseType="credit", PaymentDate="2026-03-20", Lines=lines)
    pays = [
        {"IsPaymentForVoucherId": invoice["Guid"], "BalancingAccountNumber": 55000, "Amount": -125},
        {"IsPaymentForVoucherId": bill["Guid"], "BalancingAccountNumber": 55000, "Amount": 200},
    ]
    paid = keeper.ledger(Lines=pays)
    forward(call, 2)
    assert keeper.sums(paid["Guid"]) == {"56000": Decimal(-125), "63000": Decimal(200), "55000": Decimal(-75)}
    assert call("GET", f"/invoices/{invoice['Guid']}")["PaymentStatus"] == "Paid"
    found = call("GET", f"/invoices/{invoice['Guid']}/payments", version="v2")
    assert (found["RemainingAmount"], found["Payments"][0]["DepositAccountNumber"]) == (0, None)
    # The ledger item is booked for good, so its payment can't be removed.
    stamp = {"Timestamp": call("GET", f"/invoices/{invoice['Guid']}")["TimeStamp"]}
    payment = found["Payments"][0]["Guid"]
    assert call.code("DELETE", f"/invoices/{invoice['Guid']}/payments/{payment}", json=stamp) == 45
    (payment,) = call("GET", f"/purchase-vouchers/{bill['Guid']}/payments")
    assert (payment["Amount"], payment["DepositAccountNumber"]) == (Decimal(200), None)
    unbooked = [{"IsPaymentForVoucherId": draft()["Guid"], "BalancingAccountNumber": 55000, "Amount": -1}]
    assert post(call, item(Lines=unbooked)).json()["code"] == 59


def test_legacy_items_are_lines(call: Caller) -> None:
    flat = {"VoucherDate": "2026-03-10", "VoucherNumber": 3, "Id": UNKNOWN}
    sides = [{**flat, "AccountNumber": 55000, "Amount": -8}, {**flat, "AccountNumber": 6300, "Amount": 8}]
    (added,) = call("POST", "/ledgeritems", version="v1.1", json=sides)
    assert added["Id"] == UNKNOWN
    assert len(call("POST", "/ledgeritems/ledgers", json=[added])[0]["Lines"]) == 2
    other = [{**each, "VoucherNumber": 4, "Id": OTHER} for each in sides]
    assert call("POST", "/ledgeritems", json=other) is None
    assert status(call, OTHER) == [("Draft", None)]


def test_a_number_that_is_taken_while_booking_waits(call: Caller) -> None:
    added = post(call, item(VoucherNumber=1)).json()
    call("POST", "/ledgeritems/book", json=[added])
    lines = [{"AccountNumber": 55000, "BalancingAccountNumber": 60000, "Amount": 1}]
    assert Bookkeeper(call, "").manual(Lines=lines)["VoucherNumber"] == 1
    forward(call, 2)
    assert status(call, added["Id"]) == [("Draft", None)]


def test_posts_at_the_same_time() -> None:
    with running(ledger_post_seconds=1.2, requests_per_minute=1000, ledger_post_answer="array") as sandbox:
        visma = str(refresh(sandbox).json()["access_token"])
        ours, foreign = Caller(sandbox, personal_token(sandbox)), Caller(sandbox, visma)
        with ours.session, foreign.session, ThreadPoolExecutor(1) as pool:
            day = {"VoucherDate": ours("GET", "/accountingyears")[-1]["FromDate"]}
            first = pool.submit(post, foreign, item(1, **day))
            time.sleep(0.2)
            # Another integration's post is under way: ours is refused, and a moment later it isn't.
            assert post(ours, item(2, **day)).json()["code"] == 70
            assert len(first.result().json()) == 1
            started = time.monotonic()
            assert post(ours, item(2, **day)).status_code == 200
            assert time.monotonic() - started > 1.1
            # One after the other is fine.
            assert post(ours, item(3, **day)).status_code == 200
