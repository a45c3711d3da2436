"""Purchase vouchers: expenses, paid in cash or on credit."""

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_dinero.api.bodies.comparison import differences, same_id, same_text
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody, DineroNotFound
from airflow_provider_dinero.api.operations import BOOKED, DELETED, NOWHERE, PAID, REPLACED, UNPAID, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded
from airflow_provider_dinero.api.resources.documents import DRAFTS, OwnDraft
from airflow_provider_dinero.api.resources.files import Files
from airflow_provider_dinero.api.resources.payments import WithPayments
from airflow_provider_dinero.api.session import Session

_ALL = "/v1/{organizationId}/vouchers/purchase"
_ONE = f"{_ALL}/{{guid}}"
_CREATE = Operation(
    "POST",
    "/v1.2/{organizationId}/vouchers/purchase",
    Repeat.BARE,
    body="PurchaseVoucherCreateModelV2",
    lost=NOWHERE._replace(
        look_up="a voucher with the receipt, or the one that `similar` names, has the ExternalReference; only "
        "`create_once` checks this",
        sure="with a receipt",
    ),
)
_FETCH = Operation("POST", f"{_ALL}/fetch", body="PurchaseVoucherCreateModelV2")
_SIMILAR = Operation("POST", f"{_ALL}/similar", body="PurchaseVoucherCreateModelV2")
_GET = Operation("GET", _ONE)
_UPDATE = Operation(
    "PUT",
    "/v1.1/{organizationId}/vouchers/purchase/{guid}",
    Repeat.FENCED,
    body="PurchaseVoucherUpdateModel",
    lost=REPLACED,
)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="TimestampObject", lost=DELETED)
_OF_FILE = Operation("GET", f"{_ALL}/fileguid/{{fileGuid}}")
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="BookModel", lost=BOOKED)
# It is undocumented whether this changes the voucher's Timestamp, so the Timestamp is not a fence.
_GENERATE = Operation(
    "POST",
    f"{_ONE}/generate-creditnote",
    Repeat.BARE,
    body="CreditNoteForPurchaseVoucherRequest",
    lost=NOWHERE._replace(
        look_up="(the client can't check: use purchase_credit_notes.create with CreditNoteFor and a Guid instead)"
    ),
)
_OF_ONE = "/v1/{organizationId}/purchase-vouchers/{id}/payments"
_PAYMENTS = Operation("GET", _OF_ONE)
_ADD_PAYMENT = Operation("POST", _OF_ONE, Repeat.FENCED, body="PurchaseVoucherCreditPaymentCreateModel", lost=PAID)
# A purchase credit note without a purchase is paid like a purchase voucher.
_GET_CREDIT_NOTE = Operation("GET", f"{_ALL}/creditnotes/{{guid}}")
_DELETE_PAYMENT = Operation("DELETE", f"{_OF_ONE}/{{paymentId}}/{{timestamp}}", Repeat.FENCED, lost=UNPAID)
NOBODY = "00000000-0000-0000-0000-000000000000"
ANOTHER = "If this is another expense, pass allow_similar; otherwise correct the one in Dinero."


