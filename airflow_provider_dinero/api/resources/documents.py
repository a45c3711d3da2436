"""Documents: created as a draft, with a Timestamp, and then booked."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from airflow_provider_dinero.api.bodies import comparison
from airflow_provider_dinero.api.bodies.idempotency import DefaultReference
from airflow_provider_dinero.api.bodies.totals import ExpectedTotal
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
from airflow_provider_dinero.api.lists.changes import as_utc
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource, Row
from airflow_provider_dinero.api.resources.versions import (
    DELETED_CODE,
    both_versions,
    check_stamped,
    gone,
    without_year,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

DRAFTS = ("Draft", "Editing")
# The MailOutStatus of documents that no customer has seen; only trade offers are sent as drafts.
UNSENT = (None, "", "NotSent", "Failed")
PDF = FILE


@dataclass(frozen=True)
class OwnDraft:
    """How to recognize a draft as the caller's own: created earlier with the same key, and untouched by anybody else.

    Such a draft may be updated to the new content of the key: its booking was refused, or never started. A booking that
    is still in progress has the old Timestamp, and is refused.

    :param before: datetime, the start of the caller's run: anything written later was written by another task of that
        run
    :param last_write: callable that returns the TimeStamp or UpdatedAt of the caller's own last write, or None if it
        wasn't recorded; default None
    """

    before: datetime
    last_write: Callable[[], str | None] = lambda: None


class Documents(Resource, ABC):
    """What invoices, credit notes, trade offers and vouchers have in common."""

    # The name of the Timestamp in responses for this kind of document; bodies say Timestamp.
    STAMP: ClassVar[str] = "TimeStamp"
    NUMBER: ClassVar[str] = "Number"
    # Whether its responses have UpdatedAt. Otherwise a draft is recognized by a note of its Timestamp and Guid.
    HAS_TIMES: ClassVar[bool] = True
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

    def _create(
        self,
        operation: Operation,
        body: Mapping[str, Any],
        name: str = "Guid",
        *,
        inherited: Collection[str] = (),
        expected: ExpectedTotal | None = None,
        own_draft: OwnDraft | None = None,
        update: Callable[..., Row] | None = None,
    ) -> Row:
        """Create a draft with a Guid of our own; if it exists with the same content, return the whole document.

        If the caller has a record of its own write, the document is read first: the create would only be refused.

        :param inherited: names of properties that the author didn't set; they aren't compared
        :param expected: ExpectedTotal, for which an earlier try may have added a rounding line; default none
        :param own_draft: OwnDraft, how to recognize a draft of ours with other content, which is then updated; default
            none
        :param update: callable that updates it, like the resource's own `update`
        :return: dict with Change: created, unchanged, or updated
        """
        if isinstance(body, Mapping) and isinstance(body.get("ExternalReference"), DefaultReference):
            inherited = [*inherited, "ExternalReference"]
        wanted = check(operation.body or "", body)
        chosen = not wanted.get(name)  # a retry wouldn't know a Guid that we choose
        wanted[name] = guid = wanted.get(name) or uuid4()
        what = f"{self.WHAT} {guid}"

        def there() -> Row:
            existing = self.get(str(guid))
            compared: Mapping[str, Any] = {
                each: existing.get(each) if each in inherited else value for each, value in wanted.items()
            }
            if expected is not None:
                compared = expected.rounded_before(compared, existing)
            return self._kept(what, compared, existing, wanted.without(name), own_draft, update)

        def send() -> Row:
            try:
                made = {**self._object(operation, body=wanted), "Change": "created"}
            except DineroDuplicate:
                pass  # the existing document is read outside, so that a difference is the only error shown
            else:
                if own_draft:
                    self._note_draft(str(guid), made)
                return made
            return there()

        known = _found(there) if own_draft and own_draft.last_write() else None
        return known or self._settled(send, lambda: _found(there), operation=operation, harmless=not chosen)

    def _kept(
        self,
        what: str,
        compared: Mapping[str, Any],
        existing: Row,
        content: Mapping[str, Any],
        own_draft: OwnDraft | None,
        update: Callable[..., Row] | None,
    ) -> Row:
        """Return an existing document if it has the wanted content; update a draft of ours to its new content.

        :param what: str, the name of the document in the error
        :param compared: mapping, the properties that it must have
        :param existing: dict, the document
        :param content: mapping, the content to which a draft of ours is updated
        :return: dict with Change: unchanged or updated
        :raises DineroConflict: it has other content, and isn't a draft of ours
        """
        is_draft = existing.get("Status") in DRAFTS and not existing.get("DeletedAt")  # a contact has no Status
        if own_draft and update and is_draft and existing.get("MailOutStatus") in UNSENT:
            found = comparison.differences(compared, existing)
            if found and self._is_ours(existing, own_draft):
                return self._bring(update, content, existing, found)
        comparison.require_same(what, compared, existing)
        return {**existing, "Change": "unchanged"}

    def _is_ours(self, existing: Row, own: OwnDraft) -> bool:
        """Tell whether a draft is as our own last write left it, and no other task of the caller's run has made it."""
        stamp, written = str(existing[self.STAMP]), existing.get("UpdatedAt")
        if (last := own.last_write()) and last in (stamp, written):
            return True
        noted, at, guid = self._noted(self._name(existing))
        if not self.HAS_TIMES:
            return noted == stamp and bool(guid) and as_utc(at) < own.before
        return as_utc(str(written)) < own.before and (noted == stamp or written == existing["CreatedAt"])

    def _name(self, document: Mapping[str, Any]) -> str:
        """Return the key of a document in the notes: its Guid."""
        return str(document["Guid"]).lower()

    def _noted(self, name: str) -> tuple[str, str, str]:
        """Return the recorded Timestamp, time and Guid of a draft; empty texts if there are none."""
        with self.session.lock.hold(self._key(name)) as held:
            stamp, _, rest = held.note.partition(" ")
        at, _, guid = rest.partition(" ")
        return stamp, at, guid if comparison.GUID.fullmatch(guid) else ""

    def _note_draft(self, name: str, made: Mapping[str, Any]) -> None:
        """Record a new draft, if Dinero doesn't show when it was written."""
        if not self.HAS_TIMES:
            with self.session.lock.hold(self._key(name)) as held:
                held.leave(self._note_of(made))

    def _note_of(self, written: Mapping[str, Any]) -> str:
        stamp = written.get(self.STAMP) or written["TimeStamp"]
        return f"{stamp} {datetime.now(UTC).isoformat()} {written['Guid']}"

    def _bring(
        self,
        update: Callable[..., Row],
        content: Mapping[str, Any],
        existing: Row,
        found: Mapping[str, tuple[Any, Any]],
    ) -> Row:
        """Bring a draft of ours to what its key says now."""
        guid = str(existing["Guid"])
        with self.session.lock.hold(self._key(self._name(existing))) as held:
            try:
                updated = update(guid, content, timestamp=str(existing[self.STAMP]))
            except DineroStaleTimestamp as error:
                raise DineroConflict(
                    f"{self.WHAT} {guid} exists with other content, and somebody has changed it just now.",
                    "Do two tasks run with one idempotency key?",
                ) from error
            held.leave(self._note_of(updated))
        # Only the names: the values may be somebody's name or address.
        log.info("%s %s was still a draft, and was updated to its new content: %s", self.WHAT, guid, ", ".join(found))
        return {**updated, "Change": "updated"}

    def _key(self, name: str) -> str:
        return f"{self.session.organization_id}/{self.WHAT}/{name}"

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

    def _delete(self, operation: Operation, guid: str, timestamp: str | None, *, required: bool = False) -> Row:
        """Delete a document; without a Timestamp, whatever its version.

        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        if required and timestamp is None:
            timestamp = self._latest(guid)
        body: Row = {} if timestamp is None else {"Timestamp": timestamp}

        def send() -> str:
            self._sent(operation, {"guid": guid}, body=body)
            return "deleted"

        def look() -> str | None:
            return "unchanged" if gone(lambda: self.get(guid)) else None

        try:
            change = self._settled(send, look, operation=operation)
        except DineroStaleTimestamp as error:
            raise both_versions(error, str(timestamp), self._latest(guid)) from error
        return {"Guid": guid, "Change": change}

    def _book(
        self,
        operation: Operation,
        guid: str,
        timestamp: str | None,
        number: int | None,
        expected: ExpectedTotal | None = None,
    ) -> Row:
        """Book a draft; a booked document is returned unchanged.

        :param expected: ExpectedTotal or None, the total that it must have; default None
        """
        if timestamp is None or expected is not None:
            document = self._expected(guid, expected)
            if document["Status"] not in DRAFTS:
                return self._numbered(document, number)
            try:
                return self._booked(operation, guid, timestamp or str(document[self.STAMP]), number)
            except DineroStaleTimestamp:  # changed just now; without a Timestamp, any version will do
                if timestamp is not None:
                    raise
            timestamp = str(self._expected(guid, expected)[self.STAMP])
        return self._booked(operation, guid, timestamp, number)

    def _booked(self, operation: Operation, guid: str, timestamp: str, number: int | None) -> Row:
        booked, ours = self._book_version(operation, guid, timestamp, number)
        return {**booked, "Change": "updated" if ours else "unchanged"}

    def _expected(self, guid: str, expected: ExpectedTotal | None) -> Row:
        """Return a document, after checking its total."""
        document = self.get(guid)
        if expected is not None:
            expected.require(self._named(document), document)
        return document

    def _named(self, document: Row) -> str:
        return f"{self.WHAT} {document['Guid']}"

    def _book_version(self, operation: Operation, guid: str, timestamp: str, number: int | None) -> tuple[Row, bool]:
        """Book a draft, and tell whether this call did it."""
        body = {"Timestamp": timestamp} | ({} if number is None else {"Number": number})
        try:
            return self._object(operation, {"guid": guid}, body=body), True
        except DineroNotFound as error:
            raise without_year(error, lambda: self.get(guid)) from error
        except (DineroStaleTimestamp, DineroInvalidRequest, DineroUnexpectedAnswer) as error:
            # Is it stale or refused because it is booked? By us, before a lost response, or by somebody else.
            document = self.get(guid)
            if document["Status"] in DRAFTS:
                if isinstance(error, DineroStaleTimestamp):
                    raise both_versions(error, timestamp, document[self.STAMP]) from error
                raise
            told = (self.WHAT, guid, document[self.NUMBER], type(error).__name__)
            log.info("%s %s was already booked, as %s (%s)", *told)
            return self._numbered(document, number), False

    def _numbered(self, document: Row, number: int | None) -> Row:
        """Return a booked document, after checking that it has the requested number."""
        if number is not None and document[self.NUMBER] != number:
            raise DineroConflict(
                f"{self.WHAT} {document['Guid']} is booked as {document[self.NUMBER]}, but you asked for {number}.",
                "A booked document keeps its number: leave the number out, or credit the document.",
            )
        return {**document, "Change": "unchanged"}

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


def _found(read: Callable[[], Row]) -> Row | None:
    """Return the result of `read`, or None if nothing is found."""
    try:
        return read()
    except DineroNotFound:
        return None
