"""The code of a response is exchanged once, however often the response arrives."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_dinero.adapters.token_store import VariableTokenStore
from airflow_provider_dinero.api import errors
from airflow_provider_dinero.consent import flow, used_responses
from airflow_provider_dinero.consent.connections import find
from airflow_provider_dinero.consent.states import state_of
from tests.consent.conftest import variables
from tests.consent.test_flow import Add, asked, tokens_of
from tests.sandbox.browser import CALLBACK, answered


def reloaded(sandbox: Any, conn_id: str) -> list[Any]:
    """Let an answer come twice while Visma is slow, as when its page is loaded again; return how each ends."""
    consent = flow.begin(conn_id, CALLBACK)
    answer = answered(sandbox, consent.url)
    sandbox.fault("delay", path="/connect/token", seconds=0.3, times=1)

    def finish() -> Any:
        try:
            return [each["Id"] for each in flow.finish(conn_id, consent, answer)]
        except errors.DineroError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return [each.result() for each in [pool.submit(finish), pool.submit(finish)]]


@pytest.mark.parametrize("control", [False, True])
def test_a_reload_while_visma_is_slow_exchanges_the_code_once(
    add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch, control: bool
) -> None:
    """The control, without the note: the code goes out twice, and the consent ends though it seems to be given."""
    if control:
        monkeypatch.setattr(used_responses, "take", lambda state: True)
    add("shop", organization_id=100001)
    ends = reloaded(sandbox, "shop")
    assert asked(sandbox, "/connect/token") == (2 if control else 1)
    assert state_of("shop").consent == "given"
    if control:
        with pytest.raises(errors.DineroReauthorizationRequired):
            renewed("shop")
    else:
        assert ends == [[100001, 100002]] * 2
        assert renewed("shop")


@pytest.mark.parametrize("effect", ["reset-after", "status"])
def test_a_code_whose_exchange_failed_is_not_sent_again(add: Add, sandbox: Any, effect: str) -> None:
    add("shop", organization_id=100001)
    consent = flow.begin("shop", CALLBACK)
    answer = answered(sandbox, consent.url)
    sandbox.fault(effect, path="/connect/token", times=1)
    with pytest.raises(errors.DineroUnavailable):
        flow.finish("shop", consent, answer)
    with pytest.raises(errors.DineroConfigurationError, match=r"arrived before.* start again"):
        flow.finish("shop", consent, answer)
    assert asked(sandbox, "/connect/token") == 1
    again = flow.begin("shop", CALLBACK)
    assert flow.finish("shop", again, answered(sandbox, again.url))


def test_what_is_noted_is_forgotten_when_it_is_of_no_use(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert used_responses.take("first")
    assert not used_responses.take("first")
    later = datetime.now(UTC) + used_responses.FORGOTTEN_AFTER + timedelta(seconds=1)
    monkeypatch.setattr(used_responses, "datetime", type("Later", (), {"now": staticmethod(lambda zone: later)}))
    assert used_responses.take("second")
    assert used_responses.take("first")
    assert not used_responses.take("second")


def test_a_consent_under_an_earlier_name_is_seen_and_ended(add: Add, sandbox: Any) -> None:
    """After an update, before any task has run."""
    add("giver", organization_id=100001)
    consent = flow.begin("giver", CALLBACK)
    flow.finish("giver", consent, answered(sandbox, consent.url))
    add("old", organization_id=100001, refresh_token="spent-long-ago")
    name = find("old").client().tokens.earlier_key
    VariableTokenStore().save(name, replace(tokens_of("giver"), bound_to=""))
    state = state_of("old")
    assert (state.consent, state.expires_at) == ("given", None)
    assert flow.disconnect("old") == ["old"]
    assert name not in variables()
    with pytest.raises(errors.DineroReauthorizationRequired):
        renewed("giver")


def renewed(conn_id: str) -> Any:
    store, key = VariableTokenStore(), find(conn_id).client().tokens.key
    store.save(key, replace(tokens_of(conn_id), expires_at=0.0))
    return flow.organizations(conn_id)
