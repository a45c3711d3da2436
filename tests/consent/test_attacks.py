"""What somebody who may edit connections, or who leads a browser here, may try with consent; and unreadable data."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.consent import flow
from airflow_provider_dinero.consent.check import check
from airflow_provider_dinero.consent.connections import write
from airflow_provider_dinero.consent.states import state_of, states
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from tests.consent.conftest import described, extra_of, variables
from tests.sandbox.browser import CALLBACK, answered

Add = Callable[..., str]


def consent(sandbox: Any, conn_id: str) -> None:
    begun = flow.begin(conn_id, CALLBACK)
    flow.finish(conn_id, begun, answered(sandbox, begun.url))


def asked(sandbox: Any, path: str) -> int:
    return sum(each["path"].startswith(path) for each in sandbox.requests())


def test_disconnecting_leaves_connections_alone_that_the_user_may_not_edit(add: Add, sandbox: Any) -> None:
    for conn_id in ("mine", "theirs"):
        add(conn_id, organization_id=100001, refresh_token=REFRESH_TOKEN)
    flow.organizations("theirs")
    assert flow.disconnect("mine", {"mine", "another"}) == ["mine"]
    assert (state_of("mine").consent, state_of("theirs").consent) == ("missing", "refused")
    assert extra_of("theirs")["refresh_token"] == REFRESH_TOKEN
    before = asked(sandbox, "/connect/token")
    with pytest.raises(errors.DineroReauthorizationRequired):  # nor is the dead token presented again
        flow.organizations("theirs")
    assert asked(sandbox, "/connect/token") == before


EVERYWHERE = {
    "host": lambda url: {"host": url},
    "auth_url": lambda url: {"extra": {"auth_url": url}},
}
ADDRESSES = {
    "{}/api": "contains a path or a query",
    "{}?a=b": "contains a path or a query",
    "{}/?": "contains a path or a query",
    "{}#": "contains a path or a query",
    "{}\\@x": "contains a user name",
    "{}\\x": "is not an address",
    "http://local\thost": "contains a path or a query",
    "http://local\u200bhost": "contains a path or a query",
    "http://me@127.0.0.1": "contains a user name",
    "http://me:s3cret@127.0.0.1/": "contains a user name",
    "http://[::1": "is not an address",
    "http://127.0.0.1:many": "is not an address",
    "localhost:many": "is not an address",
    "https:localhost": "is not an address",
    "[::1": "is not an address",
}


@pytest.mark.parametrize("field", EVERYWHERE)
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_a_host_and_nothing_else(add: Add, sandbox: Any, field: str, address: str) -> None:
    made = EVERYWHERE[field](address.format(sandbox.url))
    add("odd", refresh_token=REFRESH_TOKEN, organization_id=100001, **made.get("extra", {}))
    if "host" in made:
        from airflow.models import Connection
        from airflow.utils.session import create_session
        from sqlalchemy import update

        with create_session() as session:
            session.execute(update(Connection).values(host=made["host"], port=443))
    for action in (flow.begin, flow.organizations, flow.disconnect):
        arguments = ("odd", CALLBACK) if action is flow.begin else ("odd",)
        with pytest.raises(errors.DineroConfigurationError, match=f"connection's {field} {ADDRESSES[address]}") as told:
            action(*arguments)
        assert "s3cret" not in str(told.value)
    assert state_of("odd").who.startswith("Somebody who edits connections: The connection's")
    assert sandbox.requests() == []


@pytest.mark.parametrize(
    ("auth_url", "told"),
    [
        ("http://visma.example", r"http://visma\.example is refused: credentials are only sent over https"),
        ("http://127.0.0.1.visma.example", "is refused"),
        ("visma.example", r"token endpoint is not: https://visma\.example"),
        ("//visma.example", r"token endpoint is not: https://visma\.example"),
        ("javascript:alert(1)//", "is not an address"),
        ("data:text", "is not an address"),
    ],
)
def test_a_person_is_led_to_https_alone(add: Add, auth_url: str, told: str) -> None:
    add("odd", auth_url=auth_url, organization_id=100001)
    with pytest.raises(errors.DineroConfigurationError, match=told):
        flow.begin("odd", CALLBACK)


@pytest.mark.parametrize("field", ["host", "auth_url"])
def test_a_host_that_is_not_allowed_gets_nothing(
    add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """Whoever may edit a connection can't read its secrets, but could send them to a host of theirs."""
    given = {"host": sandbox.url, "auth_url": sandbox.url, field: sandbox.url.replace("127.0.0.1", "localhost")}
    made = described(given["auth_url"], "personal_integration", organization_id=100001) | {"host": given["host"]}
    made["extra"]["auth_url"] = given["auth_url"]
    monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps(made))
    ours = urlsplit(sandbox.url).netloc
    monkeypatch.setenv("AIRFLOW__DINERO__ALLOWED_HOSTS", f" API.dinero.dk,{ours}")
    wanted = rf"{field} is localhost:\d+, which is not among the \[dinero\] allowed_hosts"
    for act in (flow.organizations, flow.disconnect, lambda name: DineroHook(name).get_conn()):
        with pytest.raises(errors.DineroConfigurationError, match=wanted):
            act("odd")
    well, told = DineroHook("odd").test_connection()
    assert (well, bool(re.search(wanted, told))) == (False, True)
    assert "allowed_hosts" in state_of("odd").who
    assert sandbox.requests() == []
    monkeypatch.setenv("AIRFLOW__DINERO__ALLOWED_HOSTS", f"{ours}, {ours.replace('127.0.0.1', 'localhost')}")
    assert flow.organizations("odd")


