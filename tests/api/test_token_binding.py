"""A stored token is only used with the API and the secret that it was issued for; no refresh token is spent twice."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, VismaConnect, errors
from airflow_provider_dinero.api.auth import grants, tokens
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget, ProcessLock, Token
from airflow_provider_dinero.coordination.files import FileLock
from airflow_provider_dinero.sandbox.seed_data import CLIENTS, REFRESH_TOKEN, Client
from airflow_provider_dinero.sandbox.server import running
from tests.api.tokens import expire

SECRET = "sandbox-secret"


def statuses(box: Any) -> list[int]:
    return [each["status"] for each in box.requests() if "/token" in each["path"]]


def use(grant: VismaConnect | PersonalIntegration, base_url: str, store: MemoryTokenStore, **options: Any) -> Any:
    """Send one request, as a process that has just started."""
    options = {"lock": ProcessLock(), "budget": ProcessBudget(), **options}
    client = DineroClient(100001, grant, base_url=base_url, token_store=store, **options)
    try:
        return client.organizations.subscriptions()
    finally:
        client.close()


def visma(url: str, secret: str = SECRET, refresh_token: str = REFRESH_TOKEN, name: str = "") -> VismaConnect:
    return VismaConnect("isv_sandbox", secret, refresh_token, url, name=name)


STRANGERS: dict[str, Callable[[str], VismaConnect | PersonalIntegration]] = {
    "a wrong secret": lambda url: visma(url, "wrong-secret", "", "prod"),
    "the name as a refresh token": lambda url: visma(url, "wrong-secret", "name prod"),
    "another kind of grant": lambda url: PersonalIntegration("isv_sandbox", "wrong-secret", "name prod", url),
    "another client": lambda url: VismaConnect("isv_special", "wrong-secret", auth_url=url, name="prod"),
}


@pytest.mark.parametrize("may_spend", [True, False])
@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_gets_no_token_of_a_connection_of_the_environment(sandbox: Any, who: str, may_spend: bool) -> None:
    """A connection that is tested has a host of the tester's choice; the environment's consent is under its name."""
    store = MemoryTokenStore()
    good = DineroClient(
        100001, visma(sandbox.url, refresh_token="", name="prod"), base_url=sandbox.url, token_store=store
    )
    good.tokens.adopt(Token("", 0.0, REFRESH_TOKEN))
    assert good.organizations.subscriptions()
    refused = (errors.DineroUnauthorized, errors.DineroConfigurationError)
    with running() as theirs:
        with pytest.raises(refused):
            use(STRANGERS[who](sandbox.url), theirs.url, store, may_spend=may_spend)
        assert theirs.requests() == []
    assert use(visma(sandbox.url, refresh_token="", name="prod"), sandbox.url, store)
    good.close()


def both(url: str) -> tuple[str, str]:
    """One sandbox under two names: two hosts, for whoever sends a token."""
    return url, url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("kind", ["personal", "visma"])
def test_an_access_token_goes_to_one_host(sandbox: Any, kind: str) -> None:
    store = MemoryTokenStore()
    one, other = both(sandbox.url)
    given = {"personal": PersonalIntegration("personal-sandbox", SECRET, "sandbox-api-key", one), "visma": visma(one)}
    clients = [DineroClient(100001, given[kind], base_url=each, token_store=store) for each in (one, other)]
    first, second = (each.tokens.access() for each in clients)
    assert first != second
    for each in clients:
        assert each.organizations.subscriptions()
        each.close()


def with_the_api_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named = grants.token_key
    monkeypatch.setattr(tokens, "token_key", lambda grant, url: f"{named(grant, url)}{hash(url)}")


def with_the_secret_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named = grants.token_key
    monkeypatch.setattr(tokens, "token_key", lambda grant, url: f"{named(grant, url)}{grant.client_secret}")


@pytest.mark.parametrize("control", [None, with_the_api_in_its_name])
def test_two_hosts_and_one_consent_never_spend_a_one_time_token_twice(
    one_time: Any, monkeypatch: pytest.MonkeyPatch, control: Any
) -> None:
    """The control: a name with the API in it leaves each host to the connection's own refresh token, which is spent."""
    if control:
        control(monkeypatch)
    store, hosts = MemoryTokenStore(), both(one_time.url)
    ended = 0
    for number in range(6):
        if number == 4:
            expire(store)
        try:
            use(visma(one_time.url), hosts[number % 2], store)
        except errors.DineroReauthorizationRequired:
            ended += 1
    assert (set(statuses(one_time)) == {200}) is (ended == 0) is (control is None)


