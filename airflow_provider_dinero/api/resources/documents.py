"""Documents: created as a draft, with a Timestamp, and then booked."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import (
    DineroConflict,
    DineroDuplicate,
    DineroInvalidRequest,
    DineroNotFound,
    DineroRefused,
    DineroStaleTimestamp,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.api.http.connection import FILE
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource, Row

log = logging.getLogger(__name__)

T = TypeVar("T")

DRAFTS = ("Draft", "Editing")
DELETED_CODE = 65  # error code: the document was deleted
PDF = FILE


class Documents(Resource, ABC):
    """What invoices, credit notes, trade offers and vouchers have in common."""

    # The name of the Timestamp in responses for this kind of document; bodies say Timestamp.
    STAMP: ClassVar[str] = "TimeStamp"
    NUMBER: ClassVar[str] = "Number"
    WHAT: ClassVar[str]

    @abstractmethod
    def get(self, guid: str) -> Row:
        """Return the document, deleted or not."""

    def _checked(self, operation: Operation, body: Mapping[str, Any], guid: str, timestamp: str | None) -> CheckedBody:
        """Return a body with its Timestamp, checked before any request."""
        model = operation.body or ""
        if not isinstance(body, Mapping):
            check(model, body)
        given = timestamp or body.get("Timestamp") or body.get("TimeStamp")
        wanted = check_stamped(model, body, given)
        return wanted if given else wanted | {"Timestamp": self._latest(guid)}

    def _latest(self, guid: str) -> str:
        """Return the latest Timestamp."""
        return str(self.get(guid)[self.STAMP])

    def _with_latest(self, guid: str, timestamp: str | None, do: Callable[[str], T]) -> T:
        """Do a write with a Timestamp; if the document has changed meanwhile, try once more with the latest.

        :param timestamp: str, the one for the first attempt; default the latest, which takes a request
        :param do: callable that takes the Timestamp, and decides each time whether there is anything to do
        :raises DineroStaleTimestamp: the document was changed twice, with both versions
        """
        stamp = timestamp or self._latest(guid)
        try:
            return do(stamp)
        except DineroStaleTimestamp:
            stamp = self._latest(guid)
        try:
            return do(stamp)
        except DineroStaleTimestamp as error:
            raise both_versions(error, stamp, self._latest(guid)) from error

    def _create(self, operation: Operation, body: Mapping[str, Any], name: str = "Guid") -> Row:
        """Create a draft with a Guid of our own; if it exists with the same content, return the whole document.

        :return: dict with Change: created, or unchanged
        """
        wanted = check(operation.body or "", body)
        chosen = not wanted.get(name)  # a retry wouldn't know a Guid that we choose
        wanted[name] = guid = wanted.get(name) or uuid4()

        def there() -> Row:
            existing = self.get(str(guid))
            comparison.require_same(f"{self.WHAT} {guid}", wanted, existing)
            return {**existing, "Change": "unchanged"}

        def send() -> Row:
            try:
                return {**self._object(operation, body=wanted), "Change": "created"}
            except DineroDuplicate:
                pass  # the existing document is read outside, so that a difference is the only error shown
            return there()

        return self._settled(send, lambda: _found(there), operation=operation, harmless=not chosen)

    def _update(
        self,
        operation: Operation,
        guid: str,
        body: Mapping[str, Any],
        timestamp: str | None,
        not_kept: Collection[str] = (),
    ) -> tuple[Row, str]:
        """Replace a draft. Properties that Dinero accepts but doesn't store aren't compared after a lost response.

        :return: the draft, and updated; or the whole document, and unchanged, if it already has the content
        """
        wanted = self._checked(operation, body, guid, timestamp)

        def look() -> tuple[Row, str] | None:
            existing = self.get(guid)
            content = wanted.without("Timestamp", *not_kept)
            other = existing.get("DeletedAt") or comparison.differences(content, existing, strict=True)
            return None if other else (existing, "unchanged")

        def send() -> tuple[Row, str]:
            return self._object(operation, {"guid": guid}, body=wanted), "updated"

        return self._settled(send, look, operation=operation)

    def _update_once(self, operation: Operation, guid: str, body: Mapping[str, Any], timestamp: str | None) -> Row:
        """Replace a draft, unless it already has the content of the body.

        :return: the result of `_update`, or the whole document, with Change: updated or unchanged
        """
        wanted = self._checked(
            operation, body, guid, timestamp or body.get("Timestamp") or body.get("TimeStamp") or "-"
        )
        content = wanted.without("Timestamp")
        known = None if wanted["Timestamp"] == "-" else wanted["Timestamp"]
        if known is None:
            existing = self.get(guid)
            if not existing.get("DeletedAt") and not comparison.differences(content, existing, strict=True):
                return {**existing, "Change": "unchanged"}
        try:
            updated, change = self._update(operation, guid, content, known or str(existing[self.STAMP]))
            return {**updated, "Change": change}
        except (DineroStaleTimestamp, DineroInvalidRequest) as error:
            existing = self.get(guid)
            if not existing.get("DeletedAt") and not comparison.differences(content, existing):
                return {**existing, "Change": "unchanged"}
            if not isinstance(error, DineroStaleTimestamp):
                raise
            if known:
                raise both_versions(error, known, existing[self.STAMP]) from error
        return {**self._update(operation, guid, content, existing[self.STAMP])[0], "Change": "updated"}

    def _delete(self, operation: Operation, guid: str, timestamp: str | None, *, required: bool = False) -> None:
        """Delete a document; without a Timestamp, whatever its version."""
        if required and timestamp is None:
            timestamp = self._latest(guid)
        body: Row = {} if timestamp is None else {"Timestamp": timestamp}

        try:
            self._settled(
                lambda: self._sent(operation, {"guid": guid}, body=body),
                lambda: gone(lambda: self.get(guid)),
                operation=operation,
            )
        except DineroStaleTimestamp as error:
            raise both_versions(error, str(timestamp), self._latest(guid)) from error

    def _book(self, operation: Operation, guid: str, timestamp: str | None, number: int | None) -> Row:
        """Book a draft; a booked document is returned unchanged."""
        if timestamp is None:
            document = self.get(guid)
            if document["Status"] not in DRAFTS:
                return self._numbered(document, number)
            try:
                return self._book_version(operation, guid, str(document[self.STAMP]), number)[0]
            except DineroStaleTimestamp:  # changed just now; without a Timestamp, any version is meant
                timestamp = self._latest(guid)
        return self._book_version(operation, guid, timestamp, number)[0]

    def _book_version(self, operation: Operation, guid: str, timestamp: str, number: int | None) -> tuple[Row, bool]:
        """Book a draft, and tell whether this call did it."""
        body = {"Timestamp": timestamp} | ({} if number is None else {"Number": number})
        try:
            return self._object(operation, {"guid": guid}, body=body), True
        except (DineroStaleTimestamp, DineroInvalidRequest, DineroUnexpectedAnswer) as error:
            # Is it stale or refused because it is booked? By us, before a lost response, or by somebody else.
            document = self.get(guid)
            if document["Status"] in DRAFTS:
                if isinstance(error, DineroStaleTimestamp):
                    raise both_versions(error, timestamp, document[self.STAMP]) from error
                raise
            told = (self.WHAT, guid, document[self.NUMBER], type(error).__name__)
            log.warning("%s %s was already booked, as %s (%s)", *told)
            return self._numbered(document, number), False

    def _numbered(self, document: Row, number: int | None) -> Row:
        """Return a booked document, after checking that it has the requested number."""
        if number is not None and document[self.NUMBER] != number:
            raise DineroConflict(
                f"{self.WHAT} {document['Guid']} is booked as {document[self.NUMBER]}, you asked for {number}.",
                "A booked document keeps its number: leave the number out, or credit the document.",
            )
        return document

    def _there(self, guid: str) -> Row | None:
        """Return a document, or None if none of this kind exists, or it was deleted."""
        try:
            return self.get(guid)
        except DineroRefused as error:
            if isinstance(error, DineroNotFound) or error.code == DELETED_CODE:
                return None
            raise

    def _pdf(self, operation: Operation, guid: str, **values: object) -> bytes:
        return self.session.send(operation, {"guid": guid, **values}, accept=PDF).content


def check_stamped(model: str, body: Mapping[str, Any], timestamp: str | None = None) -> CheckedBody:
    """Return a checked body with a Timestamp.

    :param model: str
    :param body: mapping; its own Timestamp is left out
    :param timestamp: str or None; default none, not known yet
    """
    stamp = {"Timestamp": timestamp or "the latest"}
    if isinstance(body, CheckedBody) and body.model == model:
        return body | stamp
    checked: CheckedBody = check(
        model, {**{name: value for name, value in body.items() if name not in ("Timestamp", "TimeStamp")}, **stamp}
    )
    return checked


def both_versions(error: DineroStaleTimestamp, known: str, there: str) -> DineroStaleTimestamp:
    """Return the error with both versions, the one that you know and the present one.

    :param error: DineroStaleTimestamp, from Dinero's response
    :param known: str, the Timestamp that was sent
    :param there: str, the latest
    """
    told = f"Dinero refused the version {known}: somebody has changed the document, it now has version {there}."
    return DineroStaleTimestamp(
        told, error.advice, status=error.status, code=error.code, validation=error.validation, said=error.said
    )


def _found(read: Callable[[], Row]) -> Row | None:
    """Return the result of `read`, or None if nothing is found."""
    try:
        return read()
    except DineroNotFound:
        return None


def gone(read: Callable[[], Row]) -> bool | None:
    """Tell whether a document is gone: True, or None while it exists.

    :param read: callable that reads it
    """
    try:
        return bool(read().get("DeletedAt")) or None
    except DineroRefused as error:
        if isinstance(error, DineroNotFound) or error.code == DELETED_CODE:
            return True
        raise
