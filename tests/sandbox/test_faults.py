"""Faults that were set, as a client sees them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller

BO = {"Name": "Bo", "CountryKey": "DK"}


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The server takes what is on order as nothing to complain of."""
    yield
    assert capfd.readouterr().err == ""


def contacts(call: Caller) -> int:
    return len(call("GET", "/contacts")["Collection"])


def post(call: Caller, **options: Any) -> requests.Response:
    return call.raw("POST", "/contacts", json=BO, **options)


def exchange(call: Caller, path: str, *, wait: float = 5) -> bytes:
    """Everything that a bare socket gets as the answer to a POST of a contact.

    :raises ConnectionResetError: if the answer is a TCP reset
    """
    body = json.dumps(BO).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    head += f"Authorization: {call.session.headers['Authorization']}\r\n\r\n"
    where = urlsplit(call.sandbox.url)
    with socket.create_connection((where.hostname, where.port), timeout=wait) as wire:
        wire.sendall(head.encode() + body)
        parts = []
        while part := wire.recv(65536):
            parts.append(part)
    return b"".join(parts)


def eventually(call: Caller, count: int) -> None:
    end = time.monotonic() + 5
    while contacts(call) != count:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_status_with_a_body_and_how_often(call: Caller) -> None:
    call.sandbox.fault("status", method="POST", path="/v1/*/contacts", status=503, body={"oh": "no"}, times=2)
    call("GET", "/contacts")
    for _ in range(2):
        response = post(call)
        assert (response.status_code, response.json()) == (503, {"oh": "no"})
    assert post(call).status_code == 200
    assert contacts(call) == 1
    assert [fault["struck"] for fault in call.sandbox.faults()] == [2]


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (500, "application/json", '"code":50'),
        (401, "application/json", '"code":41'),
        (480, "text/plain; charset=utf-8", ""),
        (429, "text/plain; charset=utf-8", "API calls quota exceeded!"),
    ],
)
def test_status_alone_has_the_usual_body(call: Caller, status: int, kind: str, text: str) -> None:
    call.sandbox.fault("status", status=status)
    response = call.raw("GET", "/contacts")
    assert (response.status_code, response.headers["Content-Type"]) == (status, kind)
    assert text in response.text
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize("value", ["0", "7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"])
def test_retry_after_is_as_asked_for(call: Caller, value: str) -> None:
    call.sandbox.fault("status", status=429, retry_after=value)
    assert call.raw("GET", "/contacts").headers["Retry-After"] == value


@pytest.mark.parametrize(
    ("pattern", "strikes"),
    [
        ("/v1/*/contacts", True),
        ("/v1/{organizationId}/contacts", True),
        ("/**/contacts", True),
        ("/**", True),
        ("/*/contacts", False),
        ("/v1/*/contacts/{guid}", False),
        ("/v1/100001/contact.", False),
    ],
)
def test_path_pattern(call: Caller, pattern: str, strikes: bool) -> None:
    call.sandbox.fault("status", path=pattern)
    assert call.raw("GET", "/contacts?page=0").status_code == (500 if strikes else 200)


def test_method_in_any_case_and_a_slash_at_the_end(call: Caller) -> None:
    call.sandbox.fault("status", method="get", path="/v1/*/contacts")
    assert call.raw("GET", "/contacts/").status_code == 500
    assert call.raw("GET", "/contacts/?page=0").status_code == 500
    assert call.sandbox.faults()[0]["method"] == "GET"


def test_status_without_a_body(call: Caller) -> None:
    call.sandbox.fault("status", status=204)
    response = call.raw("GET", "/contacts")
    assert (response.status_code, response.content) == (204, b"")


def test_probability_is_seeded_and_repeatable(call: Caller) -> None:
    def run(seed: int) -> list[int]:
        call.sandbox.clear_faults()
        call.sandbox.fault("status", status=500, probability=0.5, seed=seed)
        return [call.raw("GET", "/contacts").status_code for _ in range(24)]

    first = run(1)
    assert set(first) == {200, 500}
    assert run(1) == first != run(2)


def test_reset_before_the_request_is_handled(call: Caller) -> None:
    call.sandbox.fault("reset", method="POST", times=1)
    with pytest.raises(ConnectionResetError):
        exchange(call, "/v1/100001/contacts")
    assert contacts(call) == 0
    noted = call.sandbox.requests()[-2]
    assert (noted["method"], noted["status"], noted["fault"]) == ("POST", 0, "reset")


def test_reset_after_it_was_committed(call: Caller) -> None:
    call.sandbox.fault("reset-after", method="POST", times=1)
    with pytest.raises(ConnectionResetError):
        exchange(call, "/v1/100001/contacts")
    assert contacts(call) == 1
    noted = call.sandbox.requests()[-2]
    assert (noted["status"], noted["fault"], noted["client_id"]) == (200, "reset-after", "personal-sandbox")