@pytest.mark.parametrize("control", [None, with_the_secret_in_its_name])
def test_a_changed_secret_finds_the_rotated_refresh_token_and_renews_first(
    one_time: Any, monkeypatch: pytest.MonkeyPatch, control: Any
) -> None:
    if control:
        control(monkeypatch)
    store = MemoryTokenStore()
    assert use(visma(one_time.url), one_time.url, store)
    monkeypatch.setitem(CLIENTS, "isv_sandbox", Client("isv_sandbox", "the-new-secret", "visma_connect", 100))
    if control:
        with pytest.raises(errors.DineroReauthorizationRequired):
            use(visma(one_time.url, "the-new-secret"), one_time.url, store)
        assert statuses(one_time) == [200, 400]
        return
    for _ in range(2):
        assert use(visma(one_time.url, "the-new-secret"), one_time.url, store)
    assert statuses(one_time) == [200, 200]
    with pytest.raises(errors.DineroUnauthorized):  # the old secret has no share in it
        use(visma(one_time.url), one_time.url, store)
    assert use(visma(one_time.url, "the-new-secret"), one_time.url, store)
    assert statuses(one_time) == [200, 200, 400]


def earlier(box: Any, grant: VismaConnect) -> tuple[MemoryTokenStore, str]:
    """A store as an earlier release has left it: the connection's refresh token spent, the access token valid."""
    store = MemoryTokenStore()
    assert use(grant, box.url, store)
    (token,) = store._tokens.values()
    made_from = grant.refresh_token or f"name {grant.name}"
    digest = hashlib.sha256(f"{box.url}\nisv_sandbox\n{made_from}".encode()).hexdigest()[:32]
    store._tokens = {f"dinero_token__{digest}": replace(token, bound_to="")}
    return store, f"dinero_token__{digest}"


@pytest.mark.parametrize("control", [True, False])
def test_a_token_under_its_earlier_name_is_taken_over_once(
    one_time: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control: bool
) -> None:
    """The control: otherwise the connection's own used refresh token is presented, which ends the consent."""
    store, name = earlier(one_time, visma(one_time.url))
    if control:
        monkeypatch.setattr(tokens, "earlier_key", lambda grant: "")
        with pytest.raises(errors.DineroReauthorizationRequired):
            use(visma(one_time.url), one_time.url, store)
        assert statuses(one_time) == [200, 400]
        return
    lock = FileLock(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: use(visma(one_time.url), one_time.url, store, lock=lock), range(8)))
    # Nobody used its access token, which no secret is known for: it was renewed first, by one.
    assert statuses(one_time) == [200, 200]
    # A worker of the earlier release finds no token any more, and presents none.
    assert (store._tokens[name].refresh_token, store._tokens[name].access_token) == (None, "")
    assert store._tokens[name].refused
    del store._tokens[grants.token_key(visma(one_time.url), one_time.url)]
    with pytest.raises(errors.DineroReauthorizationRequired):
        use(visma(one_time.url), one_time.url, store)
    assert statuses(one_time) == [200, 200]


