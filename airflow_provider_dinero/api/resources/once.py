"""How a write is done once, although answers get lost."""

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

# Two that were made so near to each other may be one write that came twice.
TWICE = timedelta(minutes=1)
# Seconds between the looks for a write whose response is lost; the first look comes at once.
LOOK_AGAIN = (5.0, 15.0, 40.0)
NOTHING_SEEN = "a success without content, and nothing of it is to be seen"


class Once:
    """What looks for the writes of a session.

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
        """Do a bare write unless it is there: look, note the intent, send, and look again when the answer is lost.

        :param name: str, the write
        :param find: callable that returns what the write leaves behind, or None
        :param send: callable that does the write
        :param sure: bool, what `find` doesn't see after a while isn't there; else a write that was begun and is not to
            be seen is never sent again
        :param confirm: bool, the answer says nothing: look whether the write is in, which takes a request; default
            False
        :param new: bool, what it is done to is so new that nobody can have done it: no first look, unless a try of it
            was begun; default False
        :return: what is there, and created or unchanged: what a try of ours began, whose answer was lost, is created
        :raises DineroOutcomeUnknown: the answer was lost, and nothing is to be seen
        """
        session = self.session
        with session.lock.hold(name) as held:

            def end() -> None:
                session.intents.end(name)
                held.leave("")

            # One that was begun and never ended may still be under way: it gets the server's time. The lock tells of
            # those of other tasks.
            own = session.intents.begun(name)
            begun = own or bool(held.note)
            found = self._look(find) if begun else None if new else find()
            if found is not None:
                end()
                return found, "created" if own else "unchanged"
            if begun and not sure:
                raise DineroOutcomeUnknown(
                    f"{name} may or may not have been done: a try of it was cut off, and Dinero shows nothing of it.",
                    "Look in Dinero. If it is not there, run the task with another generation.",
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
                    raise unknown(name, "its answer has another form than is documented") from error
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
        """Do a write that may be repeated; where it isn't known how it went, look whether it is in.

        :param send: callable that does the write
        :param look: callable that returns what `send` would have, once the write is in; else None
        :param operation: Operation, named in the error
        :param harmless: bool, doing it again later changes nothing; else an end without an answer is unknown
        :raises DineroOutcomeUnknown: it can't be told
        """
        try:
            return send()
        except DineroConflict:
            raise
        except DineroError as error:
            refused = isinstance(error, DineroRefused) and not isinstance(error, DineroUnauthorized)
            # What is refused may be in already, by an earlier call. A new document can't be, nor one that isn't there.
            new = operation.repeat is Repeat.KEYED and operation.method == "POST"
            if not error.lost and (not refused or not harmless or new or isinstance(error, DineroNotFound)):
                raise
            found = self._seen(look, patient=not refused and not harmless)
            if found is not None:
                return found
            if refused or harmless:
                raise
            raise unknown(operation, "its answer was lost, and nothing of it is to be seen") from error

    def _seen(self, look: Callable[[], T | None], *, patient: bool) -> T | None:
        try:
            return self._look(look) if patient else look()
        except DineroConflict:
            raise
        except DineroError:  # nobody answers the look either
            return None

    def _older(self, name: str, made: list[dict[str, Any]], wanted: Mapping[str, Any], at: str) -> Any:
        """Return the oldest of several that are one write of ours, which somebody on the way has sent twice.

        They are one when all that we sent is equal in each, they were made within a minute, and our intent is open,
        which the caller sees to.

        :param name: str, the write
        :param made: list of dicts, what is there
        :param wanted: mapping, the checked body
        :param at: str, the property that tells when one was made
        :return: dict, or None where they are several
        """
        made = sorted(made, key=lambda each: str(each[at]))
        if any(differences(wanted, each) for each in made):
            return None
        if as_utc(str(made[-1][at])) - as_utc(str(made[0][at])) > TWICE:
            return None
        log.warning("%s came twice at Dinero: %s; the first one is taken", name, " and ".join(map(_guid, made)))
        return made[0]

    def _look(self, find: Callable[[], T | None]) -> T | None:
        """Look for what a write with a lost answer may have done: now, and again after the server had its time."""
        found = find()
        for seconds in self.session.look_again:
            if found is not None:
                break
            self.session.sleep(seconds)
            found = find()
        return found


def _guid(row: Mapping[str, Any]) -> str:
    return next(str(value) for name, value in row.items() if name.endswith("Guid"))
