"""The code on the page of the client works as shown."""

import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.conftest import line

PAGE = Path(__file__).parent.parent.parent / "docs" / "python-client.md"


def shown() -> list[str]:
    return re.findall(r"```python\n(from airflow_provider_dinero\.api import.*?)```", PAGE.read_text(), re.DOTALL)


def test_a_script_with_visma_connect(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    _, code = shown()
    code = code.replace('"isv_…", "CLIENT SECRET", "REFRESH TOKEN"', "*given").replace("123456, ", "100001, ")
    code = code.replace("token_store=", f'base_url="{sandbox.url}", token_store=')
    for _ in range(2):
        place = {"given": ("isv_sandbox", "sandbox-secret", "sandbox-refresh-token", sandbox.url)}
        exec(code, place)
        found: Any = place["client"]
        assert list(found.contacts.list()) == []
        found.close()
    assert len(list((tmp_path / "dinero").glob("*.token"))) == 1


def test_the_client_of_the_page(client: DineroClient, sandbox: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code = shown()[0]
    guid = str(re.search(r'"([0-9a-f-]{36})"', code)[1])  # type: ignore[index]
    contact = client.contacts.create({"Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True})["ContactGuid"]
    order = {"Guid": guid, "ContactGuid": contact, "ExternalReference": "order-4711"}
    client.invoices.create({**order, "Date": "2026-01-05", "ProductLines": [line(BaseAmountValue="1234.50")]})
    client.invoices.book(guid)
    ours = f'100001, PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", "{sandbox.url}")'
    theirs = '123456, PersonalIntegration("CLIENT ID", "CLIENT SECRET", "API KEY")'
    assert theirs in code
    exec(code.replace(theirs, f'{ours}, base_url="{sandbox.url}"'), {})
    assert capsys.readouterr().out == "1 Ida Holm 1543.13\ncreated Ida Holm\n"
    assert client.invoices.payments(guid)["RemainingAmount"] == 0
