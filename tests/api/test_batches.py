"""Lists of orders: each invoice is created, booked, paid and sent once, in few requests, and in order."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.bodies.validation import encode
from airflow_provider_dinero.api.http.connection import Connection
from airflow_provider_dinero.api.ports import MemoryStateStore
from tests.api.batch_shop import LIFE, PAYMENT, Shop, order, orders, shop
from tests.conftest import line

__all__ = ["shop"]


def test_three_requests_an_invoice_and_two_to_see_that_nothing_is_left(shop: Shop) -> None:
    told = shop.run(orders(10))
    assert told == {
        "items": 10, "created": 10, "updated": 0, "unchanged": 0, "failed": 0, "TotalInclVat": {"DKK": "1250.00"},
    }  # fmt: skip
    assert shop.asked() == {
        "GET contacts": 1, "POST contacts": 3, "GET invoices": 2,
        "POST invoices": 10, "POST invoices/book": 10, "POST invoices/email": 10,
    }  # fmt: skip
    assert [row["Number"] for row in shop.rows] == list(range(1, 11))
    assert shop.mailed() == list(range(1, 11))
    again = shop.run(iter(orders(10)))
    assert (again["unchanged"], again["TotalInclVat"]) == (10, {"DKK": "1250.00"})
    assert shop.asked() == {"GET contacts": 1, "GET invoices": 1}
    assert [row["Number"] for row in shop.rows] == list(range(1, 11))
    assert not list(shop.folder.glob("*.lock"))


def test_totals_cost_one_list_and_payments_one_request_each(shop: Shop) -> None:
    listed = orders(5, expected_total="125.00")
    listed[2]["expected_total"] = Decimal("124.99")
    with pytest.raises(errors.DineroItemsFailed, match=r"1 of 5 items failed: order-2: .* comes to 125.00") as raised:
        shop.run(listed, payment=PAYMENT)
    assert "but 124.99 is expected: a difference of -0.01. The document wasn't booked." in str(raised.value)
    assert shop.asked() - Counter({"POST contacts": 3, "GET contacts": 1}) == {
        "GET invoices": 3, "POST invoices": 5, "POST invoices/book": 4, "POST invoices/payments": 4,
        "GET accounts/deposit": 1,
        "POST invoices/email": 4,
    }  # fmt: skip
    first = shop.rows[0]["Guid"]
    steps = [each["path"].rpartition("/")[2] for each in shop.box.requests() if f"{first}/" in each["path"]]
    assert steps == ["book", "payments", "email"]
    assert [row["Change"] for row in shop.rows] == ["created", "created", "failed", "created", "created"]
    assert shop.box.state()["payments"] == 4
    listed[2] = order(2, expected_total="250", invoice={"ProductLines": [line(Quantity=2)]})
    assert shop.run(listed, payment=PAYMENT)["updated"] == 1  # a draft that wasn't booked is what the key says now
    assert shop.rows[2]["TotalInclVat"] == "250.00"
    assert shop.run(listed, payment=PAYMENT)["unchanged"] == 5
    assert sum(shop.asked().values()) == 2
    assert (shop.box.state()["payments"], shop.mailed()) == (5, [1, 2, 3, 4, 5])


def test_one_bad_order_does_not_stop_the_others(shop: Shop) -> None:
    listed: list[Any] = orders(9)
    listed[1]["invoice"]["Comnent"] = "x"
    listed[1] |= {"expected_total": "1,00", "payment": {"Amount": "2,00"}, "match_by": "Name", "resend": -1}
    listed[4] = order(4, invoice={"ProductLines": [line(AccountNumber=999_999)]})
    listed[6] = b'{"idempotency_key": '
    listed[7] = order(0)
    with pytest.raises(errors.DineroItemsFailed, match="4 of 9 items failed") as raised:
        shop.run(listed)
    for reason in ("did you mean Comment", "order-4: ", "item 7: The item is not JSON", "order-0 is in the list twice"):
        assert reason in str(raised.value)
    # All that is wrong with an order is told at once.
    for reason in ("did you mean Comment", "not '1,00'", "not '2,00'", "resend: -1", "Use ExternalReference"):
        assert reason in shop.rows[1]["Message"]
    assert [row["Item"] for row in shop.rows] == list(range(1, 10))
    assert [row["Number"] for row in shop.rows if row["Change"] == "created"] == [1, 2, 3, 4, 5]
    assert {row["Error"] for row in shop.rows if row["Change"] == "failed"} == {
        "DineroInvalidBody", "DineroInvalidRequest",
    }  # fmt: skip
    mended = shop.run(orders(9))
    assert (mended["created"], mended["unchanged"], mended["failed"]) == (4, 5, 0)
    assert [shop.rows[at]["Number"] for at in (1, 4, 6, 7)] == [6, 7, 8, 9]
    assert shop.mailed() == list(range(1, 10))


def nested(depth: int) -> Any:
    made: Any = []
    for _ in range(depth):
        made = [made]
    return made


def with_contact(**changes: Any) -> dict[str, Any]:
    made = order(1)
    made["contact"].update(changes)
    return made


ODD: dict[str, dict[str, Any]] = {
    "the last day": order(1, invoice={"Date": "9999-12-31", "ProductLines": [line()]}),
    "the first day": order(1, invoice={"Date": "0001-01-01", "ProductLines": [line()]}),
    "no such day": order(1, invoice={"Date": "2026-02-30", "ProductLines": [line()]}),
    "nested": order(1, invoice={"ProductLines": nested(3000)}),
    "two ways of sending": order(1, send=["email"]),
    "a way that is a dict": order(1, send={"by": "email"}),
    "a key without end": order(1, idempotency_key=10**5000),
    "a generation without end": order(1, generation=10**5000),
    "a semicolon": with_contact(ExternalReference="a;b"),
    "a no-break space": with_contact(ExternalReference="a\u00a0b"),
    "half a character": order(1, idempotency_key="a\ud800"),
    "half a character in a text": order(1, invoice={"Comment": "a\ud800", "ProductLines": [line()]}),
}


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_order_is_no_matter_of_the_others(shop: Shop, name: str, spooled: bool) -> None:
    listed: list[Any] = [order(0), ODD[name], order(2)]
    with pytest.raises(errors.DineroItemsFailed, match="1 of 3 items failed"):
        shop.run(iter(listed) if spooled else listed)
    assert [row["Change"] for row in shop.rows] == ["created", "failed", "created"]
    assert encode(shop.rows)  # as the operator stores the report


def test_stop_stops_before_anything_is_sent_where_a_check_fails(shop: Shop) -> None:
    listed = orders(3)
    listed[2]["sent"] = "email"
    with pytest.raises(errors.DineroInvalidBody, match="Item 3: An item has no sent, did you mean send"):
        shop.run(listed, on_error="stop")
    assert not shop.asked()
    listed[2] = order(2, invoice={"ProductLines": [line(AccountNumber=999_999)]})
    with pytest.raises(errors.DineroRefused):
        shop.run([listed[2], *listed[:2]], on_error="stop")
    assert shop.mailed() == []


@pytest.mark.parametrize(
    ("change", "requests", "reason"),
    [
        ({"Comment": "other"}, 1, "Comment: Dinero has 'Order 1', you gave 'other'"),
        ({"ProductLines": [line(Quantity=2)]}, 1, "Quantity"),
        ({"Description": "Bill"}, 0, "Description: Dinero has 'Faktura', you gave 'Bill'"),
        ({"Currency": "EUR"}, 0, "Currency: Dinero has 'DKK', you gave 'EUR'"),
    ],
)
def test_the_same_key_with_other_content_is_a_conflict(
    shop: Shop, change: dict[str, Any], requests: int, reason: str
) -> None:
    shop.run(orders(3))
    with pytest.raises(errors.DineroItemsFailed, match="1 of 3 items failed: order-1"):
        shop.run([order(0), order(1, invoice=change), order(2)])
    assert reason in shop.rows[1]["Message"]
    assert shop.rows[1]["Error"] == "DineroConflict"
    assert shop.asked() == Counter({"GET contacts": 1, "GET invoices": 1 + requests})


def test_a_draft_that_somebody_changes_is_read_and_is_a_conflict(shop: Shop) -> None:
    shop.run(orders(3), book=False, send=None)
    assert sum(shop.asked().values()) == 1 + 3 + 2 + 3
    shop.run(orders(3), book=False, send=None)
    assert sum(shop.asked().values()) == 2
    body = {**order(1)["invoice"], "ContactGuid": shop.beside.invoices.get(shop.rows[1]["Guid"])["ContactGuid"]}
    shop.beside.invoices.update(shop.rows[1]["Guid"], {**body, "ProductLines": [line(BaseAmountValue="7")]})
    with pytest.raises(errors.DineroItemsFailed, match=r"1 of 3 items failed: order-1.*BaseAmountValue"):
        shop.run(orders(3))
    assert shop.mailed() == [1, 2]
    shop.beside.invoices.update(shop.rows[1]["Guid"], body)
    assert shop.run(orders(3))["updated"] == 1
    assert shop.mailed() == [1, 2, 3]


def test_who_has_mailed_or_paid_before_is_seen(shop: Shop) -> None:
    shop.run(orders(4), send=None)
    guids = [row["Guid"] for row in shop.rows]
    shop.beside.invoices.email(guids[0])
    shop.beside.sms.send(
        guids[1],
        {
            "ReceiverPhoneNumber": "12345678", "ReceiverName": "Ida", "IsReminder": False,
            "Timestamp": shop.beside.invoices.get(guids[1])["TimeStamp"],
        },
    )  # fmt: skip
    paid = {**PAYMENT, "Amount": "125", "RemainderIsFee": False}
    shop.beside.invoices.add_payment(guids[2], paid)
    shop.beside.invoices.add_payment(guids[3], {**paid, "Amount": "25"})
    with pytest.raises(errors.DineroItemsFailed, match="order-2: Invoice 3 is already paid, but not by order-2"):
        shop.run(orders(4), payment=PAYMENT)
    assert [row["Change"] for row in shop.rows] == ["updated", "updated", "failed", "failed"]
    assert "has other payments of 25.00 DKK, and none with the reference order-3" in shop.rows[3]["Message"]
    assert [shop.beside.invoices.payments(guid)["PaidAmount"] for guid in guids] == [125, 125, 125, 25]
    assert Counter(int(each["number"]) for each in shop.box.outbox()) == {1: 1, 2: 2}


def test_a_later_order_changes_its_customer_from_its_own_invoice_on(shop: Shop) -> None:
    listed = [order(0), order(3, contact={"Name": "Changed", "Email": "new@example.dk"}), order(6), order(1)]
    listed[2]["contact"] = listed[1]["contact"]
    shop.run(listed)
    found = [shop.beside.invoices.get(row["Guid"])["ContactName"] for row in shop.rows]
    assert found == ["Customer 0", "Changed", "Changed", "Customer 1"]
    assert shop.box.outbox()[0]["to"] == "customer-0@example.dk"
    assert [row["Number"] for row in shop.rows] == [1, 2, 3, 4]
    shop.run(listed)
    assert shop.asked() == {"GET contacts": 1, "GET invoices": 1}
    listed[2]["contact"] = {**listed[1]["contact"], "City": "Aarhus"}
    shop.run(listed)  # nothing is left to do, and the last one's content holds
    assert shop.asked() == {"GET contacts": 2, "GET invoices": 1, "PUT contacts": 1}


def test_killed_with_any_answer_unread_and_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The requested write is done, but its result is unknown, and no other write is requested."""
    attempt = Connection.attempt
    for at in range(20):
        shop.box.reset()
        shop.store, left = MemoryStateStore(), [at]

        def killed(*args: Any, left: list[int] = left, **options: Any) -> Any:
            left[0] -= 1
            if left[0] >= -1:
                done = attempt(*args, **options)
                if left[0] >= 0:
                    return done
            raise errors.DineroConfigurationError("killed")

        monkeypatch.setattr(Connection, "attempt", killed)
        with suppress(errors.DineroConfigurationError):
            shop.run(orders(2), payment=PAYMENT)
        monkeypatch.setattr(Connection, "attempt", attempt)
        shop.run(orders(2), payment=PAYMENT)
        state = shop.box.state()
        assert (state["invoices"], state["payments"], shop.mailed()) == (2, 2, [1, 2]), at
        assert sorted(row["Number"] for row in shop.rows) == [1, 2]
        if left[0] >= 0:  # it was not hit any more
            return
    pytest.fail("more requests than were counted on")