def test_committed_some_time_after_a_reset(call: Caller) -> None:
    call.sandbox.fault("late", method="POST", seconds=0.5)
    with pytest.raises(ConnectionResetError):
        exchange(call, "/v1/100001/contacts")
    assert contacts(call) == 0
    eventually(call, 1)


def test_committed_some_time_after_the_client_gave_up(call: Caller) -> None:
    call.sandbox.fault("late", method="POST", seconds=0.5, gone="timeout")
    with pytest.raises(TimeoutError):
        exchange(call, "/v1/100001/contacts", wait=0.3)
    assert contacts(call) == 0
    eventually(call, 1)


def test_reset_forgets_what_waits_for_its_time(call: Caller) -> None:
    call.sandbox.fault("late", method="POST", seconds=0.3)
    with pytest.raises(ConnectionResetError):
        exchange(call, "/v1/100001/contacts")
    call.sandbox.reset()
    arrived = call.sandbox.requests()
    time.sleep(0.6)
    assert call.sandbox.requests() == arrived == []


def test_delay(call: Caller) -> None:
    call.sandbox.fault("delay", seconds=0.4)
    begin = time.monotonic()
    assert post(call).status_code == 200
    assert time.monotonic() - begin >= 0.4


def test_slow_drip_is_whole_in_the_end(call: Caller) -> None:
    call.sandbox.fault("drip", seconds=0.5)
    arrived = []
    with call.raw("GET", "/contacts", stream=True) as response:
        for chunk in response.raw.stream(1):
            arrived.append((time.monotonic(), chunk))
    assert json.loads(b"".join(chunk for _, chunk in arrived))["Collection"] == []
    assert arrived[-1][0] - arrived[0][0] >= 0.3


def test_truncated_body_is_shorter_than_it_says(call: Caller) -> None:
    call.sandbox.fault("truncate", method="POST")
    head, _, body = exchange(call, "/v1/100001/contacts").partition(b"\r\n\r\n")
    said = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length"))
    assert head.startswith(b"HTTP/1.1 200")
    assert 0 < len(body) < said
    assert contacts(call) == 1


def test_truncated_answer_without_a_body_is_none_at_all(call: Caller, contact: str) -> None:
    call.sandbox.fault("truncate", method="DELETE")
    with pytest.raises(requests.ConnectionError):
        call.raw("DELETE", f"/contacts/{contact}")


def test_garbage_instead_of_what_was_done(call: Caller) -> None:
    call.sandbox.fault("garbage", method="POST")
    response = post(call)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r".*"):
        response.json()
    assert contacts(call) == 1


def test_html_instead_of_json(call: Caller) -> None:
    call.sandbox.fault("html", method="POST")
    response = post(call)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")
    assert contacts(call) == 0


def test_expired_token_stays_expired(call: Caller) -> None:
    call.sandbox.fault("expired-token", times=1)
    for _ in range(2):
        assert call.code("GET", "/contacts", 401) == 41


def test_redirect_to_another_host(call: Caller) -> None:
    call.sandbox.fault("redirect", location="https://evil.example/v1")
    response = call.raw("POST", "/contacts", json=BO, allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (307, "https://evil.example/v1")


def test_token_endpoint_can_fail_and_the_handles_never_do(call: Caller) -> None:
    call.sandbox.fault("status", status=500)
    assert requests.post(f"{call.sandbox.url}/connect/token", timeout=10).status_code == 500
    assert requests.get(f"{call.sandbox.url}/", timeout=10).status_code == 200
    call.sandbox.clear_faults()
    call("GET", "/contacts")


def test_reset_clears_faults(call: Caller) -> None:
    call.sandbox.fault("status")
    call.sandbox.reset()
    assert call.sandbox.faults() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"effect": "meteor"},
        {"effect": "status", "times": 0},
        {"effect": "status", "probability": 2},
        {"effect": "status", "state": 500},
        {"effect": "delay", "seconds": -1},
        {"effect": "status", "path": "v1/*/contacts"},
        {"effect": "status", "status": 204, "body": {"oh": "no"}},
        {"effect": "html", "status": 304},
        {"effect": "redirect", "status": 200},
        {"effect": "status", "retry_after": "7\r\nX: y"},
        {"effect": "status", "retry_after": "\u20ac"},
        {"effect": "redirect", "location": "https://a.example/\r\nX: y"},
    ],
)
def test_senseless_fault_is_refused(call: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\$|Invalid|unknown field|must|can't have a body"):
        call.sandbox.fault(**wrong)
    assert call.sandbox.faults() == []


def test_waiting_fault_does_not_keep_the_sandbox_from_stopping() -> None:
    with ThreadPoolExecutor(1) as pool:
        with running() as sandbox:
            sandbox.fault("delay", seconds=60)
            waiting = pool.submit(requests.get, f"{sandbox.url}/v1/organizations", timeout=30)
            while not sandbox.faults()[0]["struck"]:
                time.sleep(0.01)
            begin = time.monotonic()
        assert time.monotonic() - begin < 2
        with pytest.raises(requests.ConnectionError):
            waiting.result()
