"""Payments of invoices, credit notes and credit purchases."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from airflow_provider_dinero.api.keys import same_id
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Row, Rows
from airflow_provider_dinero.api.resources.documents import Documents


class WithPayments(Documents):
    """Documents that are paid."""

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
        """Register a payment. Its ExternalReference, ours where the author gives none, tells it from others."""
        wanted = self._checked(operation, body, guid, timestamp)
        # An author's may be that of several payments, such as an order number: those that are there are others.
        given = wanted.get("ExternalReference")
        others = {payment["Guid"] for payment in self._payments(guid)} if given else set()
        wanted["ExternalReference"] = reference = given or str(uuid4())

        def look() -> Row | None:
            for payment in self._payments(guid):
                if payment["ExternalReference"] == reference and payment["Guid"] not in others:
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
