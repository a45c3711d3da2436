"""What `airflow dinero check` finds out, and what it advises."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_dinero.adapters.token_store import VariableTokenStore
from airflow_provider_dinero.consent import flow
from airflow_provider_dinero.consent.check import check
from airflow_provider_dinero.consent.connections import find
from airflow_provider_dinero.consent.states import state_of
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from tests.consent.conftest import described
from tests.sandbox.browser import CALLBACK, answered

Add = Callable[..., str]
GOOD = {"refresh_token": REFRESH_TOKEN, "organization_id": 100001}


def found(conn_id: str) -> dict[str, tuple[str, str]]:
    return {each.about: (each.verdict, each.told) for each in check(conn_id)}


def test_all_is_well(add: Add, sandbox: Any) -> None:
    lines = found(add("good", **GOOD))
    assert {verdict for verdict, _ in lines.values()} == {"ok"}
    assert list(lines) == ["connection", "token", "scopes", "organization", "limits"]
    assert lines["organization"][1] == "Nørrebro Cykler ApS (100001), subscription Pro."
    assert "valid for 60 minutes" in lines["token"][1]
    assert "10000 requests per minute" in lines["limits"][1]
    assert [each["path"] for each in sandbox.requests()] == ["/connect/token", "/v1.1/organizations"]


def test_a_personal_integration_is_checked_too(add: Add) -> None:
    lines = found(add("own", grant="personal_integration", organization_id=100001))
    assert {verdict for verdict, _ in lines.values()} == {"ok"}


def test_blanks_around_a_field_mean_nothing(add: Add, sandbox: Any) -> None:
    extra = {"refresh_token": f"{REFRESH_TOKEN}\n", "organization_id": " 100001 ", "auth_url": f"{sandbox.url}/ "}
    assert {verdict for verdict, _ in found(add("blanks", **extra)).values()} == {"ok"}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no consent": (
        {},
        "token",
        "Nobody has consented to this connection, or the consent was revoked. Run `airflow dinero authorize bad`.",
    ),
    "dead refresh token": ({**GOOD, "refresh_token": "dead"}, "token", "Run `airflow dinero authorize bad`."),
    "wrong organization": ({**GOOD, "organization_id": 4711}, "organization", "They reach: 100001 (Nørrebro"),
    "no organization": ({**GOOD, "organization_id": None}, "organization", "Set organization_id in the connection"),
    "no Pro": ({**GOOD, "organization_id": 100002}, "organization", "has no Pro subscription"),
    "not allowed": ({**GOOD, "allowed_organizations": "100002"}, "organization", "See allowed_organizations"),
    "no Redis": ({**GOOD, "coordination_url": "redis://127.0.0.1:1/0"}, "lock", "The Redis at 127.0.0.1:1"),
    "nothing there": ({**GOOD, "url": "http://127.0.0.1:1"}, "token", "Start the sandbox with `dinero-sandbox serve`"),
    "wrong switch": ({**GOOD, "read_only": "ja"}, "connection", "read_only is not true or false"),
    "no limit": ({**GOOD, "requests_per_minute": "inf"}, "connection", "is not a number from 1 to 1000000"),
    "wrong address": ({**GOOD, "auth_url": "https://visma.example"}, "token", "Set auth_url to the sandbox's address"),
    "half an address": ({**GOOD, "auth_url": "visma.example"}, "token", "Set auth_url to the sandbox's address"),
    "wrong folder": ({**GOOD, "coordination_url": "ftp://files"}, "connection", "neither a Redis server nor a folder"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_what_to_do(add: Add, name: str) -> None:
    extra, about, told = WRONG[name]
    verdict, text = found(add("bad", **extra))[about]
    assert verdict == "wrong"
    assert told in text


def test_an_address_without_a_scheme_is_taken_for_https(add: Add, sandbox: Any) -> None:
    half = sandbox.url.removeprefix("http://")
    verdict, text = found(add("half", **GOOD, auth_url=half))["token"]
    assert (verdict, f"{half} speaks plain http, not https" in text) == ("wrong", True)


def test_whoever_has_no_organization_sees_which_there_are(add: Add) -> None:
    assert "100002 (Østerbro Blomster)" in found(add("none", refresh_token=REFRESH_TOKEN))["organization"][1]


def test_a_consent_to_reading_only_is_a_warning_where_the_connection_writes(add: Add, sandbox: Any) -> None:
    add("reads", read_only=True, organization_id=100001)
    consent = flow.begin("reads", CALLBACK)
    flow.finish("reads", consent, answered(sandbox, consent.url))
    assert found("reads")["scopes"][0] == "ok"
    from airflow_provider_dinero.consent.connections import write

    write(["reads"], {"read_only": False})
    verdict, told = found("reads")["scopes"]
    assert verdict == "warning"
    assert "or set read_only" in told
    store, key = VariableTokenStore(), find("reads").client().tokens.key
    stored = store.load(key)
    assert stored
    store.save(key, replace(stored, scope=" ".join(reversed(stored.scope.split()))))
    assert found("reads")["scopes"][0] == "warning"


@pytest.mark.parametrize(("one_time", "verdict"), [(True, "wrong"), (False, "warning")])
def test_a_token_renewed_under_another_lock_is_told(add: Add, one_time: bool, verdict: str) -> None:
    flow.organizations(add("far", **GOOD))
    store, key = VariableTokenStore(), find("far").client().tokens.key
    stored = store.load(key)
    assert stored
    store.save(key, replace(stored, place="another host", one_time=one_time))
    assert found("far")["lock"][0] == verdict
    assert "coordination_url" in found("far")["lock"][1]


def test_an_expired_token_is_renewed_as_a_task_would(add: Add, sandbox: Any) -> None:
    flow.organizations(add("old", **GOOD))
    store, key = VariableTokenStore(), find("old").client().tokens.key
    stored = store.load(key)
    assert stored
    store.save(key, replace(stored, expires_at=time.time() - 1))
    assert "valid for 60 minutes" in found("old")["token"][1]


def test_a_token_that_dinero_rejects_is_renewed_before_it_is_shown(add: Add, sandbox: Any) -> None:
    flow.organizations(add("dead", **GOOD))
    store, key = VariableTokenStore(), find("dead").client().tokens.key
    stored = store.load(key)
    assert stored
    store.save(key, replace(stored, access_token="dead", expires_at=time.time() + 1200))
    lines = found("dead")
    assert {verdict for verdict, _ in lines.values()} == {"ok"}
    assert "valid for 60 minutes" in lines["token"][1]


def test_the_client_id_tells_which_grant_was_meant(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = described(sandbox.url)
    monkeypatch.setenv("AIRFLOW_CONN_ISV", json.dumps({**made, "extra": {"grant": "personal_integration"}}))
    assert "starts with isv_ belongs to the grant Visma Connect" in found("isv")["connection"][1]


def test_a_connection_of_the_environment_is_checked(
    database: None, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OUTSIDE", json.dumps(described(sandbox.url, **GOOD)))
    lines = found("outside")
    assert {verdict for verdict, _ in lines.values()} == {"ok"}
    assert "not from Airflow's database" in lines["connection"][1]


def test_what_others_say_is_told_without_our_secrets(add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the check, the Test button, and whatever lists organizations."""
    made = {**GOOD, "refresh_token": REFRESH_TOKEN}
    add("echo", **made)
    monkeypatch.setenv("AIRFLOW_CONN_TESTED", json.dumps(described(sandbox.url, **made)))
    flow.organizations("echo")
    store, key = VariableTokenStore(), find("echo").client().tokens.key
    stored = store.load(key)
    assert stored
    store.save(key, replace(stored, scope=f"dineropublicapi:write {REFRESH_TOKEN}"))
    echo = f"you sent sandbox-secret, {stored.access_token}"
    rows = [{"Id": 100001, "Name": echo, "IsPro": True, "Subscription": {"HasPro": True}}]
    for version in ("v1", "v1.1"):
        sandbox.fault("status", path=f"/{version}/organizations", status=200, body=rows)
    told = [
        *found("echo").values(),
        DineroHook("tested").test_connection(),
        DineroHook("tested", 100003).test_connection(),
        flow.organizations("echo"),
        state_of("echo"),
    ]
    assert sum("you sent ***" in str(each) for each in told) == 4
    assert not any(secret in str(told) for secret in ("sandbox-secret", REFRESH_TOKEN, stored.access_token))
