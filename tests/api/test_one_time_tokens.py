"""One-time refresh tokens: stored before use, presented once, never spent blindly."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import PersonalIntegration, VismaConnect, errors
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessLock, Token
from airflow_provider_dinero.coordination.files import FileLock
from airflow_provider_dinero.sandbox.server import running
from tests.api.tokens import client_of, expire, token_requests


class Deaf(MemoryTokenStore):
    """A store in which nothing can be stored for a while, once the renewal of a token has started."""

    def __init__(self) -> None:
        super().__init__()
        self.deaf = False
        self.mine: Token | None = None

    def load(self, key: str) -> Token | None:
        there = super().load(key)
        return self.mine if self.mine and (there is None or self.mine.renewed_at > there.renewed_at) else there

    def save(self, key: str, token: Token) -> None:
        if self.deaf and token.access_token:
            self.mine = token
            raise errors.DineroUnavailable("The token could not be stored.")
        super().save(key, token)


class Other(Deaf):
    """The same store, as another process sees it."""

    def __init__(self, store: Deaf) -> None:
        super().__init__()
        self._tokens = store._tokens


def test_a_refused_refresh_token_is_not_presented_again(one_time: Any) -> None:
    store = MemoryTokenStore()
    grant = VismaConnect("isv_sandbox", "sandbox-secret", "dead", one_time.url, advice="Run the command.")
    for _ in range(3):
        with pytest.raises(errors.DineroReauthorizationRequired, match=r"invalid_grant\. Run the command"):
            client_of(one_time, grant=grant, token_store=store).organizations.subscriptions()
    assert token_requests(one_time) == 1


def test_a_newly_pasted_refresh_token_wins(one_time: Any) -> None:
    store = MemoryTokenStore()
    dead = VismaConnect("isv_sandbox", "sandbox-secret", "dead", one_time.url)
    with pytest.raises(errors.DineroReauthorizationRequired):
        client_of(one_time, grant=dead, token_store=store).organizations.subscriptions()
    assert client_of(one_time, token_store=store).organizations.subscriptions()


def test_a_consent_wins_over_what_is_stored(one_time: Any) -> None:
    store = MemoryTokenStore()
    grant = VismaConnect("isv_sandbox", "sandbox-secret", "dead", one_time.url)
    client = client_of(one_time, grant=grant, token_store=store)
    with pytest.raises(errors.DineroReauthorizationRequired):
        client.organizations.subscriptions()
    client.tokens.adopt(Token("", 0.0, "sandbox-refresh-token"))
    assert client_of(one_time, grant=grant, token_store=store).organizations.subscriptions()


def test_without_refresh_token_and_consent_nothing_is_sent(one_time: Any) -> None:
    grant = VismaConnect("isv_sandbox", "sandbox-secret", "", one_time.url, name="c", advice="Run the command.")
    with pytest.raises(errors.DineroReauthorizationRequired, match=r"Nobody has consented .* Run the command\."):
        client_of(one_time, grant=grant, token_store=MemoryTokenStore()).organizations.subscriptions()
    assert one_time.requests() == []


def test_a_token_that_another_has_renewed_meanwhile_is_taken(one_time: Any) -> None:
    """The lock is not a lock: both renew, the second one is refused, and finds what the first has stored."""
    store, first = MemoryTokenStore(), threading.Event()

    class Slow(MemoryTokenStore):
        def save(self, key: str, token: Token) -> None:
            store.save(key, token)
            first.wait(10)  # after it was read that a renewal is due, before the refresh token is spent

        def load(self, key: str) -> Token | None:
            return store.load(key)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(client_of(one_time, token_store=Slow(), lock=ProcessLock()).organizations.subscriptions)
        while not store._tokens:
            time.sleep(0.01)
        client_of(one_time, token_store=store, lock=ProcessLock()).organizations.subscriptions()
        first.set()
        assert late.result()
    assert [each["status"] for each in one_time.requests() if "/token" in each["path"]] == [200, 400]


def test_who_cannot_store_goes_on_and_nobody_renews_blindly(one_time: Any, caplog: Any) -> None:
    store, lock = Deaf(), ProcessLock()
    store.deaf = True
    client = client_of(one_time, token_store=store, lock=lock)
    client.organizations.subscriptions()
    (told,) = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert "the old one is used up" in told
    assert "Run the command." in told
    for _ in range(2):
        with pytest.raises(errors.DineroReauthorizationRequired, match=r"used by process \d+ of .* at 20.* UTC"):
            client_of(one_time, token_store=Other(store), lock=lock).organizations.subscriptions()
    client.organizations.subscriptions()
    assert token_requests(one_time) == 1
    store.deaf = False
    client.tokens._store_again_at = 0.0  # half a minute has passed
    client.organizations.subscriptions()
    client_of(one_time, token_store=Other(store), lock=lock).organizations.subscriptions()
    assert token_requests(one_time) == 1


def test_what_keeps_a_token_from_being_stored_shows_before_it_is_spent(one_time: Any) -> None:
    class Broken(MemoryTokenStore):
        def save(self, key: str, token: Token) -> None:
            raise errors.DineroUnavailable("The token could not be stored.")

    with pytest.raises(errors.DineroUnavailable, match="could not be stored"):
        client_of(one_time, token_store=Broken()).organizations.subscriptions()
    assert one_time.requests() == []


def test_two_hosts_without_a_common_lock_are_told_so(one_time: Any, tmp_path: Path, caplog: Any) -> None:
    store = MemoryTokenStore()
    client_of(one_time, token_store=store, lock=FileLock(tmp_path / "one")).organizations.subscriptions()
    other = client_of(one_time, token_store=store, lock=FileLock(tmp_path / "two"))
    other.organizations.subscriptions()  # a valid token is everybody's
    expire(store)
    with pytest.raises(
        errors.DineroConfigurationError, match=r"renewed under two different locks.*one-time.*Run the command"
    ):
        client_of(one_time, token_store=store, lock=FileLock(tmp_path / "two")).organizations.subscriptions()
    assert token_requests(one_time) == 1
    client_of(one_time, token_store=store, lock=FileLock(tmp_path / "one")).organizations.subscriptions()
    assert token_requests(one_time) == 2


def test_two_hosts_may_share_a_token_that_is_used_again(sandbox: Any, tmp_path: Path, caplog: Any) -> None:
    store = MemoryTokenStore()
    for host in ("one", "two", "one"):
        expire(store)
        client_of(sandbox, token_store=store, lock=FileLock(tmp_path / host)).organizations.subscriptions()
    assert token_requests(sandbox) == 3
    assert "renewed under two different locks" in caplog.text


def test_without_its_lock_a_one_time_token_is_not_spent(one_time: Any, tmp_path: Path) -> None:
    store = MemoryTokenStore()
    client_of(one_time, token_store=store).organizations.subscriptions()
    expire(store)
    (tmp_path / "file").touch()
    broken = FileLock(tmp_path / "file")
    with pytest.raises(errors.DineroUnavailable, match="coordination_url"):
        client_of(one_time, token_store=store, lock=broken).organizations.subscriptions()
    assert token_requests(one_time) == 1
    personal = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", one_time.url)
    assert client_of(one_time, grant=personal, token_store=store, lock=broken).organizations.subscriptions()


def test_short_lived_tokens_are_used_for_most_of_their_life() -> None:
    with running(token_lifetime=40) as box:
        client = client_of(box, token_store=MemoryTokenStore())
        for _ in range(5):
            client.organizations.subscriptions()
        assert token_requests(box) == 1


def test_a_timeout_takes_no_token_away_that_is_just_coming(one_time: Any) -> None:
    def timeout(number: int, frame: Any) -> None:
        raise TimeoutError("Airflow's execution_timeout")

    store = MemoryTokenStore()
    one_time.fault("delay", path="/connect/token", seconds=1, times=1)
    before = signal.signal(signal.SIGALRM, timeout)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    with pytest.raises(TimeoutError, match="execution_timeout"):
        client_of(one_time, token_store=store).organizations.subscriptions()
    signal.signal(signal.SIGALRM, before)
    client_of(one_time, token_store=store).organizations.subscriptions()
    assert token_requests(one_time) == 1


def test_who_comes_while_another_host_renews_for_the_first_time_is_told_to_wait(one_time: Any, tmp_path: Path) -> None:
    store = MemoryTokenStore()
    one_time.fault("delay", path="/connect/token", seconds=1, times=1)
    with ThreadPoolExecutor(1) as pool:
        one = client_of(one_time, token_store=store, lock=FileLock(tmp_path / "one"))
        first = pool.submit(one.organizations.subscriptions)
        while not store._tokens:
            time.sleep(0.01)
        with pytest.raises(errors.DineroUnavailable, match="is renewing it now"):
            client_of(one_time, token_store=store, lock=FileLock(tmp_path / "two")).organizations.subscriptions()
        assert first.result()
    assert token_requests(one_time) == 1


def test_two_hosts_that_begin_at_once_after_a_consent_dont_both_spend_it(one_time: Any, tmp_path: Path) -> None:
    store, together = MemoryTokenStore(), threading.Barrier(2)

    class Together(MemoryTokenStore):
        """Both read that nothing is stored yet before either of them writes."""

        reads = 0

        def load(self, key: str) -> Token | None:
            self.reads += 1
            there = store.load(key)
            if self.reads == 2:
                together.wait(10)
            return there

        def save(self, key: str, token: Token) -> None:
            store.save(key, token)

    def use(host: str) -> bool:
        client = client_of(one_time, token_store=Together(), lock=FileLock(tmp_path / host))
        try:
            return bool(client.organizations.subscriptions())
        except errors.DineroUnavailable as error:
            return "is renewing it now" not in str(error)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, ("one", "two"))) == [False, True]
    assert [each["status"] for each in one_time.requests() if "/token" in each["path"]] == [200]


def test_an_api_that_accepts_no_token_is_not_asked_for_ever_new_ones(one_time: Any) -> None:
    store = MemoryTokenStore()
    one_time.fault("status", status=401, path="/v1.1/organizations")
    for _ in range(20):
        with pytest.raises((errors.DineroUnauthorized, errors.DineroUnavailable)) as raised:
            client_of(one_time, token_store=store).organizations.subscriptions()
    assert "Dinero rejected 5 access tokens in a row, even new ones" in str(raised.value)
    assert token_requests(one_time) == 5
    one_time.clear_faults()
    assert client_of(one_time, token_store=store).organizations.subscriptions()
