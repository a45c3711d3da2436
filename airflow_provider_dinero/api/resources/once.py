"""How to do a write once, even if responses are lost."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from airflow_provider_dinero.api.bodies.comparison import differences
from airflow_provider_dinero.api.errors import (
    DineroConflict,
    DineroError,
    DineroNotFound,
    DineroOutcomeUnknown,
    DineroRefused,
    DineroUnauthorized,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.api.http.connection import unknown
from airflow_provider_dinero.api.lists.changes import as_utc
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.session import Session

log = logging.getLogger(__name__)

T = TypeVar("T")

# Two objects created this close together may be one write that arrived twice.
TWICE = timedelta(minutes=1)
# Seconds between the lookups of a write whose response is lost; the first lookup is immediate.
LOOK_AGAIN = (5.0, 15.0, 40.0)
NOTHING_SEEN = "the response was empty, and Dinero shows no result"


class Once:
    """Searches for the writes of a session.

    :param session: Session
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def _once(
        self,
        name: str,
        find: Callable[[], T | None],
        send: Callable[[], T],
        *,
        sure: bool = True,
        confirm: bool = False,
        new: bool = False,
    ) -> tuple[T, str]:
        """Do a bare write unless it is done: search, record the intent, send, and search again if the response is lost.

        :param name: str, the write
        :param find: callable that returns the result of the write, or None
        :param send: callable that does the write
        :param sure: bool, whether `find` is reliable after a while; if it isn't, a write that was started and can't be
            found is never sent again
        :param confirm: bool, whether the response is empty, so that a request must confirm the write; default False
        :param new: bool, whether its object is so new that nobody else can have done the write: no first search, unless
            a try was started; default False
        :return: the result, and created or unchanged; the result of our own earlier try counts as created
        :raises DineroOutcomeUnknown: the response was lost, and no result shows up
        """
        session = self.session
        with session.lock.hold(name) as held:

            def end() -> None:
                session.intents.end(name)
                held.leave("")

            # A write that was started and never ended may still be under way: wait for the server. The lock covers
            # writes of other tasks.
            own = session.intents.begun(name)
            begun = own or bool(held.note)
            found = self._look(find) if begun else None if new else find()
            if found is not None:
                end()
                return found, "created" if own else "unchanged"
            if begun and not sure:
                raise DineroOutcomeUnknown(
                    f"{name} may or may not have been done: a try was interrupted, and Dinero shows no result.",
                    "Check in Dinero. If it is not there, run the task with another generation.",
                )
            session.intents.begin(name)
            held.leave("begun")
            try:
                sent = send()
            except (DineroOutcomeUnknown, LookupError, TypeError, AttributeError) as error:
                found = self._look(find)
                if found is None:
                    if isinstance(error, DineroOutcomeUnknown):
                        raise
                    raise unknown(name, "its response doesn't have the documented form") from error
                sent = found
            except DineroError as error:
                if not (error.lost and isinstance(error, DineroUnexpectedAnswer)):  # refused, or never sent
                    end()
                raise
            else:
                seen = self._look(find) if confirm else sent
                if seen is None:
                    raise unknown(name, NOTHING_SEEN)
                sent = sent or seen
            end()
            return sent, "created"

    def _settled(
        self, send: Callable[[], T], look: Callable[[], T | None], *, operation: Operation, harmless: bool = True
    ) -> T:
        """Do a write that may be repeated; if its outcome is unknown, look it up.

        :param send: callable that does the write
        :param look: callable that returns what `send` would have returned if the write is done, else None
        :param operation: Operation, named in the error
        :param harmless: bool, whether repeating it later changes nothing; if not, a lost response is an unknown outcome
        :raises DineroOutcomeUnknown: the outcome can't be found out
        """
        try:
            return send()
        except DineroConflict:
            raise
        except DineroError as error:
            refused = isinstance(error, DineroRefused) and not isinstance(error, DineroUnauthorized)
            # A refused write may already be done, by an earlier call; but not a new document, nor a missing one.
            new = operation.repeat is Repeat.KEYED and operation.method == "POST"
            if not error.lost and (not refused or not harmless or new or isinstance(error, DineroNotFound)):
                raise
            found = self._seen(look, patient=not refused and not harmless)
            if found is not None:
                return found
            if refused or harmless:
                raise
            raise unknown(operation, "the response was lost, and Dinero shows no result") from error

    def _seen(self, look: Callable[[], T | None], *, patient: bool) -> T | None:
        try:
            return self._look(look) if patient else look()
        except DineroConflict:
            raise
        except DineroError:  # the lookup gets no response either
            return None

    def _older(self, name: str, made: list[dict[str, Any]], wanted: Mapping[str, Any], at: str) -> Any:
        """Return the oldest of several objects that are one write of ours, sent twice by something in between.

        They are one write if everything that we sent is equal in each, they were created within a minute, and our
        intent is open, which the caller checks.

        :param name: str, the write
        :param made: list of dicts, the existing objects
        :param wanted: mapping, the checked body
        :param at: str, the property with the time of creation
        :return: dict, or None if they are different writes
        """
        made = sorted(made, key=lambda each: str(each[at]))
        if any(differences(wanted, each) for each in made):
            return None
        if as_utc(str(made[-1][at])) - as_utc(str(made[0][at])) > TWICE:
            return None
        log.warning("%s arrived twice at Dinero: %s; using the first one", name, " and ".join(map(_guid, made)))
        return made[0]

    def _look(self, find: Callable[[], T | None]) -> T | None:
        """Search for the result of a write whose response is lost: now, and again after giving the server time."""
        found = find()
        for seconds in self.session.look_again:
            if found is not None:
                break
            self.session.sleep(seconds)
            found = find()
        return found


def _guid(row: Mapping[str, Any]) -> str:
    return next(str(value) for name, value in row.items() if name.endswith("Guid"))