def test_the_port_of_a_host_is_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"conn_type": "dinero", "host": "api.dinero.dk", "login": "a", "password": "b", "extra": {"api_key": "c"}}
    monkeypatch.setenv("AIRFLOW__DINERO__ALLOWED_HOSTS", "api.dinero.dk")
    for port, is_allowed in ((None, True), (443, True), (8443, False)):
        monkeypatch.setenv("AIRFLOW_CONN_ODD", json.dumps({**made, "port": port}))
        assert ("allowed_hosts" in state_of("odd").who) is not is_allowed


def test_an_answer_of_another_server_is_not_exchanged(add: Add, sandbox: Any) -> None:
    """One redirect URI serves all servers: what one of them gave must not go to another (RFC 9207)."""
    add("one", organization_id=100001)
    begun = flow.begin("one", CALLBACK)
    answer = answered(sandbox, begun.url)
    for other in (
        {"iss": "https://connect.visma.com"},
        {"iss": f"{sandbox.url}/x"},
        {"iss": "http://[", "error": "no"},
    ):
        with pytest.raises(errors.DineroConfigurationError, match=f"This response is not from {sandbox.url}"):
            flow.finish("one", begun, {**answer, **other})
    write(["one"], {"auth_url": "https://connect.visma.com"})
    with pytest.raises(errors.DineroConfigurationError, match=f"The consent was requested at {sandbox.url}"):
        flow.finish("one", begun, answer)
    assert asked(sandbox, "/connect/token") == 0
    write(["one"], {"auth_url": sandbox.url})
    again = flow.begin("one", CALLBACK)
    flow.finish("one", again, {**answered(sandbox, again.url), "iss": f"{sandbox.url}/"})
    assert state_of("one").consent == "given"


ABSURD: dict[str, tuple[str, dict[str, Any]]] = {
    "beyond a float": ("requests_per_minute is not a number", {"requests_per_minute": 10**400}),
    "beyond a clock": ("timeout is not a number from 1 to 86400", {"timeout": 10**300}),
    "beyond reading": ("Airflow can't read connection absurd from its database", {"allowed_organizations": [10**5000]}),
    "no list": ("allowed_organizations is not a list of numbers", {"allowed_organizations": {"a": 1}}),
}


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_number_of_one_connection_hides_no_other(add: Add, sandbox: Any, name: str) -> None:
    told, extra = ABSURD[name]
    add("good", refresh_token=REFRESH_TOKEN, organization_id=100001)
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        add("absurd", refresh_token=REFRESH_TOKEN, **extra)
    finally:
        sys.set_int_max_str_digits(limit)
    absurd, good = states()
    assert (absurd.conn_id, absurd.consent) == ("absurd", "unknown")
    assert told in absurd.who
    assert (good.consent, good.who) == ("untried", "")
    assert flow.disconnect("good") == ["good"]


@pytest.mark.parametrize("field", ["api_key", "grant", "organization_id", "auth_url", "coordination_url"])
def test_a_text_without_end_of_one_connection_hides_no_other(add: Add, sandbox: Any, field: str) -> None:
    add("absurd", grant="personal_integration")
    write(["absurd"], {"api_key": "sandbox-api-key", field: "/" + "x" * 9000})
    (state,) = states()
    assert f"The connection's {field} is not of at most 8192 characters." in state.who
    assert len(f"{state}") < 1000


