"""Consent from end to end, with access to the metadata database."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dinero.adapters.token_store import VariableTokenStore
from airflow_provider_dinero.api import errors
from airflow_provider_dinero.consent import flow
from airflow_provider_dinero.consent.connections import find
from airflow_provider_dinero.consent.states import state_of, states
from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from airflow_provider_dinero.sandbox.server import running
from tests.consent.conftest import described, extra_of, variables
from tests.sandbox.browser import CALLBACK, answered

Add = Callable[..., str]


def consent(sandbox: Any, conn_id: str, **options: Any) -> list[dict[str, Any]]:
    """All the way, as the commands and the page do it."""
    begun = flow.begin(conn_id, CALLBACK)
    return flow.finish(conn_id, begun, answered(sandbox, begun.url), **options)


def tokens_of(conn_id: str) -> Any:
    return VariableTokenStore().load(find(conn_id).client().tokens.key)


def asked(sandbox: Any, path: str) -> int:
    return sum(each["path"].startswith(path) for each in sandbox.requests())


def environment(monkeypatch: pytest.MonkeyPatch, conn_id: str, made: dict[str, Any]) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(made))


def test_a_first_consent_is_stored_and_works(add: Add, sandbox: Any) -> None:
    add("first")
    assert state_of("first").consent == "missing"
    assert "`airflow dinero authorize first`" in state_of("first").who
    assert [each["Id"] for each in consent(sandbox, "first")] == [100001, 100002]
    state = state_of("first")
    assert (state.consent, state.organization, state.is_valid) == ("given", "", True)
    assert "--choose" in state.who
    flow.choose("first", "100001", flow.organizations("first"))
    assert state_of("first").who == ""
    # The refresh token is in the connection, and its entry is the only one: the Test button finds it under any id.
    assert extra_of("first")["refresh_token"] == tokens_of("first").refresh_token
    assert list(variables()) == [find("first").client().tokens.key]
    assert asked(sandbox, "/connect/token") == 1


def test_the_only_organization_is_taken(add: Add, sandbox: Any) -> None:
    add("only")
    sandbox.fault("status", path="/v1/organizations", status=200, body=[{"Id": 100001, "Name": "A", "IsPro": True}])
    assert [each["Id"] for each in consent(sandbox, "only")] == [100001]
    assert extra_of("only")["organization_id"] == "100001"


def test_an_organization_can_be_given(add: Add, sandbox: Any) -> None:
    add("given", organization_id=100001)
    consent(sandbox, "given", organization="100002")
    assert extra_of("given")["organization_id"] == "100002"


@pytest.mark.parametrize(
    ("organization", "told", "stored"),
    [
        ("4711", r"The consent is stored\. .*don't reach organization 4711\. They reach: 100001", True),
        ("100003", "does not allow organization 100003", False),
        ("mine", "is not an organization id", False),
    ],
)
def test_a_wrong_organization_costs_no_consent(
    add: Add, sandbox: Any, organization: str, told: str, stored: bool
) -> None:
    add("wrong", allowed_organizations="4711,100001")
    with pytest.raises(errors.DineroConfigurationError, match=told):
        consent(sandbox, "wrong", organization=organization)
    assert "organization_id" not in extra_of("wrong")
    # Errors that can be known in advance are reported before the code is used.
    assert (state_of("wrong").consent == "given") is stored
    assert asked(sandbox, "/connect/token") == int(stored)


def test_what_fails_after_the_exchange_loses_no_token(add: Add, sandbox: Any) -> None:
    add("unlucky", organization_id=100001)
    sandbox.fault("status", path="/v1/organizations", status=403)
    with pytest.raises(errors.DineroError, match=r"^The consent is stored"):
        consent(sandbox, "unlucky")
    assert state_of("unlucky").consent == "given"


def test_without_the_lock_the_code_is_not_spent(add: Add, sandbox: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    add("apart", organization_id=100001, coordination_url=str(tmp_path / "file"))
    with pytest.raises(errors.DineroUnavailable, match="can't be used"):
        consent(sandbox, "apart")
    assert asked(sandbox, "/connect/token") == 0


def test_a_consent_that_could_not_be_stored_is_told(add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add("shadowed", organization_id=100001)
    monkeypatch.setenv(f"AIRFLOW_VAR_{find('shadowed').client().tokens.key.upper()}", "something else")
    with pytest.raises(errors.DineroConfigurationError, match=r"^The consent could not be stored\. .* shadows it"):
        consent(sandbox, "shadowed")


def test_consenting_again_serves_all_who_shared_the_old_consent(
    add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for conn_id in ("one", "two"):
        add(conn_id, refresh_token="dead", organization_id=100001)
    add("apart", refresh_token="another", organization_id=100001)
    environment(monkeypatch, "three", described(sandbox.url, refresh_token="dead", organization_id=100001))
    with pytest.raises(errors.DineroReauthorizationRequired, match="`airflow dinero authorize two`"):
        flow.organizations("two")
    assert {each.conn_id: each.consent for each in states()} == {"one": "refused", "two": "refused", "apart": "untried"}
    consent(sandbox, "one")
    for conn_id in ("one", "two", "three"):
        assert state_of(conn_id).consent == "given"
        assert len(flow.organizations(conn_id)) == 2
    assert state_of("apart").consent == "untried"
    assert len(variables()) == 1


@pytest.mark.parametrize("shadowed", [False, True])
def test_who_still_has_the_old_connection_does_not_end_the_new_consent(
    add: Add, monkeypatch: pytest.MonkeyPatch, shadowed: bool
) -> None:
    """A one-time refresh token that is presented twice would: so the new one is found under the old one's name."""
    with running(refresh_tokens="one-time") as box:
        made = {"url": box.url, "refresh_token": REFRESH_TOKEN, "organization_id": 100001}
        if shadowed:
            environment(monkeypatch, "one", described(**made))
        else:
            add("one", **made)
        running_task = find("one")
        running_task.client().organizations.list()  # the refresh token of the connection is spent now
        consent(box, "one")
        for _ in range(2):
            store, key = VariableTokenStore(), running_task.client().tokens.key
            store.save(key, replace(tokens_of("one"), expires_at=0.0))
            assert len(running_task.client().organizations.list()) == 2
            assert len(flow.organizations("one")) == 2
        assert {each["status"] for each in box.requests() if each["path"] == "/connect/token"} == {200}


