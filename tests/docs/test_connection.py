"""All ways of the docs to define a connection give the same connection, and every field is explained."""

import json
import re
from typing import Any

import hcl2
import pytest
from local import ROOT

from airflow_provider_dinero.get_provider_info import get_provider_info

PAGE = (ROOT / "docs" / "connection.md").read_text()
README = (ROOT / "README.md").read_text()
WANTED = {
    "conn_type": "dinero",
    "login": "CLIENT ID",
    "password": "CLIENT SECRET",
    "extra": {"grant": "personal_integration", "organization_id": 123456, "api_key": "API KEY"},
}
CONNECTION: dict[str, Any] = get_provider_info()["connection-types"][0]


def block(heading: str, language: str) -> str:
    return re.findall(rf"### {heading}\n.*?```{language}\n(.*?)```", PAGE, re.DOTALL)[0]


@pytest.mark.parametrize("value", [block("Environment variable", "bash"), block("URI", "bash")])
def test_an_environment_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection

    name, _, quoted = value.strip().removeprefix("export ").partition("=")
    assert name == "AIRFLOW_CONN_DINERO_DEFAULT"
    monkeypatch.setenv(name, quoted.strip("'"))
    found = Connection.get("dinero_default")
    assert [found.conn_type, found.login, found.password] == [WANTED["conn_type"], WANTED["login"], WANTED["password"]]
    # Texts from a URI mean the same.
    assert {key: str(each) for key, each in found.extra_dejson.items()} == {
        key: str(each) for key, each in WANTED["extra"].items()
    }


def test_the_command_takes_the_same_json() -> None:
    given = re.search(r"--conn-json '(.*?)'", block("Command", "bash"), re.DOTALL)
    assert given
    assert json.loads(given[1]) == WANTED


def test_terraform() -> None:
    found = hcl2.loads(block("Terraform", "hcl"))
    written = json.dumps(found)
    for name in ("dinero", "CLIENT ID", "CLIENT SECRET", "personal_integration", "123456", "API KEY"):
        assert name in written
    given = re.search(r"jsonencode\((\{.*\})\)", block("Terraform", "hcl"), re.DOTALL)
    assert given
    as_json = re.sub(r"^(\s*)(\w+)\s*=\s*(.*?)\s*$", r'\1"\2": \3', given[1], flags=re.MULTILINE)
    assert json.loads(re.sub(r'(["\d}])\s*\n(\s*")', r"\1,\n\2", as_json)) == WANTED


def test_the_readme_says_the_same() -> None:
    given = re.search(r"export AIRFLOW_CONN_DINERO_DEFAULT='(\{.*?\})'", README, re.DOTALL)
    assert given
    assert json.loads(given[1]) == WANTED


def test_every_field_of_the_form_is_explained() -> None:
    for name, field in CONNECTION["conn-fields"].items():
        assert f"| {field['label']} | `{name}` |" in PAGE
    for name in ("login", "password", "host"):
        assert f"| {CONNECTION['ui-field-behaviour']['relabeling'][name]} | `{name}` |" in PAGE
