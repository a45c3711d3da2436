"""An expense for whose PDF Dinero has created a draft by itself."""

from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

CASH: dict[str, Any] = {
    "PurchaseType": "cash",
    "DepositAccountNumber": 55000,
    "RegionKey": "DK",
    "ExternalReference": "bill-7",
    "Lines": [{"Description": "Papir", "Amount": "125.00", "AccountNumber": 4000}],
}


@pytest.mark.parametrize("new_file", [True, False])
def test_dineros_own_draft_vanishes_and_the_expense_is_there_once(make_client: Any, new_file: bool) -> None:
    with running(drafts_from_uploads=True) as sandbox:
        client = make_client(base_url=sandbox.url, grant=_grant(sandbox.url))
        file = client.files.upload(b"%PDF-1.4 receipt", "a.pdf")["FileGuid"]
        (dineros,) = client.purchase_vouchers.of_file(file)
        body = {**CASH, "FileGuid": file}
        made = client.purchase_vouchers.create_once(body, new_file=new_file)
        assert (made["Change"], client.purchase_vouchers.of_file(file)) == ("created", [made["Guid"]])
        assert made["Guid"] != dineros
        assert client.purchase_vouchers.create_once(body)["Change"] == "unchanged"


def _grant(url: str) -> Any:
    from airflow_provider_dinero.api import PersonalIntegration

    return PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
