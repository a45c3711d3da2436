"""Purchase credit notes: what a supplier pays back."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.operations import BOOKED, DELETED, OWN_GUID, REPLACED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import Documents
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
    """Purchase credit notes. Dinero has no list of them; one that is for no purchase is paid as a purchase voucher.

    :param session: Session
    :param purchase_vouchers: PurchaseVouchers
    """

    STAMP = "Timestamp"
    NUMBER = "CreditNoteNumber"
    WHAT = "Purchase credit note"

    def __init__(self, session: Session, purchase_vouchers: PurchaseVouchers) -> None:
        super().__init__(session)
        self._purchase_vouchers = purchase_vouchers

    @_CREATE.performed_by
    @guarded
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a draft (`POST /v1/{organizationId}/vouchers/purchase/creditnotes`); with a Guid, once.

        :param body: mapping with Lines, CreditNoteFor and more, as PurchaseCreditNoteCreateModel
        :return: `{"Guid", "TimeStamp", "Change"}`, Change being created; or the whole credit note where it was there
            and is the same, and Change is unchanged
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: a credit note with this Guid is there, with other content
        :raises DineroOutcomeUnknown: all answers were lost, and the body has no Guid by which another try would know
        """
        return self._create(_CREATE, body)

    @guarded
    def create_for(self, guid: str, body: Mapping[str, Any]) -> Row:
        """Create a draft for all of a booked credit purchase, whose lines are copied; with a Guid, once.

        :param guid: str, the purchase voucher
        :param body: mapping as PurchaseCreditNoteCreateModel, without Lines
        :return: as `create` does
        :raises DineroNotFound: there is no such purchase
        """
        purchase = self._purchase_vouchers.get(guid)
        names = {"Description": "Description", "AccountNumber": "AccountNumber", "AmountInclVatValue": "Amount"}
        lines = [
            {**{new: line[name] for name, new in names.items()}, "VatCode": line["VatCode"] or "none"}
            for line in purchase["Lines"]
        ]
        return self.create({"Currency": purchase["CurrencyKey"], **body, "CreditNoteFor": guid, "Lines": lines})

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a purchase credit note (`GET /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}`).

        :param guid: str
        :raises DineroNotFound: there is none
        """
        return self._object(_GET, {"guid": guid})

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace all of a draft (`PUT /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}`).

        :param guid: str
        :param body: mapping as PurchaseCreditNoteUpdateModel; what is left out is not kept
        :param timestamp: str, the Timestamp of the draft; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}`, or the whole credit note where an answer was lost
        :raises DineroStaleTimestamp: the draft was changed since its Timestamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)[0]

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> None:
        """Delete a purchase credit note (`DELETE /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}`).

        :param guid: str
        :param timestamp: str, the Timestamp of the credit note; default the latest, which takes a request
        """
        self._delete(_DELETE, guid, timestamp, required=True)

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/vouchers/purchase/creditnotes/{guid}/book`), or return it booked.

        :param guid: str
        :param timestamp: str, the Timestamp of the draft that is meant; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the credit note
        :raises DineroStaleTimestamp: the draft was changed since its Timestamp was read
        """
        return self._book(_BOOK, guid, timestamp, number)
