"""What the operators of invoices, credit notes and trade offers share."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.bodies.numbers import written
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.base import require_mapping, whole
from airflow_provider_dinero.operators.money import money

if TYPE_CHECKING:
    from airflow_provider_dinero.api import DineroClient


def to_xcom(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what fits into an XCom: plain JSON, the total as text, so that no øre is lost.

    :param document: mapping, as Dinero gives it
    """
    names = ("Guid", "TimeStamp", "Number", "Status", "ContactName", "Currency", "UpdatedAt")
    kept = {name: document[name] for name in names if name in document}
    if (
        document.get("PaymentStatus") == "Draft"
    ):  # Dinero gives it some number; trade offers have one, and no such status
        kept["Number"] = None
    if "TotalInclVat" in document:
        kept["TotalInclVat"] = written(Decimal(document["TotalInclVat"]), ".2f")
    return kept


def with_guid(
    client: "DineroClient", resource: str, name: str, given: Any, key: str, generation: int | str
) -> dict[str, Any]:
    """Return a body with the Guid that its key always gets.

    :param client: DineroClient
    :param resource: str, as the client's attribute is called
    :param name: str, the argument, named in the error
    :param given: mapping, the author's body, without Guid
    :param key: str, the idempotency key
    :param generation: int or str
    :raises DineroInvalidBody: it is not a dict, or has a Guid
    """
    from airflow_provider_dinero.api.bodies.idempotency import guid_for

    body = require_mapping(name, given)
    if body.get("Guid"):
        raise DineroInvalidBody(f"The {name} has a Guid.", "Leave it out: it is made from the idempotency_key.")
    return {**body, "Guid": guid_for(client.organization_id, resource, key, whole("generation", generation))}


def preview(
    client: "DineroClient", resource: str, body: Mapping[str, Any], log: Any, *, emailed: bool = False
) -> dict[str, Any]:
    """Return what Dinero says that a document comes to, and the Guid that it will get. Nothing is saved.

    :param client: DineroClient
    :param resource: str, as the client's attribute is called
    :param body: mapping, as it was checked
    :param log: logger
    :param emailed: bool, whether it would be e-mailed to the contact; default False
    :raises DineroInvalidBody: the contact has no e-mail address
    """
    from airflow_provider_dinero.api.errors import DineroNotFound

    asked = {name: value for name, value in body.items() if name != "Guid"}
    try:
        contact = client.contacts.get(asked["ContactGuid"]) if asked.get("ContactGuid") else None
    except DineroNotFound:  # a task before this one would make it, and was a dry run too
        unseen = ", so nobody knows whether it will have an e-mail address" if emailed else ""
        log.warning("dry run: there is no contact %s yet%s", asked.pop("ContactGuid"), unseen)
        contact = None
    if emailed and contact and not contact["Email"]:
        raise DineroInvalidBody(
            f"{contact['Name']} has no e-mail address.", "Give the contact one, or pass a Receiver in mailout."
        )
    total = getattr(client, resource).fetch(asked)["TotalInclVat"]
    log.info("dry run: it comes to %s", money(total, body.get("Currency") or "DKK"))
    guid = {"Guid": str(body["Guid"])} if body.get("Guid") else {}
    return {**guid, "TotalInclVat": f"{total:.2f}"}
