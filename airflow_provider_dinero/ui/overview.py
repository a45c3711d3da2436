"""What the page shows besides the connections: allowances, waiting tasks, watermarks, mirrors.

It reads only Airflow's database and the place where the workers keep their allowance. It sends nothing to Dinero, and
opens no connection to a warehouse.
"""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from airflow.models import DagModel, TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import func, select

from airflow_provider_dinero.adapters.deadline import within
from airflow_provider_dinero.adapters.settings import coordination_url
from airflow_provider_dinero.api.errors import DineroError
from airflow_provider_dinero.api.ports import EVERYWHERE
from airflow_provider_dinero.consent.connections import find
from airflow_provider_dinero.consent.watermarks import StoredWatermark, stored_watermarks

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

MIRROR = "DineroToSqlOperator"
# The size of the chart, in the units of its view box.
STEP, BAR, HEIGHT = 10, 8, 60
SECONDS = 10.0  # the time limit for the allowances of all connections together
SLOW = "The records of this allowance weren't read: it takes too long to read them, or those of another one."
DAMAGED = "The records of this allowance are damaged, or somebody else's: check coordination_url."
WAY_OUT = (
    "If you have workers on other hosts, they have their own allowance. To see and share one, set `[dinero] "
    "coordination_url` to a Redis server."
)


class Bar(NamedTuple):
    """A segment of a column of the chart."""

    kind: str
    x: int
    y: float
    height: float


class Waiting(NamedTuple):
    """A task that waits for its turn; its name is empty if the user may not read its DAG."""

    who: str
    until: datetime


@dataclass(frozen=True)
class Allowance:
    """The allowance of a connection's organization over the last hour.

    :param per_minute: int, the allowance
    :param hour: list of (requests, how many of them had to wait, how many were put off), one for each minute
    :param waiting: list of Waiting, the next in turn first
    :param note: str, what is missing here, and why; empty if nothing is
    """

    per_minute: int = 0
    hour: list[tuple[int, int, int]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    note: str = ""

    @property
    def totals(self) -> tuple[int, int, int]:
        """The numbers of requests in the whole hour, of those that had to wait, and of those put off."""
        return (
            sum(each[0] for each in self.hour),
            sum(each[1] for each in self.hour),
            sum(each[2] for each in self.hour),
        )

    @property
    def highest(self) -> int:
        """The value at the top of the chart."""
        return max([self.per_minute, *(used + put_off for used, _, put_off in self.hour)])

    @property
    def limit_at(self) -> float:
        """The distance of the allowance line from the top of the chart."""
        return round(HEIGHT * (1 - self.per_minute / self.highest), 1)

    @property
    def bars(self) -> list[Bar]:
        """The segments of the chart's columns."""
        found = []
        for number, (used, waited, put_off) in enumerate(self.hour):
            y = float(HEIGHT)
            for kind, count in (("used", used - waited), ("waited", waited), ("off", put_off)):
                if count:
                    height = round(max(1.5, HEIGHT * count / self.highest), 1)
                    y = round(y - height, 1)
                    found.append(Bar(kind, number * STEP, y, height))
        return found


class Overview:
    """What a user may see.

    :param readable: set of str, the DAGs that the user may read
    """

    def __init__(self, readable: set[str]) -> None:
        self._readable = readable
        with create_session() as session:
            self._all = readable >= set(session.scalars(select(DagModel.dag_id)))
        self._gone: dict[str, str] = {}  # errors by place, to try each unreachable place only once

    def allowances(self, conn_ids: Iterable[str]) -> dict[str, Allowance]:
        """Return the allowance of each connection that is complete.

        :param conn_ids: iterable of str
        """
        found: dict[str, Allowance] = {}
        until = time.monotonic() + SECONDS
        for conn_id in conn_ids:
            try:
                each = within(max(0.0, until - time.monotonic()), partial(self._allowance, conn_id))
            except TimeoutError:
                each = Allowance(note=SLOW)
            if each is not None:
                found[conn_id] = each
        return found

    def marks(self) -> list[StoredWatermark]:
        """Return the watermarks of consumers in DAGs that the user may read, or all if that is every DAG."""
        return [each for each in stored_watermarks() if self._all or self._readable.intersection(each.dag_ids)]

    def mirrors(self) -> list[tuple[str, str, datetime]]:
        """Return the DAG, task and last sync of each SQL mirror that the user may read, oldest first."""
        last = func.max(TaskInstance.end_date)
        query = (
            select(TaskInstance.dag_id, TaskInstance.task_id, last)
            .where(TaskInstance.operator == MIRROR, TaskInstance.state == "success")
            .group_by(TaskInstance.dag_id, TaskInstance.task_id)
            .order_by(last)
        )
        with create_session() as session:
            rows = session.execute(query).all()
        return [(dag_id, task_id, at) for dag_id, task_id, at in rows if at and (self._all or dag_id in self._readable)]

    def _allowance(self, conn_id: str) -> Allowance | None:
        try:
            found = find(conn_id)
            found.require_in_database()
            client, where = found.client(), coordination_url(found.extra)
        except DineroError:  # the connection's own card shows the error
            return None
        if where in self._gone:
            return Allowance(client.requests_per_minute, note=self._gone[where])
        now = datetime.now(UTC).timestamp()
        try:
            usage = client.pace.usage()
            hour = usage.hour(now)
            waiting = [
                Waiting(self._named(who), datetime.fromtimestamp(end, UTC))
                for who, end in usage.still_waiting(now).items()
            ]
            note = _not_shared(client, any(map(any, hour)))
        except DineroError as error:
            self._gone[where] = str(error)
            return Allowance(client.requests_per_minute, note=str(error))
        except (ValueError, TypeError, OverflowError, OSError, RecursionError):  # must not affect other connections
            return Allowance(client.requests_per_minute, note=DAMAGED)
        return Allowance(client.requests_per_minute, hour, waiting, note)

    def _named(self, who: str) -> str:
        return who if self._all or who.partition("/")[0] in self._readable else ""


def _not_shared(client: "DineroClient", is_used: bool) -> str:
    """Return a note with the place of the workers' allowance, if it isn't, or may not be, the one read here."""
    with client.lock.try_hold(f"page/{uuid.uuid4()}") as held:
        here = held.place if held else EVERYWHERE
    token = client.tokens.stored()
    theirs = token.place if token else ""
    if theirs and here != theirs and EVERYWHERE not in {here, theirs}:
        return f"This API server doesn't share the allowance of the workers, which is on {theirs}. {WAY_OUT}"
    if here == EVERYWHERE or is_used:
        return ""
    return f"This host knows of no request to this organization in the last hour. {WAY_OUT}"