def test_a_consent_under_a_connections_name_is_taken_over(one_time: Any) -> None:
    grant = visma(one_time.url, refresh_token="", name="prod")
    first = MemoryTokenStore()
    DineroClient(100001, grant, base_url=one_time.url, token_store=first).tokens.adopt(Token("", 0.0, REFRESH_TOKEN))
    assert use(grant, one_time.url, first)
    (token,) = first._tokens.values()
    store, name = MemoryTokenStore(), grants.earlier_key(grant)
    store._tokens = {name: replace(token, bound_to="")}
    with pytest.raises(errors.DineroReauthorizationRequired, match="Nobody has consented"):
        use(visma(one_time.url, refresh_token="", name="other"), one_time.url, store)
    with pytest.raises(errors.DineroReauthorizationRequired):  # it was the same name once
        use(visma(one_time.url, refresh_token="name prod"), one_time.url, store)
    assert use(grant, one_time.url, store)
    assert statuses(one_time)[-1] == 200


def test_what_was_told_of_the_earlier_name_is_told_still(one_time: Any) -> None:
    store, name = earlier(one_time, visma(one_time.url))
    lock = ProcessLock()
    with lock.hold(name) as held:
        held.leave(f"{tokens.fingerprint(str(store._tokens[name].refresh_token))} process 7 of host")
    for _ in range(2):
        with pytest.raises(errors.DineroReauthorizationRequired, match="used by process 7 of host"):
            use(visma(one_time.url), one_time.url, store, lock=lock)
    assert statuses(one_time) == [200]


def test_a_test_takes_nothing_over_and_sees_it_all_the_same(one_time: Any) -> None:
    store, name = earlier(one_time, visma(one_time.url))
    before = dict(store._tokens)
    with pytest.raises(errors.DineroConfigurationError, match="a test never uses"):
        use(visma(one_time.url), one_time.url, store, may_spend=False)
    seen = DineroClient(100001, visma(one_time.url), base_url=one_time.url, token_store=store).tokens.stored()
    assert seen
    assert (seen.refresh_token, seen.access_token) == (before[name].refresh_token, "")
    assert store._tokens == before


def test_no_two_connections_share_a_name_by_accident() -> None:
    issuer, api = "https://connect.visma.com", "https://api.dinero.dk"
    given: list[VismaConnect | PersonalIntegration] = [
        VismaConnect("id", SECRET, "", issuer, name="prod"),
        VismaConnect("id", SECRET, "name prod", issuer),
        VismaConnect("id", SECRET, "prod", issuer),
        VismaConnect("id\nname", SECRET, "prod", issuer),
        VismaConnect("id", SECRET, f"{SECRET}\nkey", issuer),
        VismaConnect("id", SECRET, "prod", f"{issuer}/eu"),
        PersonalIntegration("id", SECRET, "key", issuer),
        PersonalIntegration("id", SECRET, "prod", issuer),
        PersonalIntegration("id", f"{SECRET}2", "key", issuer),
        PersonalIntegration("id2", SECRET, "key", issuer),
    ]
    keys = {grants.token_key(each, api) for each in given}
    assert len(keys) == len(given)
    assert grants.token_key(given[6], f"{api}:8443") not in keys
    # What a connection's name and a refresh token had in common once is taken over by the name alone.
    assert [bool(grants.earlier_key(each)) for each in given] == [True, False, True, True, False, True, *[False] * 4]


def test_one_address_in_two_spellings_is_one_token() -> None:
    grant = VismaConnect("isv_1", SECRET, "refresh", "https://connect.visma.com")
    key = grants.token_key(grant, "https://api.dinero.dk")
    for issuer in ("https://Connect.Visma.com/", "https://connect.visma.com:443"):
        assert grants.token_key(replace(grant, auth_url=issuer), "https://api.dinero.dk") == key
    for api in ("https://API.dinero.dk:443/", "https://api.dinero.dk"):
        assert grants.binding(grant, api) == grants.binding(grant, "https://api.dinero.dk")
    others = (
        "https://api.dinero.dk/x",
        "http://api.dinero.dk",
        "https://api.dinero.dk:8443",
        "http://[",
        "https://a:b",
    )
    assert len({grants.binding(grant, each) for each in others}) == len(others)
