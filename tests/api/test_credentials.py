"""A client's credentials in a Basic header: form-encoded first, and unchanged if that is refused."""

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, VismaConnect, errors
from airflow_provider_dinero.api.auth import consent
from airflow_provider_dinero.api.auth.consent import SCOPE, begin, code_of, exchange, revoke
from airflow_provider_dinero.api.ports import MemoryTokenStore, Token
from airflow_provider_dinero.sandbox.seed_data import SPECIAL_SECRET
from airflow_provider_dinero.sandbox.server import running
from tests.api.tokens import expire
from tests.sandbox.browser import CALLBACK, answered

# The statuses of the first request for a token, and of the next ones.
SPELLINGS = [("encoded", [200]), ("as-is", [400, 200])]


def asked(box: Any, path: str) -> list[int]:
    return [each["status"] for each in box.requests() if each["path"] == path]


def personal(url: str, store: MemoryTokenStore, name: str = "personal-special", secret: str = SPECIAL_SECRET) -> Any:
    grant = PersonalIntegration(name, secret, "sandbox-api-key", url)
    return DineroClient(100001, grant, base_url=url, token_store=store)


@pytest.mark.parametrize(("basic_credentials", "first"), SPELLINGS)
def test_either_spelling_works_and_the_one_that_did_is_remembered(basic_credentials: Any, first: list[int]) -> None:
    store, path = MemoryTokenStore(), "/dineroapi/oauth/token"
    with running(basic_credentials=basic_credentials) as box:
        assert personal(box.url, store).organizations.subscriptions()
        assert asked(box, path) == first
        for _ in range(2):
            expire(store)
            assert personal(box.url, store).organizations.subscriptions()  # by another process
        assert asked(box, path) == [*first, 200, 200]


def test_an_endpoint_that_changes_its_mind_is_followed() -> None:
    known: list[Token] = []
    for basic_credentials in ("as-is", "encoded", "as-is"):
        with running(basic_credentials=basic_credentials) as box:  # each is at another address
            store = MemoryTokenStore()
            client = personal(box.url, store)
            if known:
                store.save(client.tokens.key, replace(known[-1], expires_at=0.0))
            assert client.organizations.subscriptions()
            assert asked(box, "/dineroapi/oauth/token") == [400, 200]
            known = list(store._tokens.values())


@pytest.mark.parametrize(
    ("name", "secret", "statuses"),
    [("personal-special", "wrong+%2B", [400, 400]), ("personal-sandbox", "wrong-secret_1.~", [400])],
)
def test_a_wrong_secret_is_told_and_sent_again_only_where_the_spellings_differ(
    sandbox: Any, name: str, secret: str, statuses: list[int]
) -> None:
    with pytest.raises(errors.DineroUnauthorized, match="Check the client ID and client secret"):
        personal(sandbox.url, MemoryTokenStore(), name, secret).organizations.subscriptions()
    assert asked(sandbox, "/dineroapi/oauth/token") == statuses


def test_another_refusal_is_final(sandbox: Any) -> None:
    grant = PersonalIntegration("personal-special", SPECIAL_SECRET, "wrong+key", sandbox.url)
    with pytest.raises(errors.DineroUnauthorized, match="invalid_grant"):
        DineroClient(1, grant, base_url=sandbox.url, token_store=MemoryTokenStore()).organizations.subscriptions()
    assert asked(sandbox, "/dineroapi/oauth/token") == [400]


@pytest.mark.parametrize(("basic_credentials", "first"), SPELLINGS)
def test_a_revocation_works_in_either_spelling(
    basic_credentials: Any, first: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "_spellings", {})
    with running(basic_credentials=basic_credentials, refresh_tokens="one-time") as box:
        for _ in range(2):
            grant = VismaConnect("isv_special", SPECIAL_SECRET, auth_url=box.url, name="test")
            client = DineroClient(None, grant, base_url=box.url, token_store=MemoryTokenStore())
            asks = begin(grant, CALLBACK, scope=SCOPE)
            token = exchange(client, asks, code_of(asks, answered(box, asks.url)))
            client.tokens.adopt(token)
            assert client.organizations.list()
            revoke(client, str(token.refresh_token))
            expire(client.tokens._store)  # type: ignore[arg-type]
            client.tokens._current = None
            with pytest.raises(errors.DineroReauthorizationRequired):
                client.organizations.list()
        assert asked(box, "/connect/revocation") == [*first, 200]
        # The credentials of the other requests are in the form: neither a code nor a refresh token goes out twice.
        assert asked(box, "/connect/token") == [200, 400, 200, 400]
