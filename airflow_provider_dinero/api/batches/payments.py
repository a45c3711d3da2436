"""A list of payments, each for an invoice that is identified by Guid, number or ExternalReference."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_dinero.api.batches.items import as_row, require_known
from airflow_provider_dinero.api.batches.lanes import Lane
from airflow_provider_dinero.api.batches.listed import Entry, ListedRun
from airflow_provider_dinero.api.batches.run_context import RunContext
from airflow_provider_dinero.api.batches.work import SETTLED
from airflow_provider_dinero.api.bodies.idempotency import key_text, reference_for
from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody
from airflow_provider_dinero.api.lists.filters import eq, query_filter
from airflow_provider_dinero.api.resources.invoices import Invoices
from airflow_provider_dinero.api.resources.sales import FILTERABLE
from airflow_provider_dinero.api.session import Session

# How an item identifies its invoice, with the property in Dinero's list.
BY = {"invoice": "Guid", "number": "Number", "external_reference": "ExternalReference"}
KEYS = ("idempotency_key", *BY, "payment")
Row = dict[str, Any]


class PaymentsRun(ListedRun):
    """Registers the payments of a list.

    :param session: Session
    :param context: RunContext
    :param defaults: mapping of what the payments have in common, such as the DepositAccountNumber
    """

    def __init__(self, session: Session, context: RunContext, defaults: Mapping[str, Any]) -> None:
        super().__init__(session, context)
        self._defaults = defaults
        self._invoices = Invoices(session, Lane(session).contacts)
        self._found: dict[tuple[str, str], list[Row]] = {}

    def read(self, given: Any) -> Entry:
        """Return a payment, checked, and how it identifies its invoice."""
        row = as_row(given)
        require_known(row, KEYS)
        named = [(BY[name], str(row[name]).strip()) for name in BY if row.get(name) is not None]
        if len(named) != 1 or not named[0][1]:
            raise DineroInvalidBody(f"The payment needs one of {', '.join(BY)}.", "It identifies the invoice.")
        if named[0][0] == "ExternalReference":
            query_filter(eq(*named[0]), FILTERABLE)
        given_payment = row.get("payment", {})
        if not isinstance(given_payment, Mapping):
            raise DineroInvalidBody(
                f"payment: this must be a dict, not {type(given_payment).__name__}.", "Nothing was sent."
            )
        payment = {"RemainderIsFee": False, **self._defaults, **given_payment}
        key = row.get("idempotency_key")
        if (key is None) == (not payment.get("ExternalReference")):
            raise DineroInvalidBody(
                "The payment needs an idempotency_key or an ExternalReference, but not both.",
                "It identifies the payment, such as its number at the bank.",
            )
        reference = payment["ExternalReference"] if key is None else reference_for(key_text(key).strip())
        if not str(reference).strip():
            raise DineroInvalidBody("The idempotency_key is empty.", "Give each payment its own.")
        body: CheckedBody = check(
            "PaymentCreateModel", {**payment, "ExternalReference": reference, "Timestamp": "-"}
        ).without("Timestamp")
        return Entry({"Key": reference}, str(reference), (named[0], body))

    def prepare(self, entries: Sequence[Entry]) -> None:
        """Find the invoices, with one list request per thousand, or with one lookup each if that is cheaper."""
        wanted = {entry.content[0] for entry in entries if entry.content[0][0] != "Guid"}
        self._found = self._invoices.rows_of(wanted) if wanted else {}

    def do(self, lane: Lane, entry: Entry) -> None:
        """Register a payment, unless it already is."""
        named, body = entry.content
        guid, invoice = self._invoice(named)
        entry.told |= {"Guid": guid, "Number": invoice.get("Number")}
        if invoice.get("Status") == "Draft":
            raise DineroConflict("The invoice is a draft.", "Only a booked invoice can be paid.")
        if invoice.get("Status") in SETTLED:
            done = lane.invoices.payment_of(guid, body)
            if done is None:
                raise DineroConflict(
                    f"Invoice {invoice['Number']} is already paid, but not by {body['ExternalReference']}.",
                    "Check its payments in Dinero. DineroAddPaymentOperator registers another one.",
                )
        else:
            done = lane.invoices.add_payment_once(guid, body)
        entry.told |= {"PaymentGuid": done["Guid"], "Change": done["Change"]}

    def _invoice(self, named: tuple[str, str]) -> tuple[str, Row]:
        """Return the Guid of an invoice, and its row if it was looked up."""
        by, value = named
        if by == "Guid":
            return value, {}
        rows = self._found[named]
        if len(rows) != 1:
            numbers = ", ".join(str(row["Number"] or "a draft") for row in rows)
            if rows:
                raise DineroConflict(f"{len(rows)} invoices have the {by} {value}: {numbers}.", "Pass its Guid.")
            raise DineroConflict(f"No invoice has the {by} {value}.", "Check in Dinero which one was paid.")
        return str(rows[0]["Guid"]), rows[0]
