"""Payments of invoices, credit notes and credit purchases."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

from airflow_provider_dinero.api.bodies.comparison import describe as shown
from airflow_provider_dinero.api.bodies.comparison import differences, same_id, same_text
from airflow_provider_dinero.api.bodies.idempotency import LONGEST_REFERENCE
from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Row, Rows
from airflow_provider_dinero.api.resources.documents import Documents
from airflow_provider_dinero.api.resources.versions import check_stamped


class WithPayments(Documents):
    """Documents that can be paid."""

    @abstractmethod
    def _payments(self, guid: str) -> Rows:
        """Return the payments of a document."""

    def _pay(
        self,
        operation: Operation,
        guid: str,
        body: Mapping[str, Any],
        timestamp: str | None,
        place: Mapping[str, str] | None = None,
    ) -> Row:
        """Register a payment. Its ExternalReference, ours if you give none, identifies it."""
        wanted = self._checked(operation, body, guid, timestamp)
        # Yours may be shared by several payments, such as an order number: existing ones are other payments.
        given = wanted.get("ExternalReference")
        others = {payment["Guid"] for payment in self._payments(guid)} if given else set()
        wanted["ExternalReference"] = given or str(uuid4())
        return self._add(operation, guid, wanted, others, place)

    def _pay_once(
        self,
        operation: Operation,
        guid: str,
        body: Mapping[str, Any],
        timestamp: str | None,
        place: Mapping[str, str] | None = None,
        *,
        new: bool = False,
    ) -> Row:
        """Register a payment, unless one with its ExternalReference already exists.

        The Timestamp is older than the search: a payment made meanwhile changes it, and ours is refused as stale. Then
        this searches once more, and pays with the latest.

        :param new: bool, whether the Timestamp is from our own booking, before which nothing can have been paid, so
            that it only searches after a refusal; default False
        """
        reference = str(body.get("ExternalReference") or "")
        if not reference.strip() or len(reference) > LONGEST_REFERENCE:
            raise DineroInvalidBody(
                f"ExternalReference must be a text of 1 to {LONGEST_REFERENCE} characters, to identify the payment.",
                "Nothing was sent.",
            )
        checked = check_stamped(operation.body or "", body)
        content = checked.without("Timestamp")
        # Nobody has paid under the Timestamp of its booking: whoever pays moves it.
        unpaid = timestamp if new else None

        def pay(stamp: str) -> Row:
            found = None if stamp == unpaid else self._paid(guid, reference, content)
            if found is not None:
                return found
            return {**self._add(operation, guid, checked | {"Timestamp": stamp}, (), place), "Change": "created"}

        with self.session.lock.hold(f"payments/{guid}"):
            return self._with_latest(guid, timestamp, pay)

    def _paid(self, guid: str, reference: str, wanted: Mapping[str, Any]) -> Row | None:
        """Return the payment with this reference, which must have the wanted content."""
        for payment in self._payments(guid):
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
        return None

    def _add(
        self,
        operation: Operation,
        guid: str,
        wanted: Row,
        others: Collection[str],
        place: Mapping[str, str] | None,
    ) -> Row:
        reference = wanted["ExternalReference"]

        def look() -> Row | None:
            for payment in self._payments(guid):
                if same_text(payment["ExternalReference"], reference) and payment["Guid"] not in others:
                    related = payment.get("RelatedVoucherId")
                    return {"Guid": payment["Guid"], "TimeStamp": self._latest(guid), "RelatedVoucherGuid": related}
            return None

        return self._settled(
            lambda: self._object(operation, place or {"guid": guid}, body=wanted),
            look,
            operation=operation,
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
