"""toggl-dinero, a client that others wrote, against the sandbox: ``make toggl`` runs it in its own environment.

Only its module constants are set; its calls, and how it handles the responses, are its own.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import requests
from toggl_dinero import dinero
from toggl_dinero.cli import update_product_lines

CLIENT, SECRET, KEY, ORGANIZATION = "personal-sandbox", "sandbox-secret", "sandbox-api-key", 100001


def main(url: str) -> None:
    """Take the way that its commands ``link`` and ``invoice`` take.

    :param url: base URL of the sandbox
    """
    dinero.DINERO_TOKEN_URL = f"{url}/dineroapi/oauth/token"
    dinero.DineroAPI.API_URL_V1 = f"{url}/v1"
    dinero.DineroAPI.API_URL_V1_2 = f"{url}/v1.2"
    # Its OAuth library refuses plain HTTP.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

    assert dinero.DineroAPI(CLIENT, SECRET, KEY).organization == ORGANIZATION
    api = dinero.DineroAPI(CLIENT, SECRET, KEY, "Nørrebro Cykler ApS")

    body = {"Name": "Aarhus Cykelbud ApS", "CountryKey": "DK", "IsPerson": False}
    created = api.session.post(f"{url}/v1/{ORGANIZATION}/contacts", json=body).json()
    guid = api.contact_id(body["Name"])
    assert guid == created["ContactGuid"]
    contact = api.get_contact(guid).json()
    contact["ExternalReference"] = json.dumps({"toggl": 7})
    api.update_contact(guid, contact)
    assert api.contact_with_external_reference("toggl", 7) == guid

    api.create_invoice(guid, lines("2026-01", 10), language="da", currency="DKK")
    invoice = api.get_draft_invoice(guid)
    assert invoice["TotalExclVat"] == 8000
    update_product_lines(invoice, lines("2026-02", 12))
    api.update_invoice(invoice)
    updated = api.get_draft_invoice(guid)
    assert updated["TotalExclVat"] == 9600
    assert [line["LineType"] for line in updated["ProductLines"]] == ["Text", "Product", "Text"]

    # It prints errors instead of raising them: nothing may have been refused.
    seen = requests.get(f"{url}/_sandbox/requests", headers={"X-Dinero-Sandbox": "1"}).json()
    assert all(request["status"] == 200 for request in seen), seen
    print(f"toggl-dinero: {len(seen)} calls, all of them answered with 200")


def lines(month: str, hours: int) -> list[dict[str, Any]]:
    """The lines that its command ``invoice`` makes for this many hours."""
    return [
        {"Description": f"Konsulent ydelser: {month}", "LineType": "Text"},
        {
            "Description": "Project: work",
            "AccountNumber": 1000,
            "Quantity": hours,
            "Unit": "hours",
            "BaseAmountValue": 800,
        },
        {"Description": f"I alt: {hours} timer", "LineType": "Text"},
    ]


if __name__ == "__main__":
    main(sys.argv[1])
