"""A truncated, empty or foreign response to a token request: the request is repeated, and the error is accurate."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, errors
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessLock
from airflow_provider_dinero.sandbox.server import running
from tests.api.tokens import token_requests, visma
from tests.cutting import PAGE, Cutter, Spoil, cutting

TOKEN = "POST *token"
SPOILT = {
    "status line": {"head": 12},
    "headers": {"head": 40},
    "body": {"rest": 9},
    "body of a connection": {"rest": 9, "framing": "close"},
    "empty": {"status": 200, "body": b""},
    "204": {"status": 204},
    "page": {"status": 200, "body": PAGE},
    "array": {"status": 200, "body": b"[]"},
    "object": {"status": 200, "body": b'{"error": null}'},
    "502": {"status": 502, "body": PAGE},
}


@pytest.fixture(scope="module")
def graceful() -> Iterator[Any]:
    with running(refresh_tokens="one-time", grace_seconds=60, requests_per_minute=10_000) as box:
        yield box


def behind(proxy: Cutter, grant: Any) -> DineroClient:
    options: dict[str, Any] = {"token_store": MemoryTokenStore(), "lock": ProcessLock(), "requests_per_minute": 10**6}
    return DineroClient(100001, grant, base_url=proxy.url, sleep=lambda seconds: None, **options)


@pytest.mark.parametrize("passed", [1, 0])
@pytest.mark.parametrize("name", SPOILT)
def test_a_token_that_was_lost_is_asked_for_again(graceful: Any, name: str, passed: int) -> None:
    for grant in ("visma", "personal"):
        graceful.reset()
        with cutting(graceful.url) as proxy:
            personal = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", proxy.url)
            client = behind(proxy, visma(proxy.url) if grant == "visma" else personal)
            proxy.order(Spoil(TOKEN, passed=passed, **SPOILT[name]))
            assert client.organizations.subscriptions()
            assert (proxy.count(TOKEN), token_requests(graceful)) == (2, 1 + passed)
            assert client.tokens.access() == client.tokens.access()


@pytest.mark.parametrize("name", SPOILT)
def test_what_goes_on_is_told_as_what_it_is(graceful: Any, name: str) -> None:
    graceful.reset()
    with cutting(graceful.url) as proxy:
        client = behind(proxy, visma(proxy.url))
        proxy.order(Spoil(TOKEN, times=9, passed=0, **SPOILT[name]))
        with pytest.raises(errors.DineroUnavailable, match=r"Try again later|did not respond"):
            client.organizations.subscriptions()
        assert proxy.count(TOKEN) == 4
        proxy.order()
        assert client.organizations.subscriptions()  # nothing was spent


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Forged: 1", "x" * 9000, "", 7, None, ["t"]])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_what_can_be_no_token_is_none(graceful: Any, name: str, token: Any) -> None:
    body = json.dumps({"access_token": "t", "refresh_token": "r", name: token}).encode()
    graceful.reset()
    with cutting(graceful.url) as proxy:
        client = behind(proxy, visma(proxy.url))
        proxy.order(Spoil(TOKEN, passed=0, status=200, body=body))
        if name == "refresh_token" and not token:  # left out: the one that was used is kept
            assert client.tokens.access() == "t"
            return
        with pytest.raises(errors.DineroUnavailable, match=f"its {name} is not a valid token"):
            client.tokens.access()


def test_a_scope_has_an_end(graceful: Any) -> None:
    """What is stored is read by each task, and by the page for each connection."""
    body = json.dumps({"access_token": "t", "refresh_token": "r", "scope": "x" * 9000}).encode()
    graceful.reset()
    with cutting(graceful.url) as proxy:
        client = behind(proxy, visma(proxy.url))
        proxy.order(Spoil(TOKEN, passed=0, status=200, body=body))
        with pytest.raises(errors.DineroUnavailable, match="its scope is not valid"):
            client.tokens.access()


def test_without_grace_a_spent_token_is_told_as_spent(one_time: Any) -> None:
    with cutting(one_time.url) as proxy:
        client = behind(proxy, visma(proxy.url))
        proxy.order(Spoil(TOKEN, head=9))
        for _ in range(2):
            with pytest.raises(errors.DineroReauthorizationRequired, match="A person must consent again"):
                client.organizations.subscriptions()
        assert proxy.count(TOKEN) == 2  # no process presents it a third time
