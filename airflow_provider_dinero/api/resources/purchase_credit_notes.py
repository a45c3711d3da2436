"""Purchase credit notes: what a supplier pays back."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.operations import BOOKED, DELETED, OWN_GUID, REPLACED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import Documents, OwnDraft
from airflow_provider_dinero.api.resources.purchase_vouchers import PurchaseVouchers
from airflow_provider_dinero.api.session import Session

_ALL = "/v1/{organizationId}/vouchers/purchase/creditnotes"
_ONE = f"{_ALL}/{{guid}}"
_CREATE = Operation("POST", _ALL, Repeat.KEYED, body="PurchaseCreditNoteCreateModel", lost=OWN_GUID)
_GET = Operation("GET", _ONE)
_UPDATE = Operation("PUT", _ONE, Repeat.FENCED, body="PurchaseCreditNoteUpdateModel", lost=REPLACED)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="TimestampObject", lost=DELETED)
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="BookModel", lost=BOOKED)


class PurchaseCreditNotes(Documents):
    """Purchase credit notes. Dinero has no list of them; one without a purchase is paid like a purchase voucher.

    :param session: Session
    :param purchase_vouchers: PurchaseVouchers
    """

    STAMP = "Timestamp"
    NUMBER = "CreditNoteNumber"
    HAS_TIMES = False
    WHAT = "Purchase credit note"

    def __init__(self, session: Session, purchase_vouchers: PurchaseVouchers) -> None:
        super().__init__(session)
        self._purchase_vouchers = purchase_vouchers

    @_CREATE.performed_by
    @guarded
    def create(self, body: Mapping[str, Any], *, own_draft: OwnDraft | None = None) -> Row:
        """Create a draft (`POST /v1/{organizationId}/vouchers/purchase/creditnotes`); with a Guid, only once.

        :param body: mapping with Lines, CreditNoteFor and more, like PurchaseCreditNoteCreateModel
        :param own_draft: OwnDraft, which drafts with other content to update; default none, they are a conflict
        :return: `{"Guid", "TimeStamp", "Change"}`, Change being created, or updated; or the whole credit note, Change
            being unchanged, if it already existed with the same content
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: a credit note with this Guid exists with other content
        :raises DineroOutcomeUnknown: all responses were lost, and the body has no Guid by which a retry could find it
        """
        return self._create(_CREATE, body, own_draft=own_draft, update=self.update)

    @guarded
    def create_for(self, guid: str, body: Mapping[str, Any], *, own_draft: OwnDraft | None = None) -> Row:
        """Create a draft for a whole booked credit purchase, with its lines; with a Guid, only once.

        :param guid: str, the purchase voucher
        :param body: mapping like PurchaseCreditNoteCreateModel, without Lines
        :param own_draft: as for `create`
        :return: as for `create`
        :raises DineroNotFound: there is no such purchase
        """
        purchase = self._purchase_vouchers.get(guid)
        names = {"Description": "Description", "AccountNumber": "AccountNumber", "AmountInclVatValue": "Amount"}
        lines = [
            {**{new: line[name] for name, new in names.items()}, "VatCode": line["VatCode"] or "none"}
            for line in purchase["Lines"]
        ]
        whole = {"Currency": purchase["CurrencyKey"], **body, "CreditNoteFor": guid, "Lines": lines}
        return self.create(whole, own_draft=own_draft)

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a purchase credit note (`GET /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft (`PUT /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}`).

        :param guid: str
        :param body: mapping like PurchaseCreditNoteUpdateModel; properties that you leave out are removed
        :param timestamp: str, the Timestamp of the draft; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}`, or the whole credit note if a response was lost
        :raises DineroStaleTimestamp: the draft has changed since its Timestamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)[0]

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Delete a purchase credit note (`DELETE /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}`).

        :param guid: str
        :param timestamp: str, the Timestamp of the credit note; default the latest, which takes a request
        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        return self._delete(_DELETE, guid, timestamp, required=True)

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}/book`), or return it if booked.

        :param guid: str
        :param timestamp: str, the Timestamp of the draft; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the credit note
        :raises DineroStaleTimestamp: the draft has changed since its Timestamp was read
        """
        return self._book(_BOOK, guid, timestamp, number)
