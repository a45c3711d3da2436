"""A clock that is wrong or fast, for the modules that read one."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any


def clock(tell: Callable[[tzinfo | None], datetime]) -> Any:
    """Return a replacement for the class datetime in a module.

    :param tell: callable of a time zone, which returns the time
    """

    class AnyDatetime(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Clock(datetime, metaclass=AnyDatetime):
        combine = staticmethod(datetime.combine)
        now = staticmethod(tell)

    return Clock
