"""A write whose response is lost is done once. Each test has its control: without the lookup, it isn't."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.api import PersonalIntegration, errors
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.resources import files, invoices
from tests.conftest import CONTACT, line
from tests.faulty import Faults, before

GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


@pytest.fixture
def faults(sandbox: Any) -> Iterator[Faults]:
    with before(sandbox.url) as proxy:
        yield proxy


@pytest.fixture
def slept() -> list[float]:
    """How long the client would have waited."""
    return []


@pytest.fixture
def shaky(make_client: Any, faults: Faults, slept: list[float]) -> Any:
    """A client whose responses get lost on the way."""
    return make_client(base_url=faults.url, look_again=(5, 15), sleep=slept.append)


@pytest.fixture
def draft(shaky: Any) -> dict[str, Any]:
    contact = shaky.contacts.create({**CONTACT, "Email": "bjorn@example.no"})
    return shaky.invoices.create({"Guid": GUID, "ContactGuid": contact["ContactGuid"], "ProductLines": [line()]})


def test_a_create_is_sent_again_and_found(shaky: Any, faults: Faults) -> None:
    faults.lose["POST /invoices"] = 1
    made = shaky.invoices.create({"Guid": GUID, "ProductLines": [line()]})
    assert made["Guid"] == GUID
    assert faults.count("POST /v1/100001/invoices") == 2
    assert [row["Guid"] for row in shaky.invoices.list()] == [GUID]


def test_without_a_guid_a_lost_create_would_be_done_twice(shaky: Any, faults: Faults) -> None:
    """The control: it is the Guid that makes a create safe to repeat, so one without gets one."""
    faults.lose["POST /invoices"] = 2
    shaky.json(invoices._CREATE, body={"ProductLines": [line()]})
    assert len(list(shaky.invoices.list())) == 3
    faults.lose["POST /invoices"] = 2
    shaky.invoices.create({"ProductLines": [line()]})
    assert len(list(shaky.invoices.list())) == 4


def test_a_booking_is_sent_again_with_its_timestamp(shaky: Any, faults: Faults, draft: dict[str, Any]) -> None:
    faults.lose["POST /book"] = 1
    booked = shaky.invoices.book(GUID, timestamp=draft["TimeStamp"])
    assert (booked["Status"], booked["Number"]) == ("Booked", 1)
    assert faults.count("/book") == 2


def test_a_lost_mail_is_looked_up_and_not_sent_again(
    shaky: Any, faults: Faults, draft: dict[str, Any], sandbox: Any
) -> None:
    shaky.invoices.book(GUID)
    faults.lose["POST /email"] = 1
    assert shaky.invoices.email_once(GUID) == {"Recipients": ["bjorn@example.no"], "Change": "created"}
    assert faults.count("/email") == 1
    assert len(sandbox.outbox()) == 1


def test_were_mail_not_bare_it_would_go_out_twice(
    shaky: Any, faults: Faults, draft: dict[str, Any], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a Timestamp is not a fence for mail."""
    fenced = invoices.Operation("POST", invoices._EMAIL.path, Repeat.FENCED, body="ApiMailoutModel")
    monkeypatch.setattr(invoices.Invoices, "EMAIL", fenced)
    booked = shaky.invoices.book(GUID)
    faults.lose["POST /email"] = 1
    shaky.invoices.email(GUID, {"Timestamp": booked["TimeStamp"]})
    assert len(sandbox.outbox()) == 2


def test_a_mail_that_is_nowhere_to_be_seen_is_an_unknown_outcome(
    shaky: Any, faults: Faults, draft: dict[str, Any], slept: list[float]
) -> None:
    shaky.invoices.book(GUID)
    faults.answer["POST /email"] = [(500, {}, b"")]
    with pytest.raises(errors.DineroOutcomeUnknown, match="may or may not have been done"):
        shaky.invoices.email_once(GUID)
    assert faults.count("/email") == 1
    assert faults.count("/mailouts") == 4  # before it, at once after it, and twice later
    assert slept == [5, 15]


def test_a_lost_upload_is_looked_up_and_not_sent_again(shaky: Any, faults: Faults) -> None:
    faults.lose["POST /files"] = 1
    saved = shaky.files.upload_once(b"%PDF-1.4 receipt", "receipt.pdf")
    assert [row["FileGuid"] for row in shaky.files.list()] == [saved["FileGuid"]]
    assert faults.count("POST /v1/100001/files") == 1


