"""What a web page in a developer's browser may try with the sandbox on the same machine."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from airflow_provider_dinero.sandbox.cli import main
from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from airflow_provider_dinero.sandbox.server import Sandbox, running

from .conftest import Caller

FAULT = '{"effect": "status"}'
EVIL = "https://evil.example"
PATHS = ("/", "/v1/organizations", "/_sandbox/health", "/_sandbox/ui/faults", "/_sandbox/faults", "/connect/authorize")


def answers(sandbox: Sandbox, **headers: str) -> dict[str, int]:
    return {path: requests.get(sandbox.url + path, headers=headers, timeout=10).status_code for path in PATHS}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example:80",
        "10.0.0.1",
        "[::2]",
        "::1",
        "",
    ],
)
def test_another_host_is_refused_everywhere(sandbox: Sandbox, host: str) -> None:
    found = answers(sandbox, Host=host, **CONTROL)
    assert set(found.values()) <= {400, 421}, found


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:8765", "[::1]:8765", "localhost."]
)
def test_this_machine_has_these_names(sandbox: Sandbox, host: str) -> None:
    assert 421 not in answers(sandbox, Host=host).values()


def test_a_name_that_was_allowed_is_answered_to() -> None:
    with running(allowed_hosts=["sandbox.internal"]) as sandbox:
        assert 421 not in answers(sandbox, Host="Sandbox.internal:8765").values()
        assert 421 in answers(sandbox, Host="other.internal").values()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", FAULT),
        ("DELETE", "faults", ""),
        ("POST", "reset", ""),
        ("POST", "clock", '{"days": 1}'),
        ("POST", "seed", '{"contacts": 1}'),
        ("POST", "ledger/foreign-post", '{"organization": 100001}'),
        ("DELETE", "requests", ""),
        ("GET", "requests", ""),
        ("GET", "outbox", ""),
    ],
)
def test_handles_want_a_header_that_no_form_can_send(call: Caller, method: str, path: str, body: str) -> None:
    before = (call.sandbox.state(), call.sandbox.faults(), call.sandbox.now())
    for headers in ({}, {"Content-Type": "text/plain"}, {"Origin": EVIL, **CONTROL}, {"X-Dinero-Sandbox": "2"}):
        url = f"{call.sandbox.url}/_sandbox/{path}"
        answer = requests.request(method, url, data=body, headers=headers, timeout=10)
        if method == "GET" and headers.get("Origin"):
            continue  # whoever can send the header may read; what a page of another site gets, its browser keeps
        assert answer.status_code == 403, answer.text
    assert (call.sandbox.state(), call.sandbox.faults(), call.sandbox.now()) == before
    assert "curl: -H 'X-Dinero-Sandbox: 1'" in requests.request(method, url, timeout=10).text


@pytest.mark.parametrize("path", ["faults", "faults/clear", "clock"])
@pytest.mark.parametrize("origin", [None, "null", EVIL, "http://127.0.0.1:1", "http://[", ""])
def test_forms_of_other_sites_are_refused(sandbox: Sandbox, path: str, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    form = {"effect": "status", "step": "month"}
    before = sandbox.now().date()
    answer = requests.post(f"{sandbox.url}/_sandbox/ui/{path}", data=form, headers=headers, timeout=10)
    assert (answer.status_code, sandbox.faults(), sandbox.now().date()) == (403, [], before)


def test_forms_of_its_own_pages_are_taken(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/ui/faults"
    answer = requests.post(url, data={"effect": "status"}, headers={"Origin": sandbox.url}, timeout=10)
    assert (answer.status_code, len(sandbox.faults())) == (200, 1)
    assert answer.history[0].status_code == 303


def test_another_site_can_not_sign_in_or_spend_a_token(sandbox: Sandbox) -> None:
    for path in (
        "/connect/token",
        "/connect/signin",
        "/connect/consent",
        "/connect/revocation",
        "/dineroapi/oauth/token",
    ):
        assert (
            requests.post(sandbox.url + path, data={"a": "b"}, headers={"Origin": EVIL}, timeout=10).status_code == 403
        )
    assert sandbox.requests() == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_can_not_use_up_a_fault(sandbox: Sandbox, site: str) -> None:
    """An image or a link needs no Origin, but the browser says where it is from."""
    sandbox.fault("status", status=503, times=1)
    for path in ("/v1/organizations", "/V1/100001/invoices", "/v3/webhooks"):
        answer = requests.get(sandbox.url + path, headers={"Sec-Fetch-Site": site}, timeout=10)
        assert (answer.status_code, "another site" in answer.text) == (403, True)
    assert ([each["struck"] for each in sandbox.faults()], sandbox.requests()) == ([0], [])
    for own in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}):
        assert requests.get(f"{sandbox.url}/v1/organizations", headers=own, timeout=10).status_code in {503, 401}


def test_no_other_site_may_read_an_answer(sandbox: Sandbox) -> None:
    asks = {
        "Origin": EVIL,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": next(iter(CONTROL)),
    }
    for path in (*PATHS, "/_sandbox/reset", "/connect/token"):
        for method in ("OPTIONS", "GET", "POST"):
            answer = requests.request(method, sandbox.url + path, headers={**asks, **CONTROL}, timeout=10)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "pattern", ["/**/a" * 90, "/*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "/**a**a**a**a**a**b", "/" + "a" * 500, "/{a*}/b"]
)
def test_no_pattern_takes_long(call: Caller, pattern: str) -> None:
    with suppress(ValueError):
        call.sandbox.fault("status", path=pattern)
    began = time.monotonic()
    requests.get(f"{call.sandbox.url}{'/a' * 5000}/c", timeout=30)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("/v1/*a", "must be whole segments"),
        ("/**a", "must be whole segments"),
        ("/" + "a" * 500, "at most 500 characters"),
    ],
)
def test_a_pattern_has_a_limit(sandbox: Sandbox, pattern: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        sandbox.fault("status", path=pattern)
    assert sandbox.faults() == []


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("before", [None, 0o644])
def test_the_state_is_for_its_owner_alone(tmp_path: Path, before: int | None) -> None:
    if before:
        (tmp_path / "state.db").touch(before)
    with running(state=str(tmp_path / "state.db")) as sandbox:
        sandbox.seed(contacts=1)
        found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert found == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)


def test_a_link_is_no_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").touch(0o644)
    (tmp_path / "state.db").symlink_to(tmp_path / "precious")
    assert main(["serve", "--port", "0", "--state", str(tmp_path / "state.db")]) == 1
    assert "The sandbox could not start" in capsys.readouterr().err
    assert (stat.S_IMODE((tmp_path / "precious").stat().st_mode), (tmp_path / "precious").read_bytes()) == (0o644, b"")


def test_the_command_takes_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    assert "--allowed-host NAME" in capsys.readouterr().out
