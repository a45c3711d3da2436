"""The ledger: items that are posted, and booked in the background."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroInvalidRequest, DineroUnavailable
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, whole

if TYPE_CHECKING:
    from airflow.sdk import Context

# Booking takes seconds to minutes: so long, in seconds, it is waited for in the worker.
AT_ONCE = (1.0, 2.0, 4.0)
# Then the task defers, for twice as long each time, from ten seconds to two minutes.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=2)
# What is a draft after so many deferrals, more than a minute, was refused; and after an hour nobody waits any more.
REFUSED_AFTER, LAST = 3, 33


class DineroPostLedgerItemsOperator(DineroBaseOperator):
    """Posts lines to the ledger, once, and as wished books them and waits until that is done.

    Lines of one VoucherNumber are one voucher; without a number each is a voucher by itself. They go in their order, in
    groups of at most 1000 lines, which is what a ledger holds: the next group when the one before is booked. The task
    defers while Dinero books.

    Dinero: `POST /v1.2/{organizationId}/ledgeritems`, `POST /v1/{organizationId}/ledgeritems/book`,
    `POST /v1/{organizationId}/ledgeritems/status`.

    :param lines: list of dicts in Dinero's own property names: VoucherNumber, VoucherDate and FileGuid beside the
        Description, Amount (DKK), AccountNumber, BalancingAccountNumber, ... of a line; or vouchers with Lines. An
        Amount includes VAT: Dinero takes out the VAT of the account's own code, or of AccountVatCode. Templated.
    :param idempotency_key: str or int, what the lines are, such as a month; it makes the Ids of the items, together
        with their numbers or places; default the task's own place: dag_id, run_id, task_id and map_index. Templated.
    :param generation: int, raised to post the lines anew on purpose; default 0. Templated.
    :param book: bool, book them; default False: they stay drafts, of which a ledger holds 1000 lines
    :return: `{"Items": [{"Id", "VoucherNumber"}], "Lines", "Status", "Change"}`, Lines being their count, Status Draft
        or Booked, Change created or unchanged
    """

    resource = "ledger_items"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "lines", "idempotency_key", "generation")
    template_fields_renderers: ClassVar[dict[str, str]] = {"lines": "json"}

    def __init__(
        self,
        *,
        lines: Iterable[Mapping[str, Any]],
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        book: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.lines = lines
        self.idempotency_key = idempotency_key
        self.generation = generation
        self.book = book

    def perform(self, context: "Context") -> dict[str, Any]:
        """Post group by group, each when the one before is booked."""
        from airflow_provider_dinero.api.bodies.idempotency import guid_for
        from airflow_provider_dinero.api.bodies.ledger import LARGEST, groups_of, items_of

        key, generation = self.key_of(context, self.idempotency_key), whole("generation", self.generation)
        organization = self.client.organization_id
        items = items_of(self.lines, lambda name: guid_for(organization, self.resource, f"{key}/{name}", generation))
        groups = groups_of(items)
        if len(groups) > 1 and not self.book:
            raise DineroInvalidBody(
                f"A ledger holds {LARGEST} lines that are not booked (code 66).", "Pass book=True; nothing was sent."
            )
        posted: list[dict[str, Any]] = []
        for index, group in enumerate(groups):
            rows = self.step(f"group {index}", partial(self._post, group))["Items"]
            posted += self._booked(index, rows) if self.book else rows
        self.document_url = document_url(self.client, "ledger")
        lines = sum(len(item["Lines"]) for item in items)
        change = "created" if any(row["Change"] == "created" for row in posted) else "unchanged"
        status = "Booked" if self.book else "Draft"
        self.log.info("%s %d vouchers of %d lines, %s", status.lower(), len(items), lines, change)
        told = [{name: row[name] for name in ("Id", "VoucherNumber")} for row in posted]
        return {"Items": told, "Lines": lines, "Status": status, "Change": change}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return how much would be posted first."""
        return {"Vouchers": len(body), "Lines": sum(len(item.get("Lines") or ()) for item in body)}

    def _post(self, group: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Items": self.client.ledger_items.post_once(group, book=self.book)}

    def _booked(self, index: int, posted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the items of a group when they are booked; the task defers until then."""

        def look() -> dict[str, Any]:
            rows, known = (
                posted,
                not self._done.get(f"looks {index}"),
            )  # just looked at, unless it was before a deferral
            for pause in (*AT_ONCE, 0.0):
                if not known and any(row["Status"] != "Booked" for row in rows):
                    rows = self.client.ledger_items.status(row["Id"] for row in posted)
                known = False
                waiting = [row for row in rows if row["Status"] != "Booked"]
                if not waiting:
                    break
                if pause:
                    self.client.session.sleep(pause)
            else:
                self._wait(f"looks {index}", waiting)
            numbers = {str(row["Id"]).lower(): row["VoucherNumber"] for row in rows}
            return {
                "Items": [
                    {"Id": row["Id"], "VoucherNumber": numbers[row["Id"].lower()], "Change": row["Change"]}
                    for row in posted
                ]
            }

        return list(self.step(f"booked {index}", look)["Items"])

    def _wait(self, name: str, waiting: list[dict[str, Any]]) -> NoReturn:
        """Defer until it is worth while to look again."""
        looks = int(self._done.get(name, 0))
        drafts = [str(row["Id"]) for row in waiting if row["Status"] == "Draft"]
        if drafts and looks >= REFUSED_AFTER:
            raise DineroInvalidRequest(
                f"Dinero took {len(drafts)} of the ledger items back instead of booking them: {', '.join(drafts[:5])}.",
                "See the ledger in Dinero: a voucher number may be taken, or what is paid be gone. Then run it again.",
            )
        if looks >= LAST:
            raise DineroUnavailable(
                f"Dinero has not booked {len(waiting)} ledger items within an hour.", "A further try goes on waiting."
            )
        self._done[name] = looks + 1
        self.log.info("Dinero books %d of the ledger items: this task looks again later", len(waiting))
        self.defer_until(datetime.now(UTC) + min(FIRST_PAUSE * 2**looks, LONGEST_PAUSE))
