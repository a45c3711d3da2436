"""A person's consent at Visma Connect, without Airflow."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_dinero.api import DineroClient, VismaConnect, errors
from airflow_provider_dinero.api.auth.consent import SCOPE, Consent, begin, code_of, exchange, revoke
from airflow_provider_dinero.api.ports import MemoryTokenStore, Token
from airflow_provider_dinero.sandbox.server import running
from tests.sandbox.browser import CALLBACK, answered

READ = "dineropublicapi:read"


def client_of(box: Any, secret: str = "sandbox-secret") -> DineroClient:
    grant = VismaConnect("isv_sandbox", secret, auth_url=box.url, name="test")
    return DineroClient(None, grant, base_url=box.url, token_store=MemoryTokenStore())


@pytest.fixture
def client(sandbox: Any) -> Iterator[DineroClient]:
    made = client_of(sandbox)
    yield made
    made.close()


def asked(client: DineroClient, **options: str) -> Consent:
    assert isinstance(client.grant, VismaConnect)
    return begin(client.grant, CALLBACK, **options)


def consented(box: Any, client: DineroClient, **options: str) -> Token:
    consent = asked(client, **options)
    return exchange(client, consent, code_of(consent, answered(box, consent.url)))


def test_the_link_asks_for_no_more_than_is_needed_and_proves_who_asks(client: DineroClient) -> None:
    first, second = asked(client), asked(client)
    query = {name: values[0] for name, values in parse_qs(urlsplit(first.url).query).items()}
    assert (query["scope"], query["redirect_uri"], query["response_type"]) == (SCOPE, CALLBACK, "code")
    assert (query["code_challenge_method"], len(query["code_challenge"])) == ("S256", 43)
    secrets = {first.state, first.nonce, first.verifier, second.state, second.nonce, second.verifier}
    assert len(secrets) == 6
    assert min(map(len, secrets)) >= 43
    assert first.verifier not in first.url
    assert not any(secret in repr(first) for secret in secrets)


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
@pytest.mark.parametrize("require_pkce", [True, False])
@pytest.mark.parametrize("refresh_tokens", ["reuse", "one-time"])
def test_a_consent_becomes_a_token_that_renews_itself(
    response_mode: str, require_pkce: bool, refresh_tokens: Any
) -> None:
    now = [datetime.now(UTC)]
    with running(require_pkce=require_pkce, refresh_tokens=refresh_tokens, clock=lambda: now[0]) as box:
        client = client_of(box)
        token = consented(box, client, response_mode=response_mode)
        client.tokens.adopt(token)
        assert [each["Id"] for each in client.organizations.list()] == [100001, 100002]
        for _ in range(2):
            now[0] += timedelta(hours=2)
            assert client.organizations.list()
        asked_for = [each["status"] for each in box.requests() if each["path"] == "/connect/token"]
        client.close()
    assert asked_for == [200, 200, 200]
    assert set(token.scope.split()) == set(SCOPE.split())


def test_a_consent_can_be_kept_between_two_processes(client: DineroClient, sandbox: Any) -> None:
    consent = asked(client)
    kept = Consent.from_dict(json.loads(json.dumps(consent.as_dict())))
    assert kept == consent
    assert exchange(client, kept, code_of(kept, answered(sandbox, consent.url))).refresh_token


def test_who_says_no_is_understood(client: DineroClient, sandbox: Any) -> None:
    consent = asked(client)
    with pytest.raises(errors.DineroRefused, match=r"\(access_denied\)\. Start again, and allow the access"):
        code_of(consent, answered(sandbox, consent.url, decision="deny"))


def test_a_scope_that_the_application_has_not_is_named(client: DineroClient, sandbox: Any) -> None:
    consent = asked(client, scope=f"{READ} dineropublicapi:all")
    with pytest.raises(errors.DineroRefused, match=r"invalid_scope.*must be granted the scopes dineropublicapi:read"):
        code_of(consent, answered(sandbox, consent.url))


@pytest.mark.parametrize("state", [None, "", "another", "é"])
def test_an_answer_to_another_question_is_none(client: DineroClient, sandbox: Any, state: str | None) -> None:
    consent = asked(client)
    answer = answered(sandbox, consent.url)
    changed = {**answer, "state": state} if state is not None else {"code": answer["code"]}
    with pytest.raises(errors.DineroConfigurationError, match="doesn't belong to the latest request for consent"):
        code_of(consent, changed)
    assert code_of(consent, answer)


def test_what_visma_says_is_told_in_short_and_on_one_line(client: DineroClient) -> None:
    consent = asked(client)
    answer = {"state": consent.state, "error": "server_error", "error_description": "a\r\n\x1b[2J" + "b" * 5000}
    with pytest.raises(errors.DineroRefused) as raised:
        code_of(consent, answer)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_a_code_is_good_for_once(client: DineroClient, sandbox: Any) -> None:
    consent = asked(client)
    code = code_of(consent, answered(sandbox, consent.url))
    exchange(client, consent, code)
    with pytest.raises(errors.DineroRefused, match=r"did not accept the code.*Start again") as raised:
        exchange(client, consent, code)
    assert not isinstance(raised.value, errors.DineroReauthorizationRequired)
    assert code not in str(raised.value)


def test_a_code_whose_answer_is_lost_is_not_presented_again(client: DineroClient, sandbox: Any) -> None:
    sandbox.fault("reset-after", path="/connect/token", times=1)
    with pytest.raises(errors.DineroUnavailable, match="Start again: a code is valid only once"):
        consented(sandbox, client)
    assert sum("/token" in each["path"] for each in sandbox.requests()) == 1


def test_a_stolen_code_is_worth_nothing_without_the_verifier(client: DineroClient, sandbox: Any) -> None:
    consent = asked(client)
    code = code_of(consent, answered(sandbox, consent.url))
    with pytest.raises(errors.DineroRefused, match="did not accept the code"):
        exchange(client, replace(consent, verifier="v" * 64), code)


def test_a_wrong_secret_is_told_as_such(sandbox: Any) -> None:
    client = client_of(sandbox, "wrong")
    with pytest.raises(errors.DineroUnauthorized, match="Check the client ID and the client secret"):
        consented(sandbox, client)


def test_without_offline_access_the_consent_would_end_within_the_hour(client: DineroClient, sandbox: Any) -> None:
    with pytest.raises(errors.DineroConfigurationError, match="offline_access was not granted"):
        consented(sandbox, client, scope=READ)


def test_an_id_token_has_to_be_of_this_consent(client: DineroClient, sandbox: Any) -> None:
    scope = f"openid {SCOPE}"
    assert consented(sandbox, client, scope=scope).refresh_token
    consent = asked(client, scope=scope)
    code = code_of(consent, answered(sandbox, consent.url))
    with pytest.raises(errors.DineroConfigurationError, match="belongs to another consent"):
        exchange(client, replace(consent, nonce="another"), code)


def test_a_revoked_consent_is_over(client: DineroClient, sandbox: Any) -> None:
    token = consented(sandbox, client)
    assert token.refresh_token
    revoke(client, token.refresh_token)
    client.tokens.adopt(replace(token, expires_at=0.0))
    with pytest.raises(errors.DineroReauthorizationRequired):
        client.organizations.list()
    revoke(client, token.refresh_token)  # Visma Connect doesn't know it any more


def test_a_revocation_that_was_refused_is_told(sandbox: Any) -> None:
    with pytest.raises(errors.DineroUnauthorized, match="Check the client ID and the client secret"):
        revoke(client_of(sandbox, "wrong"), "sandbox-refresh-token")


def test_a_personal_integration_needs_no_consent(make_client: Any) -> None:
    with pytest.raises(errors.DineroConfigurationError, match="needs no consent"):
        revoke(make_client(), "token")
