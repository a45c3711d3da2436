"""What the Test button shows to a user who only has the connection's form."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.get_provider_info import get_provider_info
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from tests.consent.conftest import described

PACKAGE = Path(__file__).parents[2] / "airflow_provider_dinero"
FIELDS = [name for name in get_provider_info()["connection-types"][0]["conn-fields"] if "_" in name]
OWN = {"grant": "personal_integration", "organization_id": 100001}
CONSENTED = {"refresh_token": REFRESH_TOKEN, "organization_id": 100001}

SAID: dict[str, tuple[dict[str, Any], str]] = {
    "another organization": (
        {**OWN, "organization_id": 4711},
        "These credentials don't reach organization 4711. They reach: 100001 (Nørrebro Cykler ApS).",
    ),
    "no organization": (
        {"grant": "personal_integration"},
        "No organization was given. The credentials are accepted. They reach: 100001 (Nørrebro Cykler ApS). Set "
        "organization_id in the connection, or in the operator, sensor, hook or client. (In the form organization_id "
        "is Organization.)",
    ),
    "no key": (
        {**OWN, "api_key": None},
        "This connection has no api_key. The grant personal_integration needs login (client ID), password (client "
        "secret), api_key. (In the form api_key is API key.)",
    ),
    "another grant": (
        {**OWN, "grant": "password"},
        "This connection has the grant 'password', which doesn't exist. Choose personal_integration or visma_connect.",
    ),
    "no consent": (
        {"organization_id": 100001},
        "Nobody has consented to this connection, or the consent was revoked. Save it and press Connect in "
        "Admin → Dinero, or run `airflow dinero authorize` with its ID.",
    ),
    "no number": (
        {**CONSENTED, "requests_per_minute": "many"},
        "The connection's requests_per_minute is not a number. Correct it in the connection. (In the form "
        "requests_per_minute is Requests a minute.)",
    ),
    "a wrong folder": (
        {**CONSENTED, "coordination_url": "here"},
        "coordination_url starts with 'here', which is neither a Redis server nor a folder. Write redis://host:6379/0, "
        "rediss://..., or file:///a/folder, with three slashes. (In the form coordination_url is Coordination.)",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_said_in_the_words_of_the_form(
    database: None, sandbox: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    extra, text = SAID[name]
    made = described(sandbox.url, extra.get("grant", "visma_connect").replace("password", "visma_connect"))
    made["extra"] |= extra
    monkeypatch.setenv("AIRFLOW_CONN_TESTED", json.dumps(made))
    assert DineroHook("tested").test_connection() == (False, text)


def texts(call: ast.AST) -> str:
    return " ".join(
        each.value for each in ast.walk(call) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


def errors_that_name_a_field() -> Iterator[tuple[str, ast.Call]]:
    for file in [*PACKAGE.glob("a[dp]*/**/*.py"), *PACKAGE.glob("coordination/*.py")]:
        for call in ast.walk(ast.parse(file.read_text())):
            is_error = isinstance(call, ast.Call) and getattr(call.func, "id", "").startswith("Dinero")
            if is_error and any(name in texts(call) for name in FIELDS):
                yield f"{file.relative_to(PACKAGE)}:{call.lineno}", call


def test_an_error_that_names_a_field_says_so_in_its_settings() -> None:
    found = dict(errors_that_name_a_field())
    assert len(found) > 8
    assert [where for where, call in found.items() if "settings" not in {each.arg for each in call.keywords}] == []