@pytest.mark.parametrize("value", [1e300, -1e300, 1e15, -1e15, float("inf"), float("nan"), 10**400])
@pytest.mark.parametrize("name", ["expires_at", "renewed_at"])
def test_an_absurd_time_of_one_token_hides_no_other(add: Add, sandbox: Any, name: str, value: float) -> None:
    from airflow.models import Variable

    add("absurd", organization_id=100001)
    consent(sandbox, "absurd")
    (key,) = variables()
    Variable.set(key, json.dumps({**json.loads(variables()[key]), name: value}))  # as somebody could by hand
    state = state_of("absurd")
    assert (state.consent, state.expires_at, state.renewed_at) == ("given", None, None)
    assert "has an impossible time" in state.who
    assert "token" in [each.about for each in check("absurd")]  # in words; one that has run out is renewed
    assert flow.organizations("absurd")  # a task still works, and writes it again if necessary


ODD_TOKENS: list[Any] = [
    {"scope": 5},
    {"refresh_token": ["x"]},
    {"rejections": "x"},
    {"rejections": float("inf")},
    {"place": None},
    {"place": "half a character \ud800"},
    {"access_token": "half a character \ud800"},
    {"refresh_token": "half a character \ud800"},
    [],
]


@pytest.mark.parametrize("odd", ODD_TOKENS)
def test_a_token_that_is_none_hides_no_other(add: Add, sandbox: Any, odd: Any) -> None:
    from airflow.models import Variable

    add("odd", organization_id=100001)
    consent(sandbox, "odd")
    add("whole", organization_id=100001, refresh_token=REFRESH_TOKEN)
    (key,) = variables()
    Variable.set(key, json.dumps({**json.loads(variables()[key]), **odd} if odd else odd))
    assert [each.consent for each in states()] == ["untried", "untried"]
    assert flow.organizations("odd")  # a task still works, and writes it again


def test_a_connection_that_the_environment_has_too_is_not_told_of(
    add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may edit connections may add one under the name of one that they may not edit."""
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(described(sandbox.url, refresh_token=REFRESH_TOKEN)))
    add("shop", grant="personal_integration")
    (state,) = states()
    assert (state.consent, state.grant, state.organization) == ("unknown", "", "")
    assert "The environment or a secrets backend defines a connection shop too" in state.who
    assert state_of("shop").consent == "untried"  # for who has the command line


def test_a_host_that_says_nothing_keeps_nobody_waiting(add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add("slow", refresh_token=REFRESH_TOKEN, organization_id=100001, timeout=86400)
    monkeypatch.setattr("airflow_provider_dinero.api.http.retry._backoff", lambda number: 0.0)
    flow.organizations("slow")
    for module in ("airflow_provider_dinero.consent.flow", "airflow_provider_dinero.adapters.connections"):
        monkeypatch.setattr(f"{module}.PATIENCE", 0.1)
    sandbox.fault("delay", path="/*/organizations", seconds=1)
    with pytest.raises(errors.DineroUnavailable, match="did not respond"):
        flow.organizations("slow")
    made = sandbox.connection()
    monkeypatch.setenv("AIRFLOW_CONN_BUTTON", json.dumps({**made, "extra": {**made["extra"], "timeout": 86400}}))
    well, told = DineroHook("button").test_connection()
    assert (well, "did not respond" in told) == (False, True)


def test_a_connection_of_a_team_is_consented_to(add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models import Connection, Variable
    from airflow.models.team import Team
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select, update

    monkeypatch.setenv("AIRFLOW__CORE__MULTI_TEAM", "True")
    add("theirs", organization_id=100001)
    with create_session() as session:
        session.add(Team(name="sales"))
        session.flush()
        session.execute(update(Connection).values(team_name="sales"))
    try:
        assert state_of("theirs").consent == "missing"
        consent(sandbox, "theirs")
        assert (state_of("theirs").consent, len(flow.organizations("theirs"))) == ("given", 2)
        with create_session() as session:
            found = session.execute(select(Variable.key, Variable.team_name)).all()
        assert {team for key, team in found if key.startswith("dinero_token__")} == {"sales"}  # for no other team
        assert flow.disconnect("theirs") == ["theirs"]
        assert variables() == {}
    finally:
        with create_session() as session:
            session.execute(delete(Connection))
            session.execute(delete(Variable))
            session.execute(delete(Team))