def test_two_at_once_with_overlapping_orders(shop: Shop) -> None:
    """One of them backwards: there is no deadlock, and each invoice is e-mailed once."""
    raised: list[BaseException] = []

    def work(listed: list[dict[str, Any]]) -> None:
        client = shop.client()
        try:
            client.batches(MemoryStateStore()).invoices(listed, **LIFE, payment=PAYMENT)
        except errors.DineroError as error:
            raised.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(each,)) for each in (orders(6), orders(8)[::-1])]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    assert not raised
    assert (shop.mailed(), shop.box.state()["payments"]) == (list(range(1, 9)), 8)


@pytest.mark.parametrize("step", ["", "/*/book", "/*/email", "/*/payments"])
@pytest.mark.parametrize("fault", ["reset", "reset-after", "500"])
def test_lost_answers_change_nothing(shop: Shop, step: str, fault: str) -> None:
    effect: dict[str, Any] = {"effect": "status", "status": 500} if fault == "500" else {"effect": fault}
    shop.box.fault(effect.pop("effect"), method="POST", path=f"/**/invoices{step}", times=1, **effect)
    if step == "/*/email" and fault != "reset-after":  # a mail of which nothing is to be seen
        with pytest.raises(errors.DineroItemsFailed, match="may or may not have been done"):
            shop.run(orders(4), payment=PAYMENT)
    shop.run(orders(4), payment=PAYMENT)
    state = shop.box.state()
    assert (state["invoices"], state["payments"], shop.mailed()) == (4, 4, [1, 2, 3, 4])


