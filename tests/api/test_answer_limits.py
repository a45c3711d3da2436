"""A response beyond the documented limits ends in a clear error, and takes neither memory nor time."""

import gzip
import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.http.watch import Watch
from tests.api.proxied import behind, client, one, proxy, sandbox
from tests.cutting import PAGE, Cutter, Spoil

__all__ = ["behind", "client", "one", "proxy", "sandbox"]

GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"
CONTACTS = "GET /v1/*/contacts"
JSON = (("Content-Type", "application/json"),)
PRODUCT = {"Name": "Time", "BaseAmountValue": "8", "Quantity": 1, "AccountNumber": 1000, "Unit": "hours"}


def says(behind: DineroClient, proxy: Cutter, body: bytes, **options: Any) -> list[Any]:
    proxy.order(Spoil(CONTACTS, times=4, status=200, body=body, **options))
    return list(behind.contacts.list())


def page(row: str = "", pagination: str = "{}") -> bytes:
    return f'{{"Collection": [{{"ContactGuid": "{GUID}"{row}}}], "Pagination": {pagination}}}'.encode()


LIMITS = {
    "deep object": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "values nested more than"),
    "deep row": (page(f', "a": {"[" * 70}{"]" * 70}'), "values nested more than 64"),
    "bad UTF-8": (page(', "Name": "?"').replace(b"?", b"\xff"), "not UTF-8"),
    "exponent": (page(', "Amount": 1E+400'), "a number of more than 60 digits"),
    "exponent that overflows": (page(', "Amount": 1E+99999999999999999999'), "a number of more than 60 digits"),
    "small exponent": (page(', "Amount": 1E-400'), "a number of more than 60 digits"),
    "digits": (page(f', "Amount": 1.{"1" * 80}'), "a number of more than 60 digits"),
    "negative page size": (page("", '{"PageSize": -5}'), "PageSize is not valid"),
    "page size": (page("", '{"PageSize": 5000000}'), "PageSize is not valid"),
    "total": (page("", '{"ResultWithoutFilter": "many"}'), "ResultWithoutFilter is not valid"),
    "no pagination": (page("", "[1]"), "Pagination is not an object"),
    "rows": (b'{"Collection": [[]]}', "an array of something else"),
    "array": (b"[]", "instead of a page"),
    "no rows": (b'{"Collection": null}', "a single value instead of an array"),
    "not JSON": (b"\x00\xff", "not JSON"),
    "page": (PAGE, "an HTML page"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_beyond_the_limits_is_told(behind: DineroClient, proxy: Cutter, name: str) -> None:
    body, told = LIMITS[name]
    with pytest.raises(errors.DineroUnexpectedAnswer, match=told):
        says(behind, proxy, body, headers=JSON)
    assert proxy.count(CONTACTS) == 4


def test_numbers_within_the_limits_are_exact(behind: DineroClient, proxy: Cutter) -> None:
    numbers = ["1E+60", "-1.5e-60", "0E+99999", "0.10", f"{10**59}.0"]
    (row,) = says(behind, proxy, page(f', "Amounts": [{", ".join(numbers)}]'))
    assert [str(each) for each in row["Amounts"]][1:2] == ["-1.5E-60"]
    assert row["Amounts"][0] == 10**60
    assert str(row["Amounts"][3]) == "0.10"


@pytest.mark.parametrize("packed", [True, False])
def test_what_is_too_large_is_not_kept(
    behind: DineroClient, proxy: Cutter, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr("airflow_provider_dinero.api.http.connection.LARGEST", 2**20)
    body = page(f', "Name": "{" " * 2**21}"')
    headers = (("Content-Encoding", "gzip"),) if packed else ()
    with pytest.raises(errors.DineroUnexpectedAnswer, match=r"more than 1 MiB.*Request less"):
        says(behind, proxy, gzip.compress(body) if packed else body, headers=headers)
    assert proxy.count(CONTACTS) == 1  # the same again would be as large
    proxy.order(Spoil("POST *products", status=200, body=body, passed=1))
    assert behind.products.upsert({**PRODUCT, "ExternalReference": "p"})["Change"] == "created"


@pytest.mark.parametrize("spoil", [lambda body: body[:-4], lambda body: body + b"x", lambda body: b"\x00" + body])
def test_what_is_packed_has_to_unpack(
    behind: DineroClient, proxy: Cutter, one: str, spoil: Callable[[bytes], bytes]
) -> None:
    headers = (("Content-Encoding", "gzip"),)
    assert says(behind, proxy, gzip.compress(page()), headers=headers)
    with pytest.raises((errors.DineroUnavailable, errors.DineroUnexpectedAnswer), match=r"compress|JSON"):
        says(behind, proxy, spoil(gzip.compress(page())), headers=headers)
    with pytest.raises(errors.DineroUnexpectedAnswer, match="encoding that was not requested"):
        says(behind, proxy, page(), headers=(("Content-Encoding", "br"),))


def test_what_others_say_is_told_in_one_short_line(behind: DineroClient, proxy: Cutter) -> None:
    said = "no\r\nINFO forged \x1b[2J" + "x" * 5000
    wrong = {f"key {number}\n": [said] for number in range(100)}
    for status, code in ((400, 42), (403, 41), (404, 10**9), (409, 10**30)):
        body = json.dumps({"code": code, "message": said, "validationErrors": wrong}).encode()
        proxy.order(Spoil(CONTACTS, status=status, body=body, headers=JSON))
        with pytest.raises(errors.DineroRefused) as caught:
            list(behind.contacts.list())
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 15_000
        assert len(caught.value.said) <= 300
    proxy.order(Spoil(CONTACTS, status=307, body=b"", headers=(("Location", "http://[::1"),)))
    with pytest.raises(errors.DineroUnexpectedAnswer, match="HTTP 307"):
        list(behind.contacts.list())


class Slow:
    """What a Watch ends."""

    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


def test_a_forked_process_watches_too() -> None:
    slow = Slow()
    watch = Watch(0.1, slow.end)
    with watch.on():
        pid = os.fork()
        if pid == 0:
            with watch.on():
                time.sleep(0.5)
            os._exit(not slow.ended)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
