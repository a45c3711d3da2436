"""What the operators of `crash_dags` need, and what their runs are told."""

from collections.abc import Callable
from typing import Any

from airflow_provider_dinero.api import DineroClient, PersonalIntegration


class Office:
    """Prepares documents in a sandbox.

    :param url: str
    """

    def __init__(self, url: str) -> None:
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


def _invoice(office: Office, key: str) -> dict[str, Any]:
    return {"key": key, "contact": office.contact}


def _send(office: Office, key: str) -> dict[str, Any]:
    return {"invoice": office.booked()}


# By DAG: makes what a run needs, and returns its conf.
WORKS: dict[str, Callable[[Office, str], dict[str, Any]]] = {"invoice": _invoice, "send": _send}