def test_were_an_upload_not_bare_it_would_be_there_twice(
    shaky: Any, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(files, "_UPLOAD", files.Operation("POST", files._UPLOAD.path, Repeat.KEYED))
    faults.lose["POST /files"] = 1
    shaky.files.upload(b"%PDF-1.4 receipt", "receipt.pdf")
    assert len(list(shaky.files.list())) == 2


def test_a_task_that_times_out_while_it_mails_looks_first(
    shaky: Any, faults: Faults, draft: dict[str, Any], sandbox: Any
) -> None:
    """Airflow's execution timeout is a BaseException in the middle of whatever runs."""

    class TimeoutOfTask(BaseException):
        pass

    def interrupt(number: int, frame: object) -> None:
        raise TimeoutOfTask

    shaky.invoices.book(GUID)
    faults.call["POST /email"] = lambda: os.kill(os.getpid(), signal.SIGALRM)
    faults.delay["POST /email"] = 0.4
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        assert shaky.invoices.email_once(GUID)["Change"] == "created"
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(sandbox.outbox()) == 1


@pytest.mark.parametrize("content", [b"", b"<html>"])
def test_a_success_that_says_nothing_is_looked_up(shaky: Any, faults: Faults, content: bytes) -> None:
    faults.spoil["POST /files"] = content
    saved = shaky.files.upload_once(b"%PDF-1.4 receipt", "receipt.pdf")
    assert [row["FileGuid"] for row in shaky.files.list()] == [saved["FileGuid"]]
    if not content:  # the documents have a 201 with an empty body
        faults.spoil["POST /invoices"] = content
        assert shaky.invoices.create({"Guid": GUID, "ProductLines": [line()]})["Guid"] == GUID


def test_a_peer_that_breaks_tls_is_no_wrong_certificate(make_client: Any) -> None:
    """A load balancer that restarts: temporary. Only a certificate that was refused is the connection's fault."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            for _ in range(4):
                peer, _ = server.accept()
                peer.recv(100)
                peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        grant = PersonalIntegration("id", "secret", "key", url)
        with pytest.raises(errors.DineroUnavailable):
            make_client(base_url=url, grant=grant, sleep=lambda seconds: None).organizations.subscriptions()
        thread.join()


def test_a_lost_contact_is_found(shaky: Any, faults: Faults) -> None:
    faults.lose["POST /contacts"] = 1
    shaky.contacts.upsert(CONTACT)
    assert len(list(shaky.contacts.list())) == 1


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "7"}, 7), ({}, 60)])
def test_a_429_waits_as_long_as_it_says(
    shaky: Any, faults: Faults, slept: list[float], headers: dict[str, str], seconds: float
) -> None:
    faults.answer["GET /contacts"] = [(429, headers, b"API calls quota exceeded!")]
    assert list(shaky.contacts.list()) == []
    assert slept == [seconds]


def test_a_redirect_is_not_followed(shaky: Any, faults: Faults) -> None:
    faults.answer["GET /contacts"] = [(307, {"Location": "https://elsewhere.example/"}, b"")]
    with pytest.raises(errors.DineroUnexpectedAnswer, match=r"to elsewhere\.example; a token is never sent"):
        list(shaky.contacts.list())


def test_a_page_that_is_not_json_is_named(shaky: Any, faults: Faults) -> None:
    faults.answer["GET /contacts"] = [(200, {"Content-Type": "text/html"}, b"<html>")] * 4
    with pytest.raises(errors.DineroUnexpectedAnswer, match="an HTML page, attempt 4"):
        list(shaky.contacts.list())


def test_an_expired_token_is_renewed_once(shaky: Any, faults: Faults) -> None:
    list(shaky.contacts.list())
    faults.answer["GET /contacts"] = [(401, {}, b"")]
    assert list(shaky.contacts.list()) == []
    assert faults.count("/contacts") == 3


def test_a_token_that_is_never_accepted_ends_it(shaky: Any, faults: Faults) -> None:
    faults.answer["GET /contacts"] = [(401, {}, b"")] * 9
    with pytest.raises(errors.DineroUnauthorized, match="rejected a new token"):
        list(shaky.contacts.list())
    assert faults.count("/contacts") == 2


def test_errors_of_the_server_are_repeated_a_bounded_number_of_times(shaky: Any, faults: Faults) -> None:
    faults.answer["GET /contacts"] = [(503, {}, b"")] * 9
    with pytest.raises(errors.DineroUnavailable, match="HTTP 503, attempt 4"):
        list(shaky.contacts.list())
    assert faults.count("/contacts") == 4
