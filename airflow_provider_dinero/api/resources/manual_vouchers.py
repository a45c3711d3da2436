"""Manual vouchers: postings by hand, from one account to another."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.comparison import same_id, same_text
from airflow_provider_dinero.api.bodies.ledger import imbalance, one_sided, unbalanced
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.operations import BOOKED, DELETED, NOWHERE, REPLACED, Operation, Repeat
from airflow_provider_dinero.api.resources.accounts import Accounts
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import DRAFTS, Documents, OwnDraft
from airflow_provider_dinero.api.resources.entries import Entries
from airflow_provider_dinero.api.resources.files import Files
from airflow_provider_dinero.api.session import Session

# The documents spell it like this.
_ALL = "/v1/{organizationId}/vouchers/manuel"
_ONE = f"{_ALL}/{{guid}}"
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.BARE,
    body="ManuelVoucherCreateModel",
    lost=NOWHERE._replace(
        look_up="a voucher with the ExternalReference is booked on the same day, or uses the same file; only "
        "`create_once` checks this. Prefer ledger_items.create, whose items have an Id",
    ),
)
_GET = Operation("GET", _ONE)
_UPDATE = Operation("PUT", _ONE, Repeat.FENCED, body="ManuelVoucherUpdateModel", lost=REPLACED)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="RequiredTimestampObject", lost=DELETED)
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="BookModel", lost=BOOKED)


class ManualVouchers(Documents):
    """Manual vouchers. Dinero has no list of them.

    :param session: Session
    :param files: Files
    :param entries: Entries
    :param accounts: Accounts
    """

    STAMP = "Timestamp"
    NUMBER = "VoucherNumber"
    HAS_TIMES = False
    WHAT = "Manual voucher"

    def __init__(self, session: Session, files: Files, entries: Entries, accounts: Accounts) -> None:
        super().__init__(session)
        self._files = files
        self._entries = entries
        self._accounts = accounts

    @_CREATE.performed_by
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a draft, again at each call (`POST /v1/{organizationId}/vouchers/manuel`).

        :param body: mapping like ManuelVoucherCreateModel
        :return: dict, the voucher
        :raises DineroOutcomeUnknown: the response was lost; `create_once` may find the voucher
        """
        return self._object(_CREATE, body=body)

    @guarded
    def create_once(self, body: Mapping[str, Any], *, own_draft: OwnDraft | None = None) -> Row:
        """Create a draft, unless Dinero shows that the voucher exists: booked on its day, or with its file.

        Only with `own_draft` does it find a draft that another task created, by a note beside the lock; prefer
        `ledger_items.post_once`. Searching takes two requests for a body with a VoucherDate, and one per 1000 files of
        the archive for one with a FileGuid. Lines that don't balance by themselves take one more, which shows whether
        Dinero may add VAT to them.

        :param body: mapping like ManuelVoucherCreateModel, with an ExternalReference that no other voucher has
        :param own_draft: OwnDraft, which drafts with other content to update; default none, they are a conflict
        :return: dict, the voucher, and Change: created, updated or unchanged
        :raises DineroInvalidBody: the body is invalid, or its lines don't balance; nothing was sent
        :raises DineroConflict: the voucher exists with other content
        :raises DineroOutcomeUnknown: a response was lost or a try was interrupted, and Dinero doesn't show the voucher
        """
        wanted: Row = check(str(_CREATE.body), body)
        reference = str(wanted.get("ExternalReference") or "").strip()
        if not reference:
            raise DineroInvalidBody(
                f"{_CREATE.body}: ExternalReference is missing, so a retry could not recognize the voucher.",
                "Nothing was sent.",
            )
        self._require_balance(reference, wanted)
        intents, name = self.session.intents, f"manual_vouchers/{self.session.organization_id}/{reference}"

        def find() -> Row | None:
            left = intents.recall(name) or (self._noted(reference)[2] if own_draft else None)
            voucher = self._there(left) if left else None
            for guid in self._candidates(wanted) if voucher is None else ():
                found = self._there(guid)
                if found is not None and same_text(found["ExternalReference"], reference):
                    voucher = found
                    break
            if voucher is None:
                return None
            return self._kept(f"{self.WHAT} {voucher['Guid']}", wanted, voucher, wanted, own_draft, self.update)

        def send() -> Row:
            created = self.create(wanted)
            intents.remember(name, str(created["Guid"]))
            if own_draft:
                self._note_draft(reference, created)
            return created

        voucher, change = self._once(name, find, send, sure=False)
        return {**voucher, "Change": "updated" if voucher.get("Change") == "updated" else change}

    def require_balanced(self, voucher: Row) -> None:
        """Check that a draft balances before it is booked, as Dinero has stored it, including the VAT that it adds.

        :param voucher: dict, from Dinero
        :raises DineroInvalidBody: it doesn't balance; the error has the sums
        """
        lines = [{**line, "Amount": line["AmountInclVatValue"]} for line in voucher["Lines"] or ()]
        debit, credit = imbalance({"Lines": lines})
        if voucher["Status"] in DRAFTS and debit != credit:
            raise _unbalanced(str(voucher["ExternalReference"]), debit, credit, "it is still a draft")

    def _require_balance(self, reference: str, wanted: Row) -> None:
        """Check that lines balance, as far as possible before Dinero adds VAT to some of them."""
        debit, credit = imbalance(wanted)
        if debit == credit:
            return
        codes = {
            row["AccountNumber"]: row["VatCode"] for row in self._accounts.list(fields=["AccountNumber", "VatCode"])
        }
        for line in one_sided(wanted):
            side = "" if line.get("AccountNumber") is not None else "Balancing"
            code = line.get(f"{side}AccountVatCode") or codes.get(line[f"{side}AccountNumber"])
            if code and str(code).lower() != "none":
                return
        raise _unbalanced(reference, debit, credit, "nothing was sent")

    def _candidates(self, wanted: Row) -> Iterator[str]:
        """Yield the Guids of possible vouchers."""
        if file := wanted.get("FileGuid"):
            row = next((each for each in self._files.list() if same_id(each["FileGuid"], file)), {})
            yield from (str(each["VoucherGuid"]) for each in row.get("Linked") or ())
        if day := wanted.get("VoucherDate"):
            accounts: dict[str, set[int]] = {}
            for entry in self._entries.between(day, day, include_primo=False):
                accounts.setdefault(str(entry["VoucherGuid"]), set()).add(entry["AccountNumber"])
            names = ("AccountNumber", "BalancingAccountNumber")
            meant = {line[name] for line in wanted.get("Lines") or () for name in names if line.get(name)}
            yield from (guid for guid, there in accounts.items() if meant <= there)

    def _name(self, document: Mapping[str, Any]) -> str:
        return str(document["ExternalReference"]).strip()

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a manual voucher (`GET /v1/{organizationId}/vouchers/manuel/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft (`PUT /v1/{organizationId}/vouchers/manuel/{guid}`).

        :param guid: str
        :param body: mapping like ManuelVoucherUpdateModel; properties that you leave out are removed
        :param timestamp: str, the Timestamp of the draft; default the body's, else the latest, which takes a request
        :return: dict, the voucher
        :raises DineroStaleTimestamp: the draft has changed since its Timestamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)[0]

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Delete a draft, or offset a booked voucher (`DELETE /v1/{organizationId}/vouchers/manuel/{guid}`).

        :param guid: str
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request
        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        return self._delete(_DELETE, guid, timestamp, required=True)

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/vouchers/manuel/{guid}/book`); a booked one is returned unchanged.

        :param guid: str
        :param timestamp: str, the Timestamp of the draft; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the voucher
        :raises DineroStaleTimestamp: the draft has changed since its Timestamp was read
        """
        return self._book(_BOOK, guid, timestamp, number)


def _unbalanced(reference: str, debit: Decimal, credit: Decimal, state: str) -> DineroInvalidBody:
    return DineroInvalidBody(
        f"Manual voucher {reference}: {unbalanced(debit, credit)}", f"Correct its lines and run it again; {state}."
    )
