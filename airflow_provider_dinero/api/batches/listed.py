"""Lists whose items don't depend on each other: contacts, products, payments. Four run at once, each once."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_dinero.api.batches.items import key_of, reading
from airflow_provider_dinero.api.batches.lanes import LANES, Lane, Lanes, SharedIntents
from airflow_provider_dinero.api.batches.report import Report
from airflow_provider_dinero.api.batches.run_context import FOR_ALL, MOST_TEMPORARY, RunContext
from airflow_provider_dinero.api.errors import DineroDryRun, DineroError, DineroInvalidBody, DineroTemporaryError
from airflow_provider_dinero.api.session import Session

Row = dict[str, Any]


@dataclass
class Entry:
    """An item of a list, and its outcome.

    :param told: dict, its row in the report, which starts with Item and Key
    :param key: identifies it; two entries with the same key never run at once
    :param content: what to write, as `read` has checked it
    :param error: DineroError or None, why it failed
    """

    told: Row
    key: object = None
    content: Any = None
    error: DineroError | None = None


class ListedRun(ABC):
    """One run of a list.

    :param session: Session
    :param context: RunContext
    """

    def __init__(self, session: Session, context: RunContext) -> None:
        self._session = session
        self._context = context
        self._report = Report(context.sink)
        self._temporary = 0

    @abstractmethod
    def read(self, given: Any) -> Entry:
        """Return an item, checked.

        :raises DineroInvalidBody: the item is invalid; nothing was sent
        """

    @abstractmethod
    def prepare(self, entries: Sequence[Entry]) -> None:
        """Read what exists in Dinero, for all items."""

    @abstractmethod
    def do(self, lane: Lane, entry: Entry) -> None:
        """Process an item, and complete its row."""

    def perform(self, items: Iterable[Any]) -> Row:
        """Process all items, and return the counts.

        :param items: iterable of mappings, or of their JSON
        :raises DineroItemsFailed: some items failed; the others succeeded
        """
        entries = [self._checked(index, given) for index, given in enumerate(items)]
        self.prepare([each for each in entries if each.error is None])
        lanes = Lanes(self._session, SharedIntents(self._session.intents))
        try:
            for some in _waves(entries):
                ready = [each for each in some if each.error is None]
                for entry, raised in zip(ready, lanes.each(ready, self.do), strict=True):
                    self._note(entry, raised)
                for entry in some:
                    self._tell(entry)
                self._context.progress(sum(self._report.counts.values()), len(entries))
        finally:
            lanes.end()
        self._report.raise_failed()
        return self._report.summary()

    def _checked(self, index: int, given: Any) -> Entry:
        told: Row = {"Item": index + 1}
        try:
            with reading():
                entry = self.read(given)
        except DineroInvalidBody as error:
            if self._context.stop:
                raise DineroInvalidBody(f"Item {index + 1}: {error}", "Nothing was sent.") from error
            return Entry(told | key_of(given), error=error)
        entry.told = told | entry.told
        return entry

    def _note(self, entry: Entry, error: Exception | None) -> None:
        """Record the outcome of an item.

        :raises DineroError: other items would fail too, too many temporary errors came in a row, or `stop` is set
        """
        if error is None:
            return
        if isinstance(error, DineroDryRun):
            entry.told |= {"Change": "created" if error.operation.startswith("POST") else "updated", **error.known}
            return
        if isinstance(error, DineroError) and not isinstance(error, FOR_ALL):
            entry.error = error
            self._temporary = self._temporary + 1 if isinstance(error, DineroTemporaryError) else 0
            if not self._context.stop and self._temporary < MOST_TEMPORARY:
                return
        raise error

    def _tell(self, entry: Entry) -> None:
        if entry.error is None:
            self._report.add(entry.told)
        else:
            self._report.fail(entry.told, entry.error)


def _waves(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield up to four entries at a time, no two of them with the same key."""
    some: list[Entry] = []
    for entry in entries:
        if len(some) == LANES or any(each.key == entry.key for each in some if entry.key is not None):
            yield some
            some = []
        some.append(entry)
    if some:
        yield some
