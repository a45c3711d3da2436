"""A server in Dinero's place returns organizations or accounts that Dinero never would: the result is a clear error."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.consent import flow
from airflow_provider_dinero.consent.check import WRONG, check
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN

Add = Callable[..., str]
GOOD = {"refresh_token": REFRESH_TOKEN, "organization_id": 100001}
SHOP = {"Id": 100001, "Name": "Shop", "IsPro": True, "Subscription": {"HasPro": True}}
ORDERS = "\x1b]0;title\x07\x9b2J\n"
ODD = {
    "no name": {"Id": 100001},
    "no Pro": {"Id": 100001, "Name": "Shop"},
    "a number that is a list": {**SHOP, "Id": ["100001"]},
    "a number that is a text": {**SHOP, "Id": ORDERS},
    "no number": {**SHOP, "Id": None},
}


@pytest.fixture
def answers(add: Add, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A connection `good`, and what Dinero says to it."""
    monkeypatch.setattr("airflow_provider_dinero.api.http.retry._backoff", lambda number: 0.0)
    add("good", **GOOD)

    def answers(path: str, body: Any) -> None:
        sandbox.fault("status", status=200, body=body, path=path)

    return answers


@pytest.mark.parametrize("name", ODD)
def test_an_odd_organization_is_told_in_words(
    answers: Callable[..., None], airflow: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answers("/v1/organizations", [SHOP, ODD[name]])
    answers("/v1.1/organizations", [SHOP, ODD[name]])
    with pytest.raises(errors.DineroUnexpectedAnswer):
        flow.organizations("good")
    for arguments in ([], ["--json"], ["--choose", "100001"]):
        code, out, err = airflow("dinero", "organizations", "good", *arguments)
        assert (code, out) == (1, "")
        assert "response of Dinero" in err
        assert err.isascii()
    (line,) = [each for each in check("good") if each.about == "organization"]
    assert line.verdict == WRONG
    monkeypatch.setenv("AIRFLOW_CONN_BUTTON", sandbox.connection_json())
    well, told = DineroHook("button").test_connection()
    assert (well, "response" in told or "answered" in told, told.isascii()) == (False, True, True), told


def test_a_name_has_a_length_and_gives_no_orders(answers: Callable[..., None], airflow: Any) -> None:
    name = ORDERS + "x" * 100_000
    answers("/v1/organizations", [{**SHOP, "Name": name}])
    answers("/v1.1/organizations", [{**SHOP, "Name": name}])
    (found,) = flow.organizations("good")
    assert len(found["Name"]) == 300
    (line,) = [each for each in check("good") if each.about == "organization"]
    assert len(line.told) < 400
    for arguments in ([], ["--json"]):
        code, out, _ = airflow("dinero", "organizations", "good", *arguments)
        assert (code, len(out) < 500) == (0, True)
        assert all(each.isprintable() for each in out.splitlines())
    assert json.loads(out)[0]["Name"] == found["Name"]


@pytest.mark.parametrize("field", ["Name", "VatCode", "Category"])
def test_an_account_gives_a_terminal_no_orders(answers: Callable[..., None], airflow: Any, field: str) -> None:
    row = {"AccountNumber": 1000, "Name": "Sales", "VatCode": "U25", "Category": "Turnover", field: ORDERS}
    answers("/v1/*/accounts/*", [row])
    for arguments in ([], ["--json"]):
        code, out, _ = airflow("dinero", "accounts", "good", *arguments)
        assert code == 0
        assert all(each.isprintable() for each in out.splitlines())
    assert json.loads(out)[0][field] == ORDERS


def test_an_odd_account_is_told_in_words(answers: Callable[..., None], airflow: Any) -> None:
    answers("/v1/*/accounts/*", [{"AccountNumber": 1000, "Name": None}])
    code, out, err = airflow("dinero", "accounts", "good")
    assert (code, out) == (1, "")
    assert "A response of Dinero can't be used" in err
