"""All operations against the sandbox, as a bookkeeper uses them; and again with lost responses."""

import re
from typing import Any

import pytest

from airflow_provider_dinero.api.__main__ import operations
from airflow_provider_dinero.api.errors import (
    DineroOutcomeUnknown,
    DineroRefused,
    DineroStaleTimestamp,
    DineroUnavailable,
)
from airflow_provider_dinero.api.operations import Repeat
from airflow_provider_dinero.api.resources.base import Resource
from airflow_provider_dinero.api.resources.invoices import _ADD_PAYMENT
from tests.conftest import line
from tests.walk import GUIDS, performed, walk


@pytest.fixture
def busy(make_client: Any) -> Any:
    """A client that waits for nothing."""
    return make_client(requests_per_minute=10_000, sleep=lambda seconds: None)


@pytest.fixture
def sandbox(unlimited_sandbox: Any) -> Any:
    unlimited_sandbox.reset()
    return unlimited_sandbox


def pattern(path: str) -> str:
    return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))


def test_every_operation_does_its_work(busy: Any, sandbox: Any) -> None:
    walk(busy, sandbox)
    done = set(performed(sandbox))
    missing = [
        call
        for call, each in operations().items()
        if not any(re.fullmatch(f"{each.method} {pattern(each.path)}", one) for one in done)
    ]
    assert missing == []


def state(sandbox: Any) -> dict[str, int]:
    return {name: count for name, count in sandbox.state().items() if name != "requests"}


def disturb(sandbox: Any, effect: str) -> None:
    """Let the first try of every write that may be repeated end so."""
    for each in operations().values():
        if each.repeat in {Repeat.KEYED, Repeat.FENCED}:
            sandbox.fault(effect, method=each.method, path=each.path, times=1)


@pytest.mark.parametrize("effect", ["reset-after", "truncate", "reset", "status"])
def test_lost_answers_change_nothing(busy: Any, sandbox: Any, effect: str) -> None:
    """Of each write that may be repeated, an answer is lost: after it was done (the first two), or before."""
    walk(busy, sandbox)
    undisturbed = state(sandbox)
    sandbox.reset()
    disturb(sandbox, effect)
    walk(busy, sandbox)
    assert [fault["path"] for fault in sandbox.faults() if fault["struck"] != 1] == []
    assert state(sandbox) == undisturbed


def test_without_the_look_they_would(busy: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a write that was done counts as refused."""
    monkeypatch.setattr(Resource, "_settled", lambda self, send, look, **options: send())
    disturb(sandbox, "reset-after")
    with pytest.raises(DineroRefused):
        walk(busy, sandbox)


def test_a_payment_by_its_timestamp_alone_is_there_twice(busy: Any, sandbox: Any) -> None:
    """The control: a payment whose Timestamp is read again for each try is registered twice."""
    contact = busy.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True})["ContactGuid"]
    guid = busy.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    busy.invoices.book(guid)
    payment = {"DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "Bank", "Amount": 10}
    sandbox.fault("reset-after", method="POST", path="/v1/*/invoices/*/payments", times=1)
    with pytest.raises(DineroStaleTimestamp):
        busy.json(_ADD_PAYMENT, {"guid": guid}, body={**payment, "Timestamp": busy.invoices.get(guid)["TimeStamp"]})
    busy.json(_ADD_PAYMENT, {"guid": guid}, body={**payment, "Timestamp": busy.invoices.get(guid)["TimeStamp"]})
    assert len(busy.invoices.payments(guid)["Payments"]) == 2


def test_a_payment_that_nobody_answers_is_an_unknown_outcome(busy: Any, sandbox: Any) -> None:
    contact = busy.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True})["ContactGuid"]
    guid = busy.invoices.create({"ContactGuid": contact, "ProductLines": [line()]})["Guid"]
    busy.invoices.book(guid)
    sandbox.fault("status", method="POST", path="/v1/*/invoices/*/payments", status=503)
    payment = {"DepositAccountNumber": 55000, "RemainderIsFee": False, "Description": "Bank", "Amount": 10}
    with pytest.raises(DineroOutcomeUnknown, match="may or may not have been done"):
        busy.invoices.add_payment(guid, payment)
    sandbox.fault("status", method="POST", path="/v1/*/invoices", status=503)
    with pytest.raises(DineroOutcomeUnknown, match="may or may not"):
        busy.invoices.create({"ProductLines": [line()]})  # a later try wouldn't know its Guid
    with pytest.raises(DineroUnavailable):
        busy.invoices.create({"Guid": GUIDS[1], "ProductLines": [line()]})  # a later try will
