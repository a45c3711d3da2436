"""What the page of the client shows works as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from tests.conftest import line

PAGE = Path(__file__).parent.parent.parent / "docs" / "python-client.md"


def test_the_client_of_the_page(client: DineroClient, sandbox: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(from airflow_provider_dinero\.api import.*?)```", PAGE.read_text(), re.DOTALL)
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
