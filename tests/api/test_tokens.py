"""One token for all who share a grant and a store."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, VismaConnect, errors
from airflow_provider_dinero.api.ports import MemoryTokenStore, Token
from airflow_provider_dinero.sandbox.server import running
from tests.api.tokens import token_requests, visma


def test_clients_and_threads_share_a_token(make_client: Any, sandbox: Any) -> None:
    store = MemoryTokenStore()
    clients = [make_client(token_store=store, grant=visma(sandbox.url)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda client: client.organizations.subscriptions(), clients))
    assert token_requests(sandbox) == 1


def test_another_secret_gets_no_share(make_client: Any, sandbox: Any) -> None:
    store = MemoryTokenStore()
    make_client(token_store=store).organizations.subscriptions()
    with pytest.raises(errors.DineroUnauthorized, match="Check the client ID and client secret"):
        make_client(token_store=store, secret="wrong").organizations.subscriptions()


def test_a_dead_refresh_token_needs_a_person(make_client: Any, sandbox: Any) -> None:
    client = make_client(grant=visma(sandbox.url, "dead"))
    with pytest.raises(errors.DineroReauthorizationRequired, match=r"invalid_grant\. A person must consent again"):
        client.organizations.subscriptions()
    assert token_requests(sandbox) == 1


def test_a_wrong_secret_is_no_reason_to_consent_again(make_client: Any, sandbox: Any) -> None:
    wrong = VismaConnect("isv_sandbox", "wrong", "sandbox-refresh-token", sandbox.url)
    with pytest.raises(errors.DineroUnauthorized, match="Check the client ID and the client secret") as raised:
        make_client(grant=wrong).organizations.subscriptions()
    assert not isinstance(raised.value, errors.DineroReauthorizationRequired)


def test_a_wrong_auth_url_is_named(make_client: Any, sandbox: Any) -> None:
    lost = VismaConnect("isv_sandbox", "sandbox-secret", "sandbox-refresh-token", f"{sandbox.url}/nowhere")
    with pytest.raises(errors.DineroUnavailable, match="auth_url is wrong"):
        make_client(grant=lost, sleep=lambda seconds: None).organizations.subscriptions()


def test_one_time_refresh_tokens_rotate_through_the_store() -> None:
    now = [datetime.now(UTC)]
    with running(clock=lambda: now[0], refresh_tokens="one-time") as box:
        store = MemoryTokenStore()
        client = DineroClient(100001, visma(box.url), base_url=box.url, token_store=store)
        client.organizations.subscriptions()
        for _ in range(3):
            now[0] += timedelta(hours=2)  # Dinero's clock: the token that we hold has expired there
            client.organizations.subscriptions()
        assert [each["status"] for each in box.requests() if "/token" in each["path"]] == [200] * 4


def test_a_token_near_its_end_is_renewed_before_it_is_used(make_client: Any, sandbox: Any) -> None:
    store = MemoryTokenStore()
    client = make_client(token_store=store)
    client.organizations.subscriptions()
    (key,) = store._tokens
    store.save(key, Token(store._tokens[key].access_token, time.time() + 30))
    make_client(token_store=store).organizations.subscriptions()
    assert token_requests(sandbox) == 2
    assert {each["status"] for each in sandbox.requests()} == {200}


def test_a_test_never_spends_a_refresh_token(make_client: Any, sandbox: Any) -> None:
    store = MemoryTokenStore()
    careful = make_client(token_store=store, grant=visma(sandbox.url), may_spend=False)
    with pytest.raises(errors.DineroConfigurationError, match="a test never uses a refresh token"):
        careful.organizations.subscriptions()
    assert sandbox.requests() == []
    make_client(token_store=store, grant=visma(sandbox.url)).organizations.subscriptions()
    assert careful.organizations.subscriptions()


def test_no_secret_is_in_a_repr() -> None:
    grants = (PersonalIntegration("id", "s3cret", "k3y"), VismaConnect("id", "s3cret", "t0ken"))
    text = repr((*grants, Token("t0ken", 0.0, "t0ken"), DineroClient(1, grants[0])))
    assert not any(secret in text for secret in ("s3cret", "k3y", "t0ken"))
