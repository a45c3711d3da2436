"""What the resources share: a client, lists, and the wait for a look-up."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from airflow_provider_dinero.api.bodies import as_list
from airflow_provider_dinero.api.changes import as_utc, changes_since
from airflow_provider_dinero.api.errors import DineroError, DineroOutcomeUnknown
from airflow_provider_dinero.api.filters import Condition, query_filter
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.paging import rows

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

P = ParamSpec("P")
T = TypeVar("T")


class Resource:
    """A resource of one client."""

    def __init__(self, client: "DineroClient") -> None:
        self.client = client

    def _list(
        self,
        operation: Operation,
        key: str,
        fields: Collection[str],
        *,
        filters: Iterable[Condition] = (),
        filterable: Collection[str] = (),
        since: datetime | str | None = None,
        deleted_only: bool = False,
        note_date: Callable[[str | None], None] = lambda date: None,
        **query: str | None,
    ) -> Iterator[dict[str, Any]]:
        """Return the rows of a list; arguments are checked now, requests are sent while it is iterated."""
        with self.client.guard():
            names = as_list(fields)
            if key not in names:
                names.append(key)
            query |= {
                "fields": ",".join(names),
                "queryFilter": query_filter(filters, filterable),
                "changesSince": None if since is None else changes_since(as_utc(since)),
                "deletedOnly": "true" if deleted_only else None,
            }

        def page(place: dict[str, str]) -> Any:
            answer = self.client.send(operation, query={**query, **place})
            if place["page"] == "0":
                note_date(answer.headers.get("Date"))
            return self.client.decoded(operation, answer)

        return self._guarded_rows(page, key)

    def _guarded_rows(self, page: Callable[[dict[str, str]], Any], key: str) -> Iterator[dict[str, Any]]:
        with self.client.guard():
            yield from rows(page, key)

    def _once(self, name: str, find: Callable[[], T | None], send: Callable[[], T]) -> tuple[T, str]:
        """Do a bare write unless it is there: look, note the intent, send, and look again when the answer is lost.

        :param name: str, the write
        :param find: callable that returns what the write leaves behind, or None
        :param send: callable that does the write
        :return: what is there, and created or unchanged
        :raises DineroOutcomeUnknown: the answer was lost, and nothing is to be seen
        """
        client = self.client
        with client.lock.hold(name):
            # One that was begun and never ended may still be under way: it gets the server's time.
            found = self._look(find) if client.intents.begun(name) else find()
            if found is not None:
                client.intents.end(name)
                return found, "unchanged"
            client.intents.begin(name)
            try:
                sent = send()
            except DineroOutcomeUnknown:
                found = self._look(find)
                if found is None:
                    raise
                sent = found
            except DineroError:  # refused, or never sent
                client.intents.end(name)
                raise
            client.intents.end(name)
            return sent, "created"

    def _look(self, find: Callable[[], T | None]) -> T | None:
        """Look for what a write with a lost answer may have done: now, and again after the server had its time."""
        found = find()
        for seconds in self.client.look_again:
            if found is not None:
                break
            self.client.sleep(seconds)
            found = find()
        return found


S = TypeVar("S", bound=Resource)


def guarded(function: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let the client's surroundings see the errors of a method that does more than one request."""

    @wraps(function)
    def guard(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.client.guard():
            return function(self, *args, **kwargs)

    return guard
