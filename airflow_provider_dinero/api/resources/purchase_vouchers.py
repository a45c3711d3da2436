"""Purchase vouchers: expenses, paid in cash or on credit."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.errors import DineroNotFound
from airflow_provider_dinero.api.operations import BOOKED, DELETED, NOWHERE, PAID, REPLACED, UNPAID, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded
from airflow_provider_dinero.api.resources.expenses import Expenses

_ALL = "/v1/{organizationId}/vouchers/purchase"
_ONE = f"{_ALL}/{{guid}}"
_CREATE = Operation(
    "POST",
    "/v1.2/{organizationId}/vouchers/purchase",
    Repeat.BARE,
    body="PurchaseVoucherCreateModelV2",
    lost=NOWHERE._replace(
        look_up="by `create_once`: the vouchers that use its receipt, one with its ExternalReference; else `similar`",
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
# Whether it moves the voucher's Timestamp is undocumented, so the Timestamp is no fence.
_GENERATE = Operation(
    "POST",
    f"{_ONE}/generate-creditnote",
    Repeat.BARE,
    body="CreditNoteForPurchaseVoucherRequest",
    lost=NOWHERE._replace(look_up="none; purchase_credit_notes.create with CreditNoteFor and a Guid is the sure way"),
)
_OF_ONE = "/v1/{organizationId}/purchase-vouchers/{id}/payments"
_PAYMENTS = Operation("GET", _OF_ONE)
_ADD_PAYMENT = Operation("POST", _OF_ONE, Repeat.FENCED, body="PurchaseVoucherCreditPaymentCreateModel", lost=PAID)
_DELETE_PAYMENT = Operation("DELETE", f"{_OF_ONE}/{{paymentId}}/{{timestamp}}", Repeat.FENCED, lost=UNPAID)


class PurchaseVouchers(Expenses):
    """Purchase vouchers. Amounts of lines are gross. Dinero has no list of them."""

    STAMP = "Timestamp"
    NUMBER = "VoucherNumber"
    WHAT = "Purchase voucher"

    @_CREATE.performed_by
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a draft, each time it is called (`POST /v1.2/{organizationId}/vouchers/purchase`).

        :param body: mapping as PurchaseVoucherCreateModelV2: cash takes DepositAccountNumber and RegionKey, credit
            takes ContactGuid, PaymentDate (the due date) and CurrencyKey
        :return: dict, the voucher
        :raises DineroOutcomeUnknown: the answer was lost; `create_once` finds the voucher
        """
        return self._object(_CREATE, body=body)

    @_FETCH.performed_by
    def fetch(self, body: Mapping[str, Any]) -> Row:
        """Return what a purchase would come to (`POST /v1/{organizationId}/vouchers/purchase/fetch`).

        :param body: mapping as PurchaseVoucherCreateModelV2; nothing is saved
        """
        return self._object(_FETCH, body=body)

    @_SIMILAR.performed_by
    def similar(self, body: Mapping[str, Any]) -> Row:
        """Tell whether a purchase like this one is there (`POST /v1/{organizationId}/vouchers/purchase/similar`).

        :param body: mapping as PurchaseVoucherCreateModelV2; nothing is saved
        :return: `{"SimilarFound", "SimilarGuid", "VoucherNumber"}`
        """
        return self._object(_SIMILAR, body=body)

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a purchase voucher (`GET /v1/{organizationId}/vouchers/purchase/{guid}`).

        :param guid: str
        :raises DineroNotFound: there is none
        """
        return self._object(_GET, {"guid": guid})

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace all of a draft (`PUT /v1.1/{organizationId}/vouchers/purchase/{guid}`).

        :param guid: str
        :param body: mapping as PurchaseVoucherUpdateModel; what is left out is not kept
        :param timestamp: str, the Timestamp of the draft; default the body's, else the latest, which takes a request
        :return: dict, the voucher
        :raises DineroStaleTimestamp: the draft was changed since its Timestamp was read
        """
        credit_only = ("ContactGuid", "PaymentDate") if body.get("PurchaseType") == "cash" else ()
        return self._update(_UPDATE, guid, body, timestamp, credit_only)

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> None:
        """Delete a draft, or offset a booked voucher (`DELETE /v1/{organizationId}/vouchers/purchase/{guid}`).

        :param guid: str
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request: Dinero wants
            one, though its document calls it optional
        """
        self._delete(_DELETE, guid, timestamp, required=True)

    @_OF_FILE.performed_by
    def of_file(self, file_guid: str) -> list[str]:
        """Return the Guids of the drafts that use a file.

        `GET /v1/{organizationId}/vouchers/purchase/fileguid/{fileGuid}`

        :param file_guid: str
        """
        found: list[str] = self.client.json(_OF_FILE, {"fileGuid": file_guid})
        return found

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/vouchers/purchase/{guid}/book`); a booked one is returned as it is.

        :param guid: str
        :param timestamp: str, the Timestamp of the draft that is meant; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the voucher; a cash purchase is Paid when it is booked
        :raises DineroStaleTimestamp: the draft was changed since its Timestamp was read
        """
        return self._book(_BOOK, guid, timestamp, number)

    @_GENERATE.performed_by
    @guarded
    def generate_credit_note(
        self, guid: str, body: Mapping[str, Any] | None = None, *, timestamp: str | None = None
    ) -> Row:
        """Make a draft credit note for all of a booked purchase, each time it is called.

        `POST /v1/{organizationId}/vouchers/purchase/{guid}/generate-creditnote`

        :param guid: str
        :param body: mapping with VoucherDate and FileGuid; default today, and no file
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}` of the credit note
        :raises DineroOutcomeUnknown: the answer was lost
        """
        # Here alone, the Timestamp is an object that holds the Timestamp.
        stamp = {"Timestamp": {"Timestamp": timestamp or self._latest(guid)}}
        return self._object(_GENERATE, {"guid": guid}, body={**(body or {}), **stamp})

    @_PAYMENTS.performed_by
    def payments(self, guid: str) -> Rows:
        """Return the payments of a credit purchase (`GET /v1/{organizationId}/purchase-vouchers/{id}/payments`).

        :param guid: str, the voucher, or a purchase credit note that is for no purchase
        :return: list of dicts with Guid, Amount, PaymentDate, ExternalReference and more
        """
        return self._array(_PAYMENTS, {"id": guid})

    @_ADD_PAYMENT.performed_by
    @guarded
    def add_payment(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Register a payment of a booked credit purchase (`POST /v1/{organizationId}/purchase-vouchers/{id}/payments`).

        :param guid: str, the voucher, or a purchase credit note that is for no purchase
        :param body: mapping as PurchaseVoucherCreditPaymentCreateModel; ExternalReference tells the payment from
            others, default a new Guid
        :param timestamp: str, the Timestamp of the voucher; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp", "RelatedVoucherGuid"}`
        :raises DineroOutcomeUnknown: the answers were lost, and the payment can't be found
        """
        return self._pay(_ADD_PAYMENT, guid, body, timestamp, {"id": guid})

    @guarded
    def add_payment_once(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Register a payment of a booked credit purchase, unless one with its ExternalReference is there.

        :param guid: str, the voucher, or a purchase credit note that is for no purchase
        :param body: mapping as PurchaseVoucherCreditPaymentCreateModel, with an ExternalReference that no other payment
            of the voucher has
        :param timestamp: str, the Timestamp of the voucher to begin with; default the latest, which takes a request
        :return: `{"Guid", "TimeStamp", "RelatedVoucherGuid", "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: there is a payment with this ExternalReference, and other content
        :raises DineroOutcomeUnknown: the answers were lost, and the payment can't be found
        """
        return self._pay_once(_ADD_PAYMENT, guid, body, timestamp, {"id": guid})

    @_DELETE_PAYMENT.performed_by
    @guarded
    def delete_payment(self, guid: str, payment_guid: str, *, timestamp: str | None = None) -> Row:
        """Remove a payment (`DELETE /v1/{organizationId}/purchase-vouchers/{id}/payments/{paymentId}/{timestamp}`).

        :param guid: str, the voucher, or a purchase credit note that is for no purchase
        :param payment_guid: str
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request
        :return: `{"TimeStamp"}`
        """
        # Here alone, the Timestamp is a part of the path.
        place = {"id": guid, "paymentId": payment_guid, "timestamp": timestamp or self._latest(guid)}
        return self._unpay(_DELETE_PAYMENT, guid, payment_guid, place)

    def _latest(self, guid: str) -> str:
        try:
            return super()._latest(guid)
        except DineroNotFound:  # a purchase credit note is paid here too
            return str(self.client.purchase_credit_notes.get(guid)["Timestamp"])

    def _payments(self, guid: str) -> Rows:
        return self.payments(guid)
