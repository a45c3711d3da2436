"""A response is complete, or it counts as lost: a truncated, empty or foreign response is never used."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from tests.api.proxied import behind, client, one, proxy, sandbox
from tests.conftest import CONTACT, line
from tests.cutting import PAGE, Cutter, Spoil, certificate, composed, cutting

__all__ = ["behind", "client", "one", "proxy", "sandbox"]

GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"
FRAMINGS = ("length", "chunked", "close", "1.0")
CONTACTS = "GET /v1/*/contacts"
PDF = b"%PDF-1.4 receipt"
JSON = (("Content-Type", "application/json"),)


def cut_everywhere(client: DineroClient, proxy: Cutter, framing: str, step: int) -> None:
    """Read a list of one row once for each byte of status line and headers, and each way in which the body can end."""
    client.contacts.list()
    at, length = 0, step
    while at < length:
        proxy.order(Spoil(CONTACTS, framing=framing, head=at))
        assert len(list(client.contacts.list())) == 1, f"{framing}: cut at {at}"
        at, length = at + step, proxy.cuts[-1][1]
    for rest in range(0, 40, step):
        proxy.order(Spoil(CONTACTS, framing=framing, rest=rest))
        assert len(list(client.contacts.list())) == 1, f"{framing}: cut {rest} before its end"
    assert len(proxy.cuts) > 100 / step


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_list_that_is_cut_is_read_again(behind: DineroClient, proxy: Cutter, one: str, framing: str) -> None:
    cut_everywhere(behind, proxy, framing, 1 if framing == "length" else 5)


def test_the_end_of_tls_is_no_end_of_an_answer(
    make_client: Any, sandbox: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, one: str
) -> None:
    """Nobody says close_notify; the library below takes that for the end of whatever it was reading."""
    paths = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", paths[0])
    with cutting(sandbox.url, paths) as proxy:
        client = make_client(base_url=proxy.url, requests_per_minute=10**6, sleep=lambda seconds: None)
        cut_everywhere(client, proxy, "length", 9)
        cut_everywhere(client, proxy, "close", 9)


def test_nothing_is_an_answer_where_the_headers_are_whole(
    behind: DineroClient, client: DineroClient, proxy: Cutter
) -> None:
    """The response to a DELETE is empty: only the blank line shows that there was one."""
    place, at, length = "DELETE *contacts/*", 0, 1
    while at < length:
        guid = client.contacts.create(CONTACT)["ContactGuid"]
        proxy.order(Spoil(place, passed=0, status=200, body=b"", framing="close", headers=JSON, head=at))
        behind.contacts.delete(guid)
        assert client.contacts.get(guid)["DeletedAt"], f"cut at {at}"
        at, length = at + 1, proxy.cuts[-1][1]
    assert at > 60


@pytest.mark.parametrize("framing", FRAMINGS)
def test_what_is_whole_is_taken_at_once(behind: DineroClient, proxy: Cutter, one: str, framing: str) -> None:
    proxy.order(Spoil(CONTACTS, times=9, framing=framing))
    assert len(list(behind.contacts.list())) == 1
    assert proxy.count(CONTACTS) == 1


def test_a_type_that_is_wrong_is_no_matter(behind: DineroClient, proxy: Cutter, one: str) -> None:
    told = json.dumps({"Collection": [{"ContactGuid": one}], "Pagination": {}}).encode()
    for kind in ("text/html; charset=utf-16", "application/vnd.dinero+json", ""):
        proxy.order(Spoil(CONTACTS, status=200, body=told, headers=(("Content-Type", kind),)))
        assert [row["ContactGuid"] for row in behind.contacts.list()] == [one]
    assert proxy.count(CONTACTS) == 3


def test_a_file_has_to_tell_its_end(behind: DineroClient, proxy: Cutter, tmp_path: Any) -> None:
    place, content = "GET /v1/*/files/*", PDF * 1000
    file = behind.files.upload(content, "bilag.pdf")["FileGuid"]
    spoilt = [Spoil(place, framing=framing, rest=rest) for framing in FRAMINGS for rest in (0, 7, 9000)]
    spoilt += [Spoil(place, framing="close"), Spoil(place, framing="1.0"), Spoil(place, status=200, body=b"")]
    spoilt += [Spoil(place, status=206, body=PDF), Spoil(place, status=204)]
    spoilt += [Spoil(place, status=200, body=PAGE, headers=(("Content-Type", "text/html"),))]
    for order in spoilt:
        for read in (behind.files.get, lambda guid: behind.files.download(guid, tmp_path / "a.pdf").read_bytes()):
            proxy.order(order)
            assert read(file) == content, order
            assert proxy.struck == [1]
    proxy.order(Spoil(place, framing="close", times=9))
    with pytest.raises(errors.DineroUnavailable, match="a file without a length"):
        behind.files.get(file)
    assert [each.name for each in tmp_path.iterdir()] == ["a.pdf"]


# What is not an answer to a write, although its status is a success; and refusals that aren't Dinero's own.
NO_ANSWERS = {
    "empty 200": {"status": 200, "body": b""},
    "204": {"status": 204, "body": b""},
    "page": {"status": 200, "body": PAGE},
    "page 403": {"status": 403, "body": PAGE},
    "page 401": {"status": 401, "body": PAGE},
    "page 429": {"status": 429, "body": PAGE, "headers": (("Retry-After", "1"),)},
    "plain 429": {"status": 429, "body": b"slow down", "headers": (("Retry-After", "1"),)},
    "redirect": {"status": 303, "body": b"", "headers": (("Location", "http://[::1"),)},
    "502": {"status": 502, "body": PAGE},
    "array": {"status": 200, "body": b"[]", "headers": JSON},
    "object": {"status": 200, "body": b"{}", "headers": JSON},
    "null": {"status": 200, "body": b'{"Guid":null,"FileGuid":null,"ProductGuid":null}', "headers": JSON},
    "number": {"status": 200, "body": b"12", "headers": JSON},
    "cut head": {"head": 20},
    "cut body": {"rest": 3, "framing": "close"},
}
PAYMENT = {"DepositAccountNumber": 55000, "Amount": "50", "RemainderIsFee": False, "Description": "Bank"}
PRODUCT = {"Name": "Time", "BaseAmountValue": "8", "Quantity": 1, "AccountNumber": 1000, "Unit": "hours"}


def booked(client: DineroClient, day: str, key: str) -> str:
    contact = client.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]
    guid = client.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    return str(client.invoices.book(guid)["Guid"])


def owed(client: DineroClient, day: str, key: str) -> str:
    contact = client.contacts.create(CONTACT)["ContactGuid"]
    bought = {"PurchaseType": "credit", "VoucherDate": day, "PaymentDate": day, "RegionKey": "DK"}
    lines = [{"Description": "Papir", "AccountNumber": 6000, "Amount": "125.50"}]
    guid = client.purchase_vouchers.create({**bought, "ContactGuid": contact, "Lines": lines})["Guid"]
    return str(client.purchase_vouchers.book(guid)["Guid"])


def draft(client: DineroClient, day: str, key: str) -> str:
    contact = client.contacts.create(CONTACT)["ContactGuid"]
    return str(client.invoices.create({"ProductLines": [line()], "ContactGuid": contact})["Guid"])


def only_key(client: DineroClient, day: str, key: str) -> str:
    return key


Do = Callable[[DineroClient, str], Any]
# By name: what is needed, the write, its path, and how to count the results.
WRITES: dict[str, tuple[Callable[[DineroClient, str, str], str], Do, str, Do]] = {
    "email": (
        booked,
        lambda client, guid: client.invoices.email_once(guid),
        "POST *email",
        lambda client, guid: len(client.invoices.mailouts(guid)),
    ),
    "payment": (
        owed,
        lambda client, guid: client.purchase_vouchers.add_payment_once(guid, {**PAYMENT, "ExternalReference": "b"}),
        "POST *payments",
        lambda client, guid: len(client.purchase_vouchers.payments(guid)),
    ),
    "book": (
        draft,
        lambda client, guid: {"Status": client.invoices.book(guid)["Status"]},
        "POST *book",
        lambda client, guid: int(client.invoices.get(guid)["Status"] == "Booked"),
    ),
    "file": (
        only_key,
        lambda client, key: client.files.upload_once(PDF, f"{key}.pdf"),
        "POST *files",
        lambda client, key: sum(each["Name"].startswith(key) for each in client.files.list()),
    ),
    "product": (
        only_key,
        lambda client, key: client.products.upsert({**PRODUCT, "ExternalReference": key}),
        "POST *products",
        lambda client, key: sum(each["ExternalReference"] == key for each in client.products.list()),
    ),
    "contact": (
        only_key,
        lambda client, key: client.contacts.upsert({**CONTACT, "ExternalReference": key}),
        "POST *contacts",
        lambda client, key: sum(each["ExternalReference"] == key for each in client.contacts.list()),
    ),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_is_no_answer_is_lost(
    behind: DineroClient, client: DineroClient, proxy: Cutter, sandbox: Any, write: str
) -> None:
    """Passed on or not, a write that is reported as done was done once, and a bare write isn't sent twice."""
    prepare, do, place, there = WRITES[write]
    bare, day = write in {"email", "file", "product"}, f"{sandbox.now():%Y-%m-%d}"
    for number, (name, spoilt) in enumerate(NO_ANSWERS.items()):
        for passed in (1, 0):
            key = prepare(client, day, f"key-{number}-{passed}-")
            proxy.seen.clear()
            proxy.order(Spoil(place, passed=passed, **spoilt))
            try:
                done = do(behind, key)
            except errors.DineroOutcomeUnknown:
                assert bare, name
                assert not passed, name
                assert there(client, key) == 0
            else:
                assert done.get("Change", "created") == "created", name
                assert there(client, key) == 1, name
            assert proxy.count(place) == (1 if bare else 2), name
            assert proxy.struck == [1]


def test_a_page_that_says_404_is_not_believed(behind: DineroClient, proxy: Cutter, one: str) -> None:
    """If it were taken for Dinero's response, an existing document would count as deleted."""
    proxy.order(Spoil("DELETE *", passed=0, head=9, times=4), Spoil("GET *", status=404, body=PAGE, times=9))
    with pytest.raises(errors.DineroUnavailable):
        behind.contacts.delete(one)
    proxy.order(Spoil("GET *", status=404, body=PAGE))
    assert behind.contacts.get(one)["DeletedAt"] is None


def test_a_refusal_that_is_cut_is_not_believed(behind: DineroClient, proxy: Cutter, one: str) -> None:
    """Its code is at its end: without it a duplicate would be an invalid request."""
    proxy.order(Spoil("POST *contacts", framing="close", rest=20))
    assert behind.contacts.create({**CONTACT, "ContactGuid": one})["ContactGuid"] == one
    head, body = composed(200, JSON, b"{}", "chunked")
    assert body.endswith(b"0\r\n\r\n")
    assert head.endswith(b"\r\n\r\n")
