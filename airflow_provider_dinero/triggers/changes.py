"""Waits in the triggerer until something changed in Dinero. It only reads: writes run in workers."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_dinero.api.errors import DineroError, DineroTemporaryError
from airflow_provider_dinero.hooks.changes import look


class DineroChangesTrigger(BaseTrigger):
    """Looks every `poke_interval` seconds, in a thread, and fires when there is a change.

    Dinero: `GET /v1/{organizationId}/invoices` or `GET /v2/{organizationId}/contacts`, with `changesSince`.

    :param resource: str, invoices or contacts
    :param changes_since: str, an ISO 8601 instant
    :param include_deleted: bool, also deleted rows
    :param limit: int, how many Guids of each kind are listed
    :param dinero_conn_id: str
    :param organization_id: int, digits as str, or None for the connection's own
    :param poke_interval: float, seconds between two looks
    :param end_time: float, seconds since the epoch when it gives up: Airflow ends a trigger that is overdue, but not in
        `dag.test()`
    """

    def __init__(
        self,
        *,
        resource: str,
        changes_since: str,
        include_deleted: bool,
        limit: int,
        dinero_conn_id: str,
        organization_id: int | str | None,
        poke_interval: float,
        end_time: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.question: dict[str, Any] = {
            "resource": resource,
            "changes_since": changes_since,
            "include_deleted": include_deleted,
            "limit": limit,
            "dinero_conn_id": dinero_conn_id,
            "organization_id": organization_id,
        }
        self.poke_interval = poke_interval
        self.end_time = end_time

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return where this class is, and its arguments."""
        times = {"poke_interval": self.poke_interval, "end_time": self.end_time}
        return f"{__name__}.DineroChangesTrigger", {**self.question, **times}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is a change, an error that waiting can't help, or no time left."""
        while time.time() < self.end_time:
            # First, since the sensor has just looked, and since Airflow can fail a task whose trigger fires at once.
            await asyncio.sleep(self.poke_interval)
            try:
                found = await asyncio.to_thread(look, **self.question)
            except DineroTemporaryError as error:
                self.log.warning("%s The trigger goes on waiting.", error)
                continue
            except DineroError as error:
                found = {"count": 1, "error": str(error)}
            if found["count"]:
                yield TriggerEvent(found)  # type: ignore[no-untyped-call]
                return
        yield TriggerEvent({"timeout": True})  # type: ignore[no-untyped-call]
