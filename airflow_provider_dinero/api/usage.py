"""The use of an allowance in the last hour, minute by minute, and who waits for it now."""

import json
import struct
from array import array
from dataclasses import dataclass, field

MINUTES = 60
# How far ahead slots are reserved, in minutes; they are used when their minute comes.
AHEAD = 61
MOST_WAITING = 100
LONGEST_WHO = 300
# What precedes the data in a file; older builds leave something else there.
MAGIC = b"use1"
HEAD = struct.Struct("<4sII")
FIELDS = 4


@dataclass
class Usage:
    """The use of an allowance.

    :param counts: array of unsigned int, four for each minute with any use: the minute since 1970; its requests; how
        many of them had to wait; how many were put off because their slot was too far ahead
    :param waiting: dict of who waits, to the end of the wait in seconds since the epoch
    """

    counts: "array[int]" = field(default_factory=lambda: array("I"))
    waiting: dict[str, float] = field(default_factory=dict)

    def note(self, now: float, at: float, within: float, who: str) -> None:
        """Record that somebody requested a slot.

        :param now: float, seconds since the epoch
        :param at: float, the slot
        :param within: float, as `Budget.reserve` takes it
        :param who: str, who requested it; empty if unknown
        """
        if within < 0:
            return
        waits, given = at > now, at - now <= within
        place = self._place(int((at if given else now) // 60), now)
        self.counts[place + 1] += given
        self.counts[place + 2] += given and waits
        self.counts[place + 3] += not given
        if self.waiting:
            self.waiting = {each: end for each, end in self.waiting.items() if end > now}
        if who and given and waits and (who in self.waiting or len(self.waiting) < MOST_WAITING):
            self.waiting[who[:LONGEST_WHO]] = at

    def _place(self, minute: int, now: float) -> int:
        """Return the position of a minute's counts; counts of minutes that are over, or impossible, are dropped."""
        counts, this = self.counts, int(now // 60)
        while counts and not this - MINUTES < counts[0] <= this + AHEAD:
            del counts[:FIELDS]
        for place in range(len(counts) - FIELDS, -1, -FIELDS):
            if counts[place] == minute:
                return place
        if len(counts) > FIELDS * 2 * (MINUTES + AHEAD):  # the file was damaged
            del counts[:]
        counts.extend((minute, 0, 0, 0))
        return len(counts) - FIELDS

    def hour(self, now: float) -> list[tuple[int, int, int]]:
        """Return the last 60 minutes, the latest last: requests, how many had waited, and how many were put off.

        :param now: float, seconds since the epoch
        """
        known = {
            self.counts[each]: self.counts[each + 1 : each + FIELDS] for each in range(0, len(self.counts), FIELDS)
        }
        last, none = int(now // 60), array("I", (0, 0, 0))
        found = [known.get(minute, none) for minute in range(last - MINUTES + 1, last + 1)]
        return [(used, min(waited, used), put_off) for used, waited, put_off in found]

    def still_waiting(self, now: float) -> dict[str, float]:
        """Return who waits, and until when; the next in turn comes first.

        :param now: float, seconds since the epoch
        """
        return dict(sorted(((who, end) for who, end in self.waiting.items() if end > now), key=lambda each: each[1]))

    def pack(self) -> bytes:
        """Return it in the form that `unpack` takes."""
        waiting = json.dumps(self.waiting).encode() if self.waiting else b""
        return HEAD.pack(MAGIC, len(self.counts), len(waiting)) + self.counts.tobytes() + waiting

    @classmethod
    def unpack(cls, data: bytes) -> "Usage":
        """Return what was packed; an empty Usage if the data is damaged, or from another build.

        :param data: bytes, which may be followed by other data
        """
        try:
            magic, count, length = HEAD.unpack_from(data)
            counts, end = array("I"), HEAD.size + count * 4
            if magic != MAGIC or count % FIELDS or len(data) < end + length:
                return cls()
            counts.frombytes(data[HEAD.size : end])
            told = json.loads(data[end : end + length]) if length else {}
            return cls(counts, {str(who): float(until) for who, until in told.items()})
        except (struct.error, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls()
