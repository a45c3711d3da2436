"""The request limit: a sliding window of 60 seconds per (client, organization)."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime

WINDOW_SECONDS = 60


class Limiter:
    """Counts the requests that were admitted.

    :param clock: returns the current time
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._admitted: defaultdict[tuple[str, int | None], deque[float]] = defaultdict(deque)

    def admit(self, client_id: str, organization: int | None, limit: int) -> int | None:
        """Admit a request, or return the whole seconds until it may be sent again.

        Undocumented: a rejected request doesn't count, so waiting for Retry-After always helps; requests without
        an organization (organizations, countries) share one window per client.
        """
        now = self._clock().timestamp()
        admitted = self._admitted[client_id, organization]
        while admitted and admitted[0] <= now - WINDOW_SECONDS:
            admitted.popleft()
        if len(admitted) >= limit:
            return max(1, math.ceil(admitted[0] + WINDOW_SECONDS - now))
        admitted.append(now)
        return None

    def used(self) -> dict[tuple[str, int | None], int]:
        """Return the number of requests in the last minute, by client and organization."""
        since = self._clock().timestamp() - WINDOW_SECONDS
        counts = {key: sum(at > since for at in admitted) for key, admitted in self._admitted.items()}
        return {key: count for key, count in counts.items() if count}

    def reset(self) -> None:
        """Clear all windows."""
        self._admitted.clear()
