"""One order, from contact to e-mail and receipt, as a program that can be killed: `python -m tests.steps URL`."""

import sys

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from tests.conftest import CONTACT, line

GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


def work(url: str, *, careless: bool = False) -> None:
    """Do all steps. `careless` leaves the safeguards out: no Guid, no look before a bare write."""
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    client = DineroClient(100001, grant, base_url=url)
    contact = {**CONTACT, "Email": "bjorn@example.no"}
    if careless:
        guid = client.contacts.create(contact)["ContactGuid"]
        invoice = client.invoices.create({"ContactGuid": guid, "ProductLines": [line()]})["Guid"]
        client.invoices.book(invoice)
        client.invoices.email(invoice)
        client.files.upload(b"%PDF-1.4 receipt", "receipt.pdf")
    else:
        guid = client.contacts.upsert(contact)["ContactGuid"]
        invoice = client.invoices.create({"Guid": GUID, "ContactGuid": guid, "ProductLines": [line()]})["Guid"]
        client.invoices.book(invoice)
        client.invoices.email_once(invoice)
        client.files.upload_once(b"%PDF-1.4 receipt", "receipt.pdf")


if __name__ == "__main__":
    work(sys.argv[1], careless="careless" in sys.argv)
