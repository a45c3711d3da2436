"""What the operators of `crash_dags` need, and the params of their runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local import ROOT

from airflow_provider_dinero.api import DineroClient, PersonalIntegration

RECEIPT = ROOT / "example_dags" / "data" / "receipt.pdf"


class Office:
    """Prepares documents in a sandbox.

    :param url: str
    :param folder: Path, for receipts
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        self.today = f"{datetime.now(UTC):%Y-%m-%d}"
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
        self.client = DineroClient(100001, grant, base_url=url, requests_per_minute=1_000_000)
        person = {"Name": "Ida Holm", "CountryKey": "DK", "IsPerson": True, "Email": "ida@example.dk"}
        self.contact = self.client.contacts.create(person)["ContactGuid"]

    def booked(self) -> str:
        """Return the Guid of a booked invoice."""
        line = {
            "Description": "Bell",
            "Quantity": 1,
            "BaseAmountValue": "80.00",
            "Unit": "parts",
            "AccountNumber": 1000,
        }
        made = self.client.invoices.create({"ContactGuid": self.contact, "ProductLines": [line]})
        return str(self.client.invoices.book(made["Guid"], timestamp=made["TimeStamp"])["Guid"])

    def receipt(self, key: str) -> str:
        """Return the path of a receipt that no other expense uses.

        :param key: str, what it is for
        """
        path = self._folder / f"{key}.pdf"
        path.write_bytes(RECEIPT.read_bytes() + f"% {key}\n".encode())
        return str(path)


def _invoice(office: Office, key: str) -> dict[str, Any]:
    return {"key": key, "contact": office.contact}


def _send(office: Office, key: str) -> dict[str, Any]:
    return {"invoice": office.booked()}


def _expense(office: Office, key: str) -> dict[str, Any]:
    return {"key": key, "contact": office.contact, "date": office.today, "receipt": office.receipt(key)}


def _ledger(office: Office, key: str) -> dict[str, Any]:
    return {"key": key, "date": office.today}


# By DAG: makes what a run needs, and returns its conf.
WORKS: dict[str, Callable[[Office, str], dict[str, Any]]] = {
    "invoice": _invoice,
    "expense": _expense,
    "ledger": _ledger,
    "send": _send,
}