def test_four_requests_at_most(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt, under_way, most = Connection.attempt, [0], [0]

    def counted(*args: Any, **options: Any) -> Any:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        try:
            return attempt(*args, **options)
        finally:
            under_way[0] -= 1

    monkeypatch.setattr(Connection, "attempt", counted)
    shop.box.fault("delay", method="POST", path="/**", seconds=0.02, times=1000)
    shop.run(orders(12))
    assert 2 <= most[0] <= 4


def meddle(monkeypatch: pytest.MonkeyPatch, beside: DineroClient, before: Callable[[str], None]) -> None:
    """Let somebody do something with an invoice right before it is booked."""
    from airflow_provider_dinero.api.resources.invoices import Invoices

    book = Invoices.book

    def meddled(self: Any, guid: str, **options: Any) -> Any:
        if self.session is not beside.session:
            before(guid)
        return book(self, guid, **options)

    monkeypatch.setattr(Invoices, "book", meddled)


def test_a_person_who_books_and_mails_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, seen = shop.beside, []

    def person(guid: str) -> None:
        if not seen:
            seen.append(guid)
            beside.invoices.book(guid)
            beside.invoices.email(guid)

    meddle(monkeypatch, beside, person)
    assert shop.run(orders(3))["created"] == 3
    assert shop.mailed() == [1, 2, 3]


def test_a_person_who_changes_and_books_first_is_a_conflict(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, seen = shop.beside, []

    def person(guid: str) -> None:
        if not seen:
            seen.append(guid)
            there = beside.invoices.get(guid)
            beside.invoices.update(guid, {"ContactGuid": there["ContactGuid"], "ProductLines": [line(Quantity=9)]})
            beside.invoices.book(guid)

    meddle(monkeypatch, beside, person)
    with pytest.raises(errors.DineroItemsFailed, match=r"1 of 3 items failed: order-0.*Quantity"):
        shop.run(orders(3))
    assert shop.mailed() == [2, 3]


def test_a_payment_that_is_refused_leaves_the_invoice_unmailed(shop: Shop) -> None:
    """Paid and sent as soon as it can be: the account is checked before, so somebody is quicker."""
    shop.box.fault("status", method="POST", path="/**/payments", status=400, times=1)
    with pytest.raises(errors.DineroItemsFailed, match=r"Invoice [1-4] is booked, but wasn't sent"):
        shop.run(orders(3), payment=PAYMENT)
    assert len(shop.mailed()) == 2
    assert shop.run(orders(3), payment=PAYMENT)["updated"] == 1
    assert (shop.mailed(), shop.box.state()["payments"]) == ([1, 2, 3], 3)
