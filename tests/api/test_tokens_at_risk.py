"""A one-time refresh token while its safeguards fail."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.auth import tokens
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessLock, Token
from airflow_provider_dinero.coordination.files import FileLock
from tests.api.tokens import client_of, token_requests


class Down(MemoryTokenStore):
    """A store that fails once the renewal of a token has started: it can then be neither read nor written."""

    down = False

    def load(self, key: str) -> Token | None:
        self._ask()
        return super().load(key)

    def save(self, key: str, token: Token) -> None:
        self._ask()
        super().save(key, token)
        self.down = not token.access_token

    def _ask(self) -> None:
        if self.down:
            raise errors.DineroUnavailable("The store is down.")


def test_a_token_that_was_not_accepted_is_not_renewed_without_the_lock(one_time: Any, tmp_path: Path) -> None:
    store = MemoryTokenStore()
    client_of(one_time, token_store=store).organizations.subscriptions()
    one_time.forward(hours=2)  # by our clock it is still valid
    (tmp_path / "file").touch()
    with pytest.raises(errors.DineroUnavailable, match="coordination_url"):
        client_of(one_time, token_store=store, lock=FileLock(tmp_path / "file")).organizations.subscriptions()
    assert token_requests(one_time) == 1


def test_a_refusal_after_a_token_was_not_accepted_is_remembered(one_time: Any) -> None:
    store = MemoryTokenStore()
    client_of(one_time, token_store=store).organizations.subscriptions()
    for key, token in store._tokens.items():
        store._tokens[key] = replace(token, refresh_token="dead")
    one_time.forward(hours=2)
    for _ in range(3):
        with pytest.raises(errors.DineroReauthorizationRequired, match=r"invalid_grant\. Run the command"):
            client_of(one_time, token_store=store).organizations.subscriptions()
    assert token_requests(one_time) == 2


def test_a_token_is_stored_when_the_store_is_back(one_time: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "STORE_AGAIN_SECONDS", 0.05)
    store, lock = Down(), ProcessLock()
    client = client_of(one_time, token_store=store, lock=lock)
    for _ in range(3):  # it continues, though it repeatedly can't store the token
        client.organizations.subscriptions()
        time.sleep(0.1)
    store.down = False
    client.organizations.subscriptions()
    assert client_of(one_time, token_store=store, lock=lock).organizations.subscriptions()
    assert token_requests(one_time) == 1


def test_whatever_the_store_says_after_a_renewal_the_token_is_used(one_time: Any) -> None:
    class Shadowed(MemoryTokenStore):
        def save(self, key: str, token: Token) -> None:
            if token.access_token:
                raise errors.DineroConfigurationError("Something shadows it.", "Remove it.")
            super().save(key, token)

    store, lock = Shadowed(), ProcessLock()
    assert client_of(one_time, token_store=store, lock=lock).organizations.subscriptions()
    with pytest.raises(errors.DineroReauthorizationRequired, match="used by process"):
        client_of(one_time, token_store=store, lock=lock).organizations.subscriptions()
    assert token_requests(one_time) == 1


def test_two_hosts_that_begin_at_once_see_each_other(one_time: Any, tmp_path: Path) -> None:
    class Slow(MemoryTokenStore):
        def save(self, key: str, token: Token) -> None:
            time.sleep(0.1)
            super().save(key, token)

    store = Slow()
    both = threading.Barrier(2)

    def ask(host: str) -> str:
        client = client_of(one_time, token_store=store, lock=FileLock(tmp_path / host))
        both.wait()
        try:
            client.organizations.subscriptions()
        except errors.DineroUnavailable as error:
            return str(error)
        return "ok"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(ask, ("one", "two")))
    assert "under two different locks" in told[0]
    assert told[1] == "ok"
    assert [each["status"] for each in one_time.requests() if "/token" in each["path"]] == [200]
