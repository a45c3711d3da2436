"""Who can receive an electronic invoice: checked before one is sent."""

import re
from typing import TYPE_CHECKING

from airflow_provider_dinero.api.errors import DineroInvalidBody

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

# The preferred way of a contact, and the property that it needs.
NUMBERS = {"GLN": "EanNumber", "VAT": "VatNumber", "SE": "SENumber", "P": "PNumber"}
ADVICE = "Correct the contact in Dinero, or send by e-mail instead; nothing was sent."


def address_of(client: "DineroClient", contact_guid: str | None, att_person: str | None) -> str:
    """Return where a contact receives electronic documents: the way it prefers, and its number.

    The public sector receives by EAN number (GLN), and needs an att. person.

    :param client: DineroClient
    :param contact_guid: str or None
    :param att_person: str or None, who takes the place of the contact's own
    :raises DineroInvalidBody: it can't
    """
    if not contact_guid:
        raise DineroInvalidBody("The document has no contact.", "Nothing was sent.")
    contact = client.contacts.get(contact_guid)
    name = contact["Name"]
    way = contact.get("InvoiceMailOutOptionKey") or (
        "GLN" if contact["EanNumber"] or not contact["VatNumber"] else "VAT"
    )
    number = str(contact.get(NUMBERS[way]) or "").strip()
    if not number:
        raise DineroInvalidBody(f"{name} has no {NUMBERS[way]} to receive electronic documents.", ADVICE)
    if way == "GLN":
        if not _is_ean(number):
            raise DineroInvalidBody(f"{name}: {number} is no EAN number.", ADVICE)
        if not (att_person or contact["AttPerson"]):
            raise DineroInvalidBody(f"{name} has no AttPerson, which the public sector asks for.", ADVICE)
    return f"{way} {number}"


def _is_ean(number: str) -> bool:
    """Tell whether a number has 13 digits, the last of which is right."""
    if not re.fullmatch(r"[0-9]{13}", number):
        return False
    return sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(number)) % 10 == 0
