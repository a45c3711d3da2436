"""The ledger: items are posted, then booked in the background."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroInvalidRequest, DineroUnavailable
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_rows, whole

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.errors import DineroPermanentError

# Booking takes seconds to minutes. The worker waits this many seconds between its first checks.
AT_ONCE = (1.0, 2.0, 4.0)
# Then the task defers, each time twice as long, from ten seconds to two minutes.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=2)
# An item that is still a draft after this many deferrals (over a minute) was refused; after an hour the task gives up.
REFUSED_AFTER, LAST = 3, 33
TAKEN_BACK = (
    "Dinero made it a draft again instead of booking it. Check the ledger in Dinero: its voucher number may be taken, "
    "or the document that it pays may be gone."
)


class DineroPostLedgerItemsOperator(DineroBaseOperator):
    """Posts lines to the ledger once, and optionally books them and waits until they are booked.

    Lines with the same VoucherNumber are one voucher; each line without a number is a voucher of its own. It posts them
    in order, in groups of at most 1000 lines, the limit of a ledger: the next group when the previous one is booked.
    The task defers while Dinero books.

    The lines of a voucher without a BalancingAccountNumber must add up to 0.00; otherwise the voucher isn't posted. A
    refused voucher doesn't stop the others: the task books those, and then fails with the reason. An empty list skips
    the task.

    Dinero: `POST /v1.2/{organizationId}/ledgeritems`, `POST /v1/{organizationId}/ledgeritems/book`,
    `POST /v1/{organizationId}/ledgeritems/status`.

    :param lines: list of dicts in Dinero's own property names: VoucherNumber, VoucherDate and FileGuid beside the
        Description, Amount (DKK), AccountNumber, BalancingAccountNumber, ... of a line; or vouchers with Lines. An
        Amount includes VAT: Dinero takes out the VAT of the account's own code, or of AccountVatCode. Templated.
    :param idempotency_key: str or int, identifies the lines, such as a month; together with their numbers or positions
        it determines the Ids of the items; default the task's own identity: dag_id, run_id, task_id and map_index.
        Templated.
    :param generation: int, raise it to post the lines again on purpose; default 0. Templated.
    :param book: bool, whether to book them; default False, which leaves drafts, of at most 1000 lines per ledger
    :return: `{"Items": [{"Id", "VoucherNumber"}], "Lines", "Status", "Change"}`, Lines being their count, Status Draft
        or Booked, Change created, updated (drafts were booked) or unchanged
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
        """Post group by group, each when the previous one is booked."""
        from airflow_provider_dinero.api.bodies.idempotency import guid_for
        from airflow_provider_dinero.api.bodies.ledger import LARGEST, groups_of, items_of, named

        lines = require_rows("lines", self.lines)
        key, generation = self.key_of(context, self.idempotency_key), whole("generation", self.generation)
        organization = self.client.organization_id
        items = items_of(lines, lambda name: guid_for(organization, self.resource, f"{key}/{name}", generation))
        if len(groups_of(items)) > 1 and not self.book:
            raise DineroInvalidBody(
                f"A ledger can have at most {LARGEST} unbooked lines (code 66).", "Pass book=True; nothing was sent."
            )
        refused: dict[str, str] = self.step("balance", lambda: self._unbalanced(items))
        sound = [item for item in items if str(item["Id"]) not in refused]
        posted: list[dict[str, Any]] = []
        if not self.is_dry_run or not refused:
            for index, group in enumerate(groups_of(sound)):
                made = self.step(f"group {index}", partial(self._post, group))
                made = self._booked(index, made) if self.book else made
                posted += made["Items"]
                refused = {**refused, **made["Refused"]}
        self.document_url = document_url(self.client, "ledger")
        changes = {row["Change"] for row in posted}
        change = next((each for each in ("created", "updated") if each in changes), "unchanged")
        count = sum(len(item["Lines"]) for item in items if str(item["Id"]) not in refused)
        status = "Booked" if self.book else "Draft"
        done = "already booked" if self.book and change == "unchanged" else status.lower()
        self.log.info("%s %d vouchers of %d lines, %s", done, len(posted), count, change)
        if refused:
            bad = [
                f"{named(item, index)}: {refused[str(item['Id'])]}"
                for index, item in enumerate(items)
                if str(item["Id"]) in refused
            ]
            others = f"The other {len(posted)} are {status.lower()}, {change}. " if posted else "Nothing was posted. "
            raise DineroInvalidRequest(
                f"{len(bad)} of {len(items)} vouchers could not be posted or booked: {' '.join(bad)}",
                f"{others}Correct them and run it again: nothing is done twice.",
            )
        told = [{name: row[name] for name in ("Id", "VoucherNumber")} for row in posted]
        return {"Items": told, "Lines": count, "Status": status, "Change": change}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return the size of the first group."""
        return {"Vouchers": len(body), "Lines": sum(len(item.get("Lines") or ()) for item in body)}

    def _unbalanced(self, items: list[dict[str, Any]]) -> dict[str, str]:
        """Return what is wrong with items that don't balance, by Id. Only for these does it read the ledger."""
        from airflow_provider_dinero.api.bodies.ledger import imbalance, unbalanced

        found = {}
        for item in items:
            debit, credit = imbalance(item)
            if debit != credit and debit - credit + self._in_ledger(item) != 0:
                found[str(item["Id"])] = unbalanced(debit, credit)
        return found

    def _in_ledger(self, item: Mapping[str, Any]) -> Decimal:
        """Return what the ledger already has under the number of an item, in its accounting year."""
        number, day = item.get("VoucherNumber"), str(item["VoucherDate"])[:10]
        if number is None:
            return Decimal(0)
        year = next(
            (
                each
                for each in self.client.accounting_years.list()
                if each["FromDate"][:10] <= day <= each["ToDate"][:10]
            ),
            None,
        )
        if year is None:
            return Decimal(0)
        rows = self.client.entries.between(year["FromDate"], year["ToDate"], include_primo=False)
        return sum((Decimal(row["Amount"]) for row in rows if row["VoucherNumber"] == number), Decimal(0))

    def _post(self, group: list[dict[str, Any]]) -> dict[str, Any]:
        refused: dict[str, DineroPermanentError] = {}
        rows = self.client.ledger_items.post_once(group, book=self.book, refused=refused)
        texts = {name: str(error) for name, error in refused.items()}
        return {"Items": [row for row in rows if row["Id"] not in texts], "Refused": texts}

    def _booked(self, index: int, posted: dict[str, Any]) -> dict[str, Any]:
        """Return the items of a group when they are booked; the task defers until then."""

        def look() -> dict[str, Any]:
            rows = posted["Items"]
            known = not self._done.get(f"looks {index}")  # the status was just read, unless that was before a deferral
            refused = posted["Refused"]
            for pause in (*AT_ONCE, 0.0):
                if not known and any(row["Status"] != "Booked" for row in rows):
                    rows = self.client.ledger_items.status(row["Id"] for row in posted["Items"])
                known = False
                waiting = [row for row in rows if row["Status"] != "Booked"]
                if not waiting:
                    break
                if pause:
                    self.client.session.sleep(pause)
            else:
                if not self._taken_back(index, waiting):
                    self._wait(f"looks {index}", waiting)
                refused = {**refused, **{str(row["Id"]).lower(): TAKEN_BACK for row in waiting}}
            numbers = {str(row["Id"]).lower(): row["VoucherNumber"] for row in rows}
            return {
                "Items": [
                    {"Id": row["Id"], "VoucherNumber": numbers[row["Id"].lower()], "Change": row["Change"]}
                    for row in posted["Items"]
                    if row["Id"].lower() not in refused
                ],
                "Refused": refused,
            }

        return self.step(f"booked {index}", look)

    def _taken_back(self, index: int, waiting: list[dict[str, Any]]) -> bool:
        """Tell whether Dinero has turned all items that aren't booked back into drafts."""
        looks = int(self._done.get(f"looks {index}", 0))
        return looks >= REFUSED_AFTER and all(row["Status"] == "Draft" for row in waiting)

    def _wait(self, name: str, waiting: list[dict[str, Any]]) -> NoReturn:
        """Defer until it is worthwhile to check again."""
        looks = int(self._done.get(name, 0))
        if looks >= LAST:
            raise DineroUnavailable(
                f"Dinero has not booked {len(waiting)} ledger items within an hour.", "A retry continues to wait."
            )
        self._done[name] = looks + 1
        self.log.info("Dinero is booking %d of the ledger items: this task checks again later", len(waiting))
        self.defer_until(datetime.now(UTC) + min(FIRST_PAUSE * 2**looks, LONGEST_PAUSE))
