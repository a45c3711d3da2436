"""Waits until documents have a status."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody
from airflow_provider_dinero.sensors.base import DineroBaseSensor

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

# The most rows to return.
LIMIT = 1000


class DineroStatesSensor(DineroBaseSensor):
    """The base of the sensors that wait for a status of documents."""

    resource: str
    key: str
    label: str

    @abstractmethod
    def wanted(self) -> tuple[list[str], list[str]]:
        """Return the keys of the documents, in lower case, and the statuses to wait for."""

    def look(self, context: "Context") -> dict[str, Any] | None:
        """Return the documents if all have the status."""
        from airflow_provider_dinero.api.feeds.statuses import GONE, STATES, has_reached

        ids, until = self.wanted()
        rows = STATES[self.resource](self.client, ids)
        self._reached = [row for row in rows.values() if row["Status"] == GONE or has_reached(row, until)]
        self.log.info("%d of %d %s are %s", len(self._reached), len(ids), self.label, " or ".join(until))
        return self._told(self._reached) if len(self._reached) == len(ids) else None

    def trigger(self, context: "Context", end_time: float) -> "BaseTrigger":
        """Return the trigger that waits for the others."""
        from airflow_provider_dinero.triggers.states import DineroStatesTrigger

        ids, until = self.wanted()
        reached = getattr(self, "_reached", [])
        there = {str(row[self.key]).lower() for row in reached}
        return DineroStatesTrigger(
            resource=self.resource,
            ids=[each for each in ids if each not in there],
            until=until,
            reached=reached,
            dinero_conn_id=self.dinero_conn_id,
            organization_id=self.organization_id,
            poke_interval=self.poke_interval,
            end_time=end_time,
        )

    def found(self, context: "Context", event: dict[str, Any]) -> dict[str, Any]:
        """Return the documents that the trigger found."""
        return self._told(event["rows"])

    def _told(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        from airflow_provider_dinero.api.feeds.statuses import GONE

        gone = [str(row[self.key]) for row in rows if row["Status"] == GONE]
        if gone and GONE not in self.wanted()[1]:
            raise DineroConflict(
                f"{len(gone)} of the {self.label} are deleted or unknown: {', '.join(gone[:5])}.",
                "They will never have the status: remove them from the sensor's argument.",
            )
        return {self.label.title().replace(" ", ""): list(rows[:LIMIT]), "count": len(rows)}


class DineroInvoiceStatusSensor(DineroStatesSensor):
    """Waits until one invoice, or each of thousands, has a status: Paid, Overdue, Sent, SeenByCustomer, ...

    It reads the status itself, since it isn't known whether each change of it moves UpdatedAt. A later status counts
    too: OverPaid counts as Paid, SeenByCustomer as Sent, and Paid or Overdue as Booked. An invoice that has had the
    status once counts for the rest of a deferral.

    Dinero: `GET /v1/{organizationId}/invoices` with `statusFilter`, and `GET /v1/{organizationId}/invoices/{guid}` for
    a few: one request each for up to three invoices; for more, one per 1000 unpaid ones, and for up to ten of the
    others one each, or one per 1000 paid ones until all are found. While deferred, it no longer reads invoices that it
    found.

    :param invoices: str, a Guid; or the output of an invoice operator; or a list of these. Templated.
    :param until: str or list of str, one of which each invoice must have: Draft, Booked, Paid, OverPaid, Overdue,
        NotSent, Sent, SeenByCustomer, Failed (the mail-out), Deleted; default Paid. Templated.
    :return: `{"Invoices": [{"Guid", "Number", "Status", "MailOutStatus"}], "count"}`, the first 1000 of them
    :raises DineroConflict: one was deleted
    """

    template_fields: Sequence[str] = (*DineroBaseSensor.template_fields, "invoices", "until")
    resource, key, label = "invoices", "Guid", "invoices"

    def __init__(
        self,
        *,
        invoices: str | Mapping[str, Any] | Iterable[str | Mapping[str, Any]],
        until: str | Iterable[str] = "Paid",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.invoices = invoices
        self.until = until

    def wanted(self) -> tuple[list[str], list[str]]:
        """Return Guids and statuses."""
        from airflow_provider_dinero.api.bodies.validation import as_list
        from airflow_provider_dinero.api.feeds.statuses import GONE, INVOICE_STATUSES

        known = {name.casefold(): name for name in (*INVOICE_STATUSES, GONE)}
        until = as_list(self.until)
        for name in until:
            if name.casefold() not in known:
                raise DineroInvalidBody(f"An invoice has no status {name!r}.", f"Use {', '.join(known.values())}.")
        return keys_of("invoices", self.invoices, "Guid"), [known[name.casefold()] for name in until]


class DineroLedgerBookedSensor(DineroStatesSensor):
    """Waits until ledger items are booked, which Dinero does in the background.

    Dinero: `POST /v1/{organizationId}/ledgeritems/status`, which only reads: one request per poke.

    :param items: the output of DineroPostLedgerItemsOperator; or its Items, or their Ids; or one of them. Templated.
    :return: `{"LedgerItems": [{"Id", "VoucherNumber", "Status"}], "count"}`, the first 1000 of them
    :raises DineroConflict: one was deleted
    """

    template_fields: Sequence[str] = (*DineroBaseSensor.template_fields, "items")
    resource, key, label = "ledger_items", "Id", "ledger items"

    def __init__(self, *, items: str | Mapping[str, Any] | Iterable[str | Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.items = items

    def wanted(self) -> tuple[list[str], list[str]]:
        """Return Ids, and Booked."""
        given = self.items
        return keys_of("items", given["Items"] if isinstance(given, Mapping) and "Items" in given else given, "Id"), [
            "Booked"
        ]


def keys_of(name: str, given: Any, key: str) -> list[str]:
    """Return the keys of documents, each once.

    :param name: str, the argument, named in the error
    :param given: str, mapping, or iterable of these
    :param key: str, the property that identifies one
    :raises DineroInvalidBody: there is none, or one lacks the property
    """
    several = [given] if isinstance(given, str | Mapping) else list(given or ())
    found = [str((each.get(key) or "") if isinstance(each, Mapping) else each).strip().lower() for each in several]
    if not found or not all(found):
        raise DineroInvalidBody(f"{name}: each must have a {key}.", f"Pass the output of an operator, or {key}s.")
    for each in found:
        try:
            UUID(each)
        except ValueError:
            raise DineroInvalidBody(
                f"{name}: {each!r} is not a valid {key}.", f"Pass the output of an operator, or {key}s."
            ) from None
    return list(dict.fromkeys(found))
