"""The Test button, which runs in the API server, and what a form may save."""

from typing import Any

import pytest
import requests
from local import as_rest

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from airflow_provider_dinero.sandbox.seed_data import connection
from tests.deployment import Deployment


def button(deployment: Deployment, grant: str = "personal_integration", **changes: Any) -> dict[str, Any]:
    """What the Test button says of a connection that was saved."""
    made = connection(deployment.sandbox, grant)
    made["extra"].update(changes.pop("extra", {}))
    body = {"connection_id": "tested", **as_rest({**made, "port": 443, **changes})}
    deployment.airflow.call("POST", "/connections", json=body)
    try:
        return deployment.airflow.call("POST", "/connections/test", json=body)
    finally:
        deployment.airflow.call("DELETE", "/connections/tested")


def token_calls(deployment: Deployment) -> int:
    asked = requests.get(f"{deployment.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10).json()
    return sum("/token" in each["path"] for each in asked)


def test_a_good_connection_names_its_organization(deployment: Deployment) -> None:
    assert button(deployment) == {"status": True, "message": "Nørrebro Cykler ApS (100001), subscription Pro."}


def test_a_form_saves_every_field_also_empty_ones(deployment: Deployment) -> None:
    empty = {
        "refresh_token": None,
        "requests_per_minute": None,
        "timeout": None,
        "read_only": False,
        "allowed_organizations": "",
    }
    assert button(deployment, extra=empty)["status"] is True


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "secret": ({"password": "wrong"}, "Check the client ID and client secret of the connection"),
    "organization": ({"extra": {"organization_id": 4711}}, "don't reach organization 4711. They reach: 100001"),
    "no organization": ({"extra": {"organization_id": None}}, "Set organization_id in the connection"),
    "organization of somebody who can't know it": ({"extra": {"organization_id": ""}}, "They reach: 100001 (Nørrebro"),
    "consent": (
        {"extra": {"grant": "visma_connect", "organization_id": "", "api_key": None}},
        "Nobody has consented to this connection, or the consent was revoked. Save it and press Connect in "
        "Admin → Dinero, or run `airflow",
    ),
    "grant": (
        {"extra": {"grant": "password"}},
        "has the grant 'password', which doesn't exist. Choose personal_integration or visma_connect",
    ),
    "key": ({"extra": {"api_key": None}}, "no api_key"),
    "host": ({"host": "http://dinero.example"}, "credentials are only sent over https"),
    "allowed": ({"extra": {"allowed_organizations": "100003"}}, "does not allow organization 100001"),
    "minute": ({"extra": {"requests_per_minute": "many"}}, "requests_per_minute is not a number"),
    "no minute": ({"extra": {"requests_per_minute": -5}}, "requests_per_minute is not a number from 1 to"),
    "switch": ({"extra": {"read_only": "ja"}}, "read_only is not true or false"),
    "secret with €": ({"password": "€"}, "contains an invalid character"),
    "one address of two": (
        {"extra": {"auth_url": ""}},
        "address too; nothing was sent. (In the form auth_url is Authorization address.)",
    ),
    "numbers": ({"extra": {"allowed_organizations": "all"}}, "allowed_organizations is not a list of numbers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(deployment: Deployment, name: str) -> None:
    changes, told = WRONG[name]
    answer = button(deployment, **changes)
    assert answer["status"] is False
    assert told in answer["message"]


def test_an_organization_without_pro_is_named(deployment: Deployment) -> None:
    deployment.run("any_connection", connection="dinero_visma")  # a task renews the token
    answer = button(deployment, "visma_connect", extra={"organization_id": 100002})
    assert answer["status"] is False
    assert "(100002) has no Pro subscription" in answer["message"]


def test_a_refresh_token_is_never_spent_by_a_test(deployment: Deployment) -> None:
    before = token_calls(deployment)
    answer = button(deployment, "visma_connect", extra={"refresh_token": "not-used-yet"})
    assert answer["status"] is False
    assert "`airflow dinero check`" in answer["message"]
    assert token_calls(deployment) == before


def test_a_test_finds_the_token_of_the_tasks(deployment: Deployment) -> None:
    deployment.run("any_connection", connection="dinero_visma")
    before = token_calls(deployment)
    assert button(deployment, "visma_connect")["status"] is True
    assert token_calls(deployment) == before