def test_a_connection_of_the_environment_keeps_its_consent_under_its_own_name(
    database: None, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(monkeypatch, "outside", described(sandbox.url))
    assert len(consent(sandbox, "outside")) == 2
    state = state_of("outside")
    assert (state.in_database, state.consent) == (False, "given")
    assert state.who == "Whoever defines the connection must add organization_id to its extra."
    with pytest.raises(errors.DineroConfigurationError, match='Add "organization_id": 100001 to its extra'):
        flow.choose("outside", 100001, flow.organizations("outside"))
    assert states() == []


def test_a_read_only_connection_asks_for_reading_only(add: Add, sandbox: Any) -> None:
    add("reads", read_only=True, organization_id=100001)
    consent(sandbox, "reads")
    assert tokens_of("reads").scope.split() == ["dineropublicapi:read", "offline_access"]


def test_disconnecting_ends_the_consent_there_and_here(add: Add, sandbox: Any) -> None:
    add("one", organization_id=100001)
    consent(sandbox, "one")
    spent = extra_of("one")["refresh_token"]
    add("two", organization_id=100002, refresh_token=spent, timeout=30)
    assert flow.disconnect("two") == ["one", "two"]
    assert variables() == {}
    assert [state_of(each).consent for each in ("one", "two")] == ["missing", "missing"]
    assert (extra_of("two")["timeout"], extra_of("two")["organization_id"]) == (30, 100002)
    refused = {"grant_type": "refresh_token", "refresh_token": spent, "client_id": "isv_sandbox"}
    answer = requests.post(
        f"{sandbox.url}/connect/token", data={**refused, "client_secret": "sandbox-secret"}, timeout=10
    )
    assert answer.json() == {"error": "invalid_grant"}
    assert flow.disconnect("one") == ["one"]  # nothing is left to revoke
    assert asked(sandbox, "/connect/revocation") == 1


def test_disconnecting_revokes_the_newest_token(add: Add, sandbox: Any) -> None:
    add("one", organization_id=100001, refresh_token=REFRESH_TOKEN)
    consent(sandbox, "one")
    newest = tokens_of("one").refresh_token
    assert newest != REFRESH_TOKEN
    flow.disconnect("one")
    add("probe", organization_id=100001, refresh_token=newest)
    with pytest.raises(errors.DineroReauthorizationRequired):
        flow.organizations("probe")


def test_a_token_that_visma_does_not_know_is_forgotten_all_the_same(add: Add, sandbox: Any) -> None:
    add("one", organization_id=100001, refresh_token="unknown")
    assert flow.disconnect("one") == ["one"]
    assert state_of("one").consent == "missing"


def test_a_refused_revocation_changes_nothing(add: Add, sandbox: Any) -> None:
    add("one", organization_id=100001, refresh_token=REFRESH_TOKEN)
    sandbox.fault("status", path="/connect/revocation", status=400, body={"error": "invalid_client"})
    with pytest.raises(errors.DineroUnauthorized):
        flow.disconnect("one")
    assert extra_of("one")["refresh_token"] == REFRESH_TOKEN
    sandbox.clear_faults()
    assert flow.organizations("one")


def test_after_disconnecting_a_refresh_token_of_the_environment_is_not_presented_again(
    database: None, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = described(sandbox.url, refresh_token=REFRESH_TOKEN, organization_id=100001)
    environment(monkeypatch, "outside", made)
    assert flow.disconnect("outside") == []
    with pytest.raises(errors.DineroReauthorizationRequired, match="authorize outside"):
        flow.organizations("outside")
    assert state_of("outside").consent == "refused"
    assert asked(sandbox, "/connect/token") == 0


@pytest.mark.parametrize(
    ("conn_id", "told"),
    [
        ("nowhere", "There is no connection nowhere"),
        ("broken", "Airflow can't read AIRFLOW_CONN_BROKEN"),
        ("other", "is of type http"),
        ("own", "needs no consent"),
    ],
)
def test_what_can_not_be_consented_to_is_said(
    add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch, conn_id: str, told: str
) -> None:
    add("own", grant="personal_integration", organization_id=100001)
    environment(monkeypatch, "other", {"conn_type": "http"})
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", '{"conn_type": "dinero')
    for action in (lambda: flow.begin(conn_id, CALLBACK), lambda: flow.disconnect(conn_id)):
        with pytest.raises(errors.DineroConfigurationError, match=told):
            action()


def test_states_tell_what_is_wrong_with_each(add: Add, sandbox: Any) -> None:
    add("own", grant="personal_integration", organization_id=100001)
    add("unfinished", grant="personal_integration", api_key=None, organization_id=100001)
    add("unclear", requests_per_minute="many")
    found = {each.conn_id: each for each in states()}
    assert (found["own"].consent, found["own"].who, found["own"].is_valid) == ("not needed", "", False)
    assert "has no api_key" in found["unfinished"].who
    assert "requests_per_minute is not a number" in found["unclear"].who
    assert sandbox.requests() == []
