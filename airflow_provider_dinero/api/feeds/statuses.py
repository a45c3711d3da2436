"""The status of many documents, with few requests."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroNotFound, DineroRefused

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

OUTSTANDING = ("Draft", "Booked", "Overdue")
SETTLED = ("Paid", "OverPaid")
# Up to this many documents are read one by one rather than searched in a list.
FEW = 3
GONE = "Deleted"
# A document beyond a status has reached it.
REACHED_BY = {
    "booked": {"booked", "overdue", "paid", "overpaid"},
    "paid": {"paid", "overpaid"},
    "sent": {"sent", "seenbycustomer"},
}
INVOICE_STATUSES = ("Draft", *OUTSTANDING[1:], *SETTLED, "NotSent", "Sent", "SeenByCustomer", "Failed")

Row = dict[str, Any]


def invoice_states(client: "DineroClient", guids: Collection[str]) -> dict[str, Row]:
    """Return the current status of invoices. It is undocumented whether each change of status moves UpdatedAt.

    This takes one request each for up to three. For more, one per 1000 drafts or unpaid invoices; for those not among
    them, one each for up to ten, else one per 1000 paid ones from the newest on, until all are found.

    :param client: DineroClient
    :param guids: collection of str, in lower case
    :return: dict of Guid to `{"Guid", "Number", "Status", "MailOutStatus"}`; Status is the payment status, or Deleted
    """
    found: dict[str, Row] = {}
    for statuses in (OUTSTANDING, SETTLED):
        missing = [guid for guid in guids if guid not in found]
        if len(missing) <= (FEW if statuses is OUTSTANDING else 10):
            break
        wanted = set(missing)
        fields = ["Guid", "Number", "Status", "MailOutStatus"]
        for row in client.invoices.list(status=statuses, fields=fields):
            if (guid := row["Guid"].lower()) in wanted:
                found[guid] = {name: row[name] for name in fields}
                wanted.discard(guid)
                if not wanted:
                    break
    for guid in guids:
        if guid not in found:
            found[guid] = _invoice(client, guid)
    return found


def _invoice(client: "DineroClient", guid: str) -> Row:
    try:
        row = client.invoices.get(guid)
    except DineroNotFound:
        return {"Guid": guid, "Number": None, "Status": GONE, "MailOutStatus": None}
    status = GONE if row.get("DeletedAt") else row["PaymentStatus"]
    number = None if status == "Draft" else row["Number"]
    return {"Guid": guid, "Number": number, "Status": status, "MailOutStatus": row["MailOutStatus"]}


def ledger_states(client: "DineroClient", ids: Collection[str]) -> dict[str, Row]:
    """Return the status of ledger items, with one request if Dinero knows all of them.

    :param client: DineroClient
    :param ids: collection of str, in lower case
    :return: dict of Id to `{"Id", "VoucherNumber", "Status"}`; Status is Draft, PendingBooking, Booked or Deleted
    """
    found: dict[str, Row] = {}
    try:
        rows = client.ledger_items.status(ids) if ids else []
    except DineroRefused as error:
        if "ledgerItemNotFound" not in error.validation:
            raise
        if len(ids) == 1:
            return {each: {"Id": each, "VoucherNumber": None, "Status": GONE} for each in ids}
        known = list(ids)
        for half in (known[: len(known) // 2], known[len(known) // 2 :]):
            found |= ledger_states(client, half)
        return found
    by_id = {str(row["Id"]).lower(): row for row in rows}
    for each in ids:
        row = by_id.get(each, {"Status": GONE})
        found[each] = {"Id": each, "VoucherNumber": row.get("VoucherNumber"), "Status": row["Status"]}
    return found


STATES = {"invoices": invoice_states, "ledger_items": ledger_states}


def has_reached(row: Row, until: Iterable[str]) -> bool:
    """Tell whether a document has one of these statuses, or is beyond it.

    :param row: dict with Status, and MailOutStatus of an invoice
    :param until: names
    """
    now = {str(row.get(name)).casefold() for name in ("Status", "MailOutStatus")}
    return any(now & REACHED_BY.get(name.casefold(), {name.casefold()}) for name in until)
