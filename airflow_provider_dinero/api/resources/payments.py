"""Payments of invoices, credit notes and credit purchases."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from uuid import uuid4

from airflow_provider_dinero.api.bodies.comparison import describe as shown
from airflow_provider_dinero.api.bodies.comparison import differences, same_id, same_text
from airflow_provider_dinero.api.bodies.idempotency import LONGEST_REFERENCE
from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody
from airflow_provider_dinero.api.operations import Operation, performs
from airflow_provider_dinero.api.resources.base import Row, Rows, guarded
from airflow_provider_dinero.api.resources.documents import Documents
from airflow_provider_dinero.api.resources.versions import check_stamped


class WithPayments(Documents):
    """Documents that can be paid."""

    # The operation that registers a payment, and what its path calls the Guid of the document.
    ADD_PAYMENT: ClassVar[Operation]
    PAID_BY: ClassVar[str] = "guid"

    @abstractmethod
    def _payments(self, guid: str) -> Rows:
        """Return the payments of a document."""

    @performs("ADD_PAYMENT")
    @guarded
    def add_payment(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Register a payment of a booked document, again at each call (`POST /v1/{organizationId}/…/payments`).

        :param guid: str
        :param body: mapping like PaymentCreateModel, or PurchaseVoucherCreditPaymentCreateModel for a purchase;
            ExternalReference identifies the payment, default a new Guid
        :param timestamp: str, that of the document; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp", "RelatedVoucherGuid"}`
        :raises DineroOutcomeUnknown: the responses were lost, and the payment can't be found
        """
        wanted = self._checked(self.ADD_PAYMENT, body, guid, timestamp)
        # Yours may be shared by several payments, such as an order number: existing ones are other payments.
        given = wanted.get("ExternalReference")
        others = {payment["Guid"] for payment in self._payments(guid)} if given else set()
        wanted["ExternalReference"] = given or str(uuid4())
        return self._add(guid, wanted, others)

    @guarded
    def add_payment_once(
        self,
        guid: str,
        body: Mapping[str, Any],
        *,
        timestamp: str | None = None,
        new: bool = False,
        whole: bool = False,
    ) -> Row:
        """Register a payment of a booked document, unless one with its ExternalReference already exists.

        This takes two requests with a timestamp, three without; one if the payment exists, or the document is new.

        :param guid: str
        :param body: mapping as for `add_payment`; ExternalReference is required, and must be that of this payment only
        :param timestamp: str, that of the document; default the latest
        :param new: bool, whether the timestamp is that of a booking of yours, before which nothing can have been paid:
            this skips the first search; default False
        :param whole: bool, whether the payment is of the whole total in DKK, so that there must be no other payments;
            default False
        :return: `{"Guid", "TimeStamp", "RelatedVoucherGuid", "Change"}`, Change being created or unchanged (without a
            TimeStamp)
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: the payment exists with other content, or others have already paid
        :raises DineroOutcomeUnknown: the responses were lost, and the payment can't be found
        """
        reference = str(body.get("ExternalReference") or "")
        if not reference.strip() or len(reference) > LONGEST_REFERENCE:
            raise DineroInvalidBody(
                f"ExternalReference must be a text of 1 to {LONGEST_REFERENCE} characters, to identify the payment.",
                "Nothing was sent.",
            )
        checked = check_stamped(self.ADD_PAYMENT.body or "", body)
        content = checked.without("Timestamp")
        # Nobody has paid under the Timestamp of its booking: whoever pays moves it.
        unpaid = timestamp if new else None

        def pay(stamp: str) -> Row:
            # The stamp is older than the search: a payment made meanwhile changes it, and ours is refused as stale.
            found = None if stamp == unpaid else self._paid(guid, reference, content, whole=whole)
            if found is not None:
                return found
            return {**self._add(guid, checked | {"Timestamp": stamp}, ()), "Change": "created"}

        with self.session.lock.hold(f"payments/{guid}"):
            return self._with_latest(guid, timestamp, pay)

    @guarded
    def payment_of(self, guid: str, body: Mapping[str, Any]) -> Row | None:
        """Return the payment that `add_payment_once` created from a body, or None; this takes one request.

        :param guid: str
        :param body: mapping as for `add_payment_once`
        :return: `{"Guid", "RelatedVoucherGuid", "Change"}`, Change being unchanged
        :raises DineroConflict: a payment with this ExternalReference is there, with other content
        """
        wanted = check_stamped(self.ADD_PAYMENT.body or "", body).without("Timestamp")
        return self._paid(guid, str(wanted["ExternalReference"]), wanted)

    def _paid(self, guid: str, reference: str, wanted: Mapping[str, Any], *, whole: bool = False) -> Row | None:
        """Return the payment with this reference, which must have the wanted content."""
        payments = self._payments(guid)
        for payment in payments:
            if not same_text(payment["ExternalReference"], reference):
                continue
            content = dict(wanted)
            if payment.get("Currency") not in (None, "DKK"):  # it is undocumented which of the two amounts it shows
                either = [{"Amount": wanted.get(name)} for name in ("Amount", "AmountInForeignCurrency")]
                content["Amount"] = next((each["Amount"] for each in either if not differences(each, payment)), None)
            there = {name: value for name, value in payment.items() if name != "Currency"}  # it is the document's
            found = differences(content, there)
            if found:
                raise DineroConflict(
                    f"{self.WHAT} {guid} has a payment {reference} with other content: {shown(found)}.",
                    "For another payment, use another idempotency key; or correct the one in Dinero.",
                )
            related = payment.get("RelatedVoucherId")
            return {"Guid": payment["Guid"], "RelatedVoucherGuid": related, "Change": "unchanged"}
        paid = sum(payment["Amount"] for payment in payments)
        if whole and paid > 0:
            raise DineroConflict(
                f"{self.WHAT} {guid} has other payments of {paid:.2f} DKK, and none with the reference {reference}.",
                "Nothing was registered: a payment of the total would pay too much. If the other payments are right, "
                "leave this one out, or give the Amount that is left.",
            )
        return None

    def _add(self, guid: str, wanted: Row, others: Collection[str]) -> Row:
        reference = wanted["ExternalReference"]

        def look() -> Row | None:
            for payment in self._payments(guid):
                if same_text(payment["ExternalReference"], reference) and payment["Guid"] not in others:
                    related = payment.get("RelatedVoucherId")
                    return {"Guid": payment["Guid"], "TimeStamp": self._latest(guid), "RelatedVoucherGuid": related}
            return None

        return self._settled(
            lambda: self._object(self.ADD_PAYMENT, {self.PAID_BY: guid}, body=wanted),
            look,
            operation=self.ADD_PAYMENT,
            harmless=False,
        )

    def _unpay(
        self,
        operation: Operation,
        guid: str,
        payment_guid: str,
        place: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> Row:
        """Remove a payment."""

        def look() -> Row | None:
            if any(same_id(payment["Guid"], payment_guid) for payment in self._payments(guid)):
                return None
            return {"TimeStamp": self._latest(guid)}

        return self._settled(lambda: self._object(operation, place, body=body), look, operation=operation)
