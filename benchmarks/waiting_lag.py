"""A trigger that measures how late the triggerer's event loop is."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

STEP = 0.01


class LagTrigger(BaseTrigger):
    """Sleeps for 10 ms again and again, and records by how much each sleep was longer.

    :param path: str, the file: a list of `[time, seconds late]`
    """

    def __init__(self, path: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.path = path

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of this class, and its arguments."""
        return "waiting_lag.LagTrigger", {"path": self.path}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Measure for ever."""
        found: list[tuple[float, float]] = []
        written = time.monotonic()
        while True:
            began = time.monotonic()
            await asyncio.sleep(STEP)
            found.append((time.time(), time.monotonic() - began - STEP))
            if time.monotonic() - written > 5:
                written = time.monotonic()
                new = Path(f"{self.path}.new")
                new.write_text(json.dumps(found))
                new.rename(self.path)
        yield TriggerEvent(None)