class PurchaseVouchers(WithPayments):
    """Purchase vouchers. Amounts of lines are gross. Dinero has no list of them, and accepts no Guid of our own.

    Prefer to give a receipt: Dinero tells which vouchers use a file, so the voucher can always be found. Without one
    there is the note of an earlier call with `own_draft`, and `similar`, which returns at most one voucher, by
    undocumented rules.

    :param session: Session
    :param files: Files
    """

    STAMP = "Timestamp"
    NUMBER = "VoucherNumber"
    HAS_TIMES = False
    WHAT = "Purchase voucher"
    ADD_PAYMENT, PAID_BY = _ADD_PAYMENT, "id"

    def __init__(self, session: Session, files: Files) -> None:
        super().__init__(session)
        self._files = files

    @_CREATE.performed_by
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a draft, again at each call (`POST /v1.2/{organizationId}/vouchers/purchase`).

        :param body: mapping like PurchaseVoucherCreateModelV2: cash takes DepositAccountNumber and RegionKey, credit
            takes ContactGuid, PaymentDate (the due date) and CurrencyKey
        :return: dict, the voucher
        :raises DineroOutcomeUnknown: the response was lost; `create_once` finds the voucher
        """
        return self._object(_CREATE, body=body)

    @guarded
    def create_once(
        self,
        body: Mapping[str, Any],
        *,
        new_file: bool = False,
        allow_similar: bool = False,
        own_place: bool = False,
        own_draft: OwnDraft | None = None,
    ) -> Row:
        """Create a draft, unless the expense exists: by its ExternalReference, or by its receipt.

        Among the vouchers that use the receipt, one with this ExternalReference is the expense. One with another
        reference is another expense. One without a reference is the expense if it is booked with the same content; a
        draft without one was created by Dinero from the uploaded file, and disappears when this voucher uses the file.

        Searching takes one request. With a receipt that was not uploaded just now it takes two, one per 1000 files of
        the archive, and one for each voucher that uses it.

        :param body: mapping like PurchaseVoucherCreateModelV2, with an ExternalReference that no other expense has
        :param new_file: bool, whether the file was uploaded just now, so that no voucher can use it yet; default False
        :param allow_similar: bool, create the voucher even if another one uses the receipt or is similar; default False
        :param own_place: bool, whether the ExternalReference only identifies the caller, such as a task in a DAG run;
            then a voucher with another reference and the same content is this expense; default False
        :param own_draft: OwnDraft, which drafts with other content to update; default none, they are a conflict
        :return: dict, the voucher, and Change: created, updated or unchanged
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: the voucher exists with other content, or there is one that may be the same expense
        :raises DineroOutcomeUnknown: a response was lost or a try was interrupted, and Dinero doesn't show the voucher
        """
        wanted: Row = check(str(_CREATE.body), body)
        reference, file = str(wanted.get("ExternalReference") or "").strip(), wanted.get("FileGuid")
        if not reference:
            raise DineroInvalidBody(
                f"{_CREATE.body}: ExternalReference is missing, so a retry could not recognize the voucher.",
                "Nothing was sent.",
            )
        session = self.session
        name = f"purchase_vouchers/{session.organization_id}/{reference}"

        def find() -> Row | None:
            begun = session.intents.begun(name)
            left = session.intents.recall(name) or (self._noted(reference)[2] if own_draft else None)
            voucher = self._there(left) if left else None
            if voucher is not None:
                return same(voucher)
            if file and (begun or not new_file):
                voucher = self._by_receipt(wanted, same, allow_similar=allow_similar, own_place=own_place)
            if voucher is not None or (file and (begun or allow_similar)):
                return voucher
            return self._by_similarity(wanted, same, anyhow=begun or allow_similar)

        def same(voucher: Row) -> Row:
            content = {**wanted, "VoucherDate": wanted.get("VoucherDate") or voucher["VoucherDate"]}
            return self._kept(f"{self.WHAT} {voucher['Guid']}", wanted, voucher, content, own_draft, self.update)

        def send() -> Row:
            created: Row = self.create(wanted)
            session.intents.remember(name, str(created["Guid"]))
            if own_draft:
                self._note_draft(reference, created)
            return created

        # One at a time per receipt, whatever the references are.
        with session.lock.hold(f"purchase_vouchers/{session.organization_id}/{file or reference}"):
            voucher, change = self._once(name, find, send, sure=bool(file))
        return {**voucher, "Change": "updated" if voucher.get("Change") == "updated" else change}

    @_FETCH.performed_by
    def fetch(self, body: Mapping[str, Any]) -> Row:
        """Return the totals that a purchase would have (`POST /v1/{organizationId}/vouchers/purchase/fetch`).

        :param body: mapping like PurchaseVoucherCreateModelV2; nothing is saved
        """
        return self._object(_FETCH, body=body)

    @_SIMILAR.performed_by
    def similar(self, body: Mapping[str, Any]) -> Row:
        """Tell whether a purchase like this one exists (`POST /v1/{organizationId}/vouchers/purchase/similar`).

        :param body: mapping like PurchaseVoucherCreateModelV2; nothing is saved
        :return: `{"SimilarFound", "SimilarGuid", "VoucherNumber"}`
        """
        return self._object(_SIMILAR, body=body)

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a purchase voucher (`GET /v1/{organizationId}/vouchers/purchase/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft (`PUT /v1.1/{organizationId}/vouchers/purchase/{guid}`).

        :param guid: str
        :param body: mapping like PurchaseVoucherUpdateModel; properties that you leave out are removed; a cash purchase
            needs no ContactGuid
        :param timestamp: str, the Timestamp of the draft; default the body's, else the latest, which takes a request
        :return: dict, the voucher
        :raises DineroStaleTimestamp: the draft has changed since its Timestamp was read
        """
        credit_only = ("ContactGuid", "PaymentDate") if body.get("PurchaseType") == "cash" else ()
        if credit_only and not body.get("ContactGuid"):  # Dinero requires one, and ignores it
            body = {**body, "ContactGuid": NOBODY}
        return self._update(_UPDATE, guid, body, timestamp, credit_only)[0]

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Delete a draft, or offset a booked voucher (`DELETE /v1/{organizationId}/vouchers/purchase/{guid}`).

        :param guid: str
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request: Dinero
            requires one, although its document says that it is optional
        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        return self._delete(_DELETE, guid, timestamp, required=True)

    @_OF_FILE.performed_by
    def of_file(self, file_guid: str) -> list[str]:
        """Return the Guids of the drafts that use a file.

        `GET /v1/{organizationId}/vouchers/purchase/fileguid/{fileGuid}`

        :param file_guid: str
        """
        found: list[str] = self.session.json(_OF_FILE, {"fileGuid": file_guid})
        return found

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/vouchers/purchase/{guid}/book`); a booked one is returned unchanged.

        :param guid: str
        :param timestamp: str, the Timestamp of the draft; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the voucher; a cash purchase is Paid when it is booked
        :raises DineroStaleTimestamp: the draft has changed since its Timestamp was read
        """
        return self._book(_BOOK, guid, timestamp, number)

    @_GENERATE.performed_by
    @guarded
    def generate_credit_note(
        self, guid: str, body: Mapping[str, Any] | None = None, *, timestamp: str | None = None
    ) -> Row:
        """Create a draft credit note for a whole booked purchase, again at each call.

        `POST /v1/{organizationId}/vouchers/purchase/{guid}/generate-creditnote`

        :param guid: str
        :param body: mapping with VoucherDate and FileGuid; default today, and no file
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}` of the credit note
        :raises DineroOutcomeUnknown: the response was lost
        """
        # Only here, the Timestamp is an object that contains the Timestamp.
        stamp = {"Timestamp": {"Timestamp": timestamp or self._latest(guid)}}
        return self._object(_GENERATE, {"guid": guid}, body={**(body or {}), **stamp})

    @_PAYMENTS.performed_by
    def payments(self, guid: str) -> Rows:
        """Return the payments of a credit purchase (`GET /v1/{organizationId}/purchase-vouchers/{id}/payments`).

        :param guid: str, the voucher, or a purchase credit note without a purchase
        :return: list of dicts with Guid, Amount, PaymentDate, ExternalReference and more
        """
        return self._array(_PAYMENTS, {"id": guid})

    @_DELETE_PAYMENT.performed_by
    @guarded
    def delete_payment(self, guid: str, payment_guid: str, *, timestamp: str | None = None) -> Row:
        """Remove a payment (`DELETE /v1/{organizationId}/purchase-vouchers/{id}/payments/{paymentId}/{timestamp}`).

        :param guid: str, the voucher, or a purchase credit note without a purchase
        :param payment_guid: str
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request
        :return: `{"TimeStamp"}`
        """
        # Only here, the Timestamp is a part of the path.
        place = {"id": guid, "paymentId": payment_guid, "timestamp": timestamp or self._latest(guid)}
        return self._unpay(_DELETE_PAYMENT, guid, payment_guid, place)

    def _latest(self, guid: str) -> str:
        try:
            return super()._latest(guid)
        except DineroNotFound:
            return str(self._object(_GET_CREDIT_NOTE, {"guid": guid})["Timestamp"])

    def _payments(self, guid: str) -> Rows:
        return self.payments(guid)

    def _name(self, document: Mapping[str, Any]) -> str:
        return str(document["ExternalReference"]).strip()

    def _by_receipt(
        self, wanted: Row, same: Callable[[Row], Row], *, allow_similar: bool, own_place: bool
    ) -> Row | None:
        """Return the voucher of an expense among those that use its receipt: drafts, and links of the archive.

        :param same: callable that returns the voucher with this reference, after comparing it
        """
        file, others = wanted["FileGuid"], []
        drafts = self.of_file(file)
        row = next((each for each in self._files.list() if same_id(each["FileGuid"], file)), {})
        linked = [str(each["VoucherGuid"]) for each in row.get("Linked") or ()]
        for guid in dict.fromkeys(each.lower() for each in [*drafts, *linked]):
            voucher = self._there(guid)
            if voucher is None:  # links stay when a voucher is deleted, and may be of other kinds
                continue
            if same_text(voucher["ExternalReference"], wanted["ExternalReference"]):
                return same(voucher)
            if own_place if _has_reference(voucher) else voucher["Status"] not in DRAFTS:
                others.append(voucher)
        if allow_similar or not others:
            return None
        content = {name: value for name, value in wanted.items() if name != "ExternalReference"}
        for voucher in others:
            if not differences(content, voucher):
                return voucher
        raise DineroConflict(f"{self.WHAT} {others[0]['Guid']} uses this receipt with other content.", ANOTHER)

    def _by_similarity(self, wanted: Row, same: Callable[[Row], Row], *, anyhow: bool) -> Row | None:
        """Return the voucher of an expense if it is the one that Dinero finds similar.

        :param same: as for `_by_receipt`
        :param anyhow: bool, whether to create the voucher even if another one is similar
        :raises DineroConflict: a similar one may be the same expense
        """
        near = self.similar(wanted)
        voucher = self._there(str(near["SimilarGuid"])) if near["SimilarFound"] else None
        if voucher is None:
            return None
        if same_text(voucher["ExternalReference"], wanted["ExternalReference"]):
            return same(voucher)
        if anyhow or (_has_reference(voucher) and wanted.get("FileGuid")):
            return None
        told = f"Dinero has a similar purchase, voucher {voucher['Guid']}"
        if not wanted.get("FileGuid"):
            raise DineroConflict(
                f"{told}; without a receipt it isn't clear whether it is the same expense.",
                "Add the receipt. If this is another expense, pass allow_similar.",
            )
        if voucher["Status"] in DRAFTS and same_id(voucher["FileGuid"], wanted["FileGuid"]):
            return None
        raise DineroConflict(f"{told}, which somebody entered without an ExternalReference.", ANOTHER)


def _has_reference(voucher: Row) -> bool:
    return not same_text(voucher["ExternalReference"], "")
