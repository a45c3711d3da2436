"""The pace of a client, and what others see of it."""

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.ports import ProcessBudget


def test_token_requests_use_the_allowance_unless_they_are_said_not_to(make_client: Any, sandbox: Any) -> None:
    for counts, left in ((True, 1), (False, 2)):
        client = make_client(requests_per_minute=3, token_requests_count=counts)
        client.organizations.subscriptions()
        assert client.remaining() == left


def test_an_organization_has_one_allowance_however_it_is_written(make_client: Any, sandbox: Any) -> None:
    budget = ProcessBudget()
    for written in (100001, "100001", " 0100001"):
        client = make_client(written, budget=budget)
        client.organizations.subscriptions()
    assert client.remaining() == client.requests_per_minute - 6  # three for tokens


def test_waiting_is_told_once(make_client: Any, sandbox: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = make_client(requests_per_minute=2, sleep=lambda seconds: None)
    for _ in range(3):
        client.organizations.subscriptions()
    told = [each.getMessage() for each in caplog.records if "allowance" in each.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("The allowance of 2 requests per minute is used up")


def test_what_is_sent_is_metered(make_client: Any, sandbox: Any) -> None:
    class Seen:
        def __init__(self) -> None:
            self.counts: Counter[str] = Counter()
            self.left: list[float] = []

        def count(self, name: str) -> None:
            self.counts[name] += 1

        def measure(self, name: str, value: float) -> None:
            if name == "requests_left":
                self.left.append(value)

    seen = Seen()
    client = make_client(meter=seen, requests_per_minute=30, sleep=lambda seconds: None)
    sandbox.fault("status", status=429, path="/v1.1/organizations", times=1)
    client.organizations.subscriptions()
    assert seen.counts == {"requests": 3, "token_renewals": 1, "throttled": 1}
    assert seen.left == [29, 28, 27]


def test_the_allowance_is_kept(make_client: Any, sandbox: Any) -> None:
    slept: list[float] = []
    client = make_client(requests_per_minute=3, sleep=slept.append)
    for _ in range(3):
        client.organizations.subscriptions()
    assert len(slept) == 1  # the token was the first of the three
    assert 50 < slept[0] <= 61
    until = []
    for _ in range(9):
        with pytest.raises(errors.DineroThrottled) as raised:
            [client.organizations.subscriptions() for _ in range(9)]
        until.append(raised.value.until)
    assert until[0] is not None
    assert max(until) - min(until) < timedelta(seconds=1)  # who is sent away takes no slot along
