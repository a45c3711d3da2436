"""What the operators of invoices, credit notes and trade offers share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.base import require_mapping, whole
from airflow_provider_dinero.operators.money import amount, money

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.api.bodies.totals import ExpectedTotal
    from airflow_provider_dinero.api.resources.credit_notes import CreditNotes
    from airflow_provider_dinero.api.resources.documents import OwnDraft
    from airflow_provider_dinero.api.resources.invoices import Invoices
    from airflow_provider_dinero.api.resources.preflight import Plan


def to_xcom(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a document for an XCom: plain JSON, the total as text, so that no øre is lost.

    :param document: mapping from Dinero
    """
    names = ("Guid", "TimeStamp", "Number", "Status", "ContactName", "Currency", "Date", "UpdatedAt")
    kept = {name: document[name] for name in names if name in document}
    # Dinero gives a draft an arbitrary number; a trade offer has a real one, and no PaymentStatus.
    if document.get("PaymentStatus") == "Draft":
        kept["Number"] = None
    if "TotalInclVat" in document:
        kept["TotalInclVat"] = amount(document["TotalInclVat"])
    return kept


def summary_of_booking(what: str, booked: Mapping[str, Any]) -> str:
    """Return the text for the log about a document that is booked.

    :param what: str, such as invoice
    :param booked: mapping with Number, TotalInclVat, Currency, and Change: unchanged if it was booked before
    """
    total = money(booked["TotalInclVat"], booked["Currency"])
    if booked["Change"] == "unchanged":
        return f"{what} {booked['Number']} was already booked, {total}"
    return f"booked {what} {booked['Number']}, {total}"


def in_dkk(documents: "Invoices | CreditNotes", document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the total of a booked document in DKK, as text; this takes a request if it is in another currency.

    :param documents: the client's resource
    :param document: mapping with Guid, Date, Currency and TotalInclVat
    """
    if document["Currency"] == "DKK":
        return {"TotalInclVatInDkk": amount(document["TotalInclVat"])}
    day = str(document["Date"])[:10]  # only lists have it
    rows = documents.list(fields=["Guid", "TotalInclVatInDkk"], start_date=day, end_date=day)
    found = next((row["TotalInclVatInDkk"] for row in rows if row["Guid"] == document["Guid"]), None)
    return {"TotalInclVatInDkk": None if found is None else amount(found)}


def with_guid(
    client: "DineroClient",
    resource: str,
    name: str,
    given: Any,
    key: str,
    generation: int | str,
    *,
    is_own_key: bool = False,
) -> dict[str, Any]:
    """Return a body with the Guid of its key.

    :param client: DineroClient
    :param resource: str, the name of the client's attribute
    :param name: str, the argument, named in the error
    :param given: mapping, the body without Guid
    :param key: str, the idempotency key
    :param generation: int or str
    :param is_own_key: bool, whether the author passed the key: it becomes the ExternalReference of a body that has
        none, so that people see it in Dinero; default False
    :raises DineroInvalidBody: it isn't a dict, or has a Guid
    """
    from airflow_provider_dinero.api.bodies.idempotency import DefaultReference, guid_for, reference_for

    body = require_mapping(name, given)
    if body.get("Guid"):
        raise DineroInvalidBody(f"The {name} has a Guid.", "Leave it out: it is derived from the idempotency_key.")
    reference = {"ExternalReference": DefaultReference(reference_for(key))} if is_own_key else {}
    given_or_not = {**body, **reference} if body.get("ExternalReference") is None else body
    return {**given_or_not, "Guid": guid_for(client.organization_id, resource, key, whole("generation", generation))}


def own_draft(client: "DineroClient", context: "Context", resource: str, name: str) -> "OwnDraft":
    """Return how to recognize a draft that this task or an earlier run created, and that nobody has touched.

    :param client: DineroClient of the task
    :param context: Context
    :param resource: str, the name of the client's attribute
    :param name: str, its identity: its Guid, or its ExternalReference
    """
    from airflow_provider_dinero.api.lists.changes import as_utc
    from airflow_provider_dinero.api.resources.documents import OwnDraft

    began = as_utc(context["dag_run"].run_after)
    return OwnDraft(began, lambda: client.session.intents.recall(f"{resource}/{name}/draft"))


def remember_draft(client: "DineroClient", resource: str, made: Mapping[str, Any], name: str | None = None) -> None:
    """Record what this task wrote to a draft, so that a later try recognizes it.

    :param client: DineroClient of the task
    :param resource: str, the name of the client's attribute
    :param made: mapping, the result of its create
    :param name: str or None, its identity; default None: its Guid
    """
    if made["Change"] != "unchanged":
        stamp = made.get("TimeStamp") or made["Timestamp"]
        client.session.intents.remember(f"{resource}/{name or made['Guid']}/draft", str(stamp))


def preview(
    client: "DineroClient",
    resource: str,
    body: Mapping[str, Any],
    log: Any,
    *,
    plan: "Plan | None" = None,
    expected: "ExpectedTotal | None" = None,
) -> dict[str, Any]:
    """Return the total that Dinero calculates for a document, and the Guid that it will get. Nothing is saved.

    :param client: DineroClient
    :param resource: str, the name of the client's attribute
    :param body: mapping, the checked body
    :param log: logger
    :param plan: Plan or None, its later steps, which are checked too; default None: it stays a draft
    :param expected: ExpectedTotal or None, the total that it must have; default None
    :raises DineroInvalidBody: a step of the plan can't be done
    :raises DineroWrongTotal: it has another total
    """
    from airflow_provider_dinero.api.resources.preflight import Plan

    asked = {name: value for name, value in body.items() if name != "Guid"}
    known = client.preflight().check_all(plan or Plan(asked)) if asked.get("ContactGuid") or plan else asked
    if known is None:
        unseen = ", so it isn't known whether it can be sent to it" if plan and plan.channel else ""
        log.warning("dry run: there is no contact %s yet%s", asked.pop("ContactGuid"), unseen)
    found = getattr(client, resource).fetch(asked)
    if expected is not None:
        if lines := expected.rounded_lines(found, asked):
            log.info("dry run: a line of %s would bring it to the expected total", lines[-1]["BaseAmountValue"])
            found = getattr(client, resource).fetch({**asked, "ProductLines": lines})
        expected.require("The document", found)
    total = found["TotalInclVat"]
    log.info("dry run: the total is %s", money(total, body.get("Currency") or "DKK"))
    guid = {"Guid": str(body["Guid"])} if body.get("Guid") else {}
    return {**guid, "TotalInclVat": f"{total:.2f}"}
