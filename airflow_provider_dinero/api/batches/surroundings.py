"""What a run of a list is given, and which errors end it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroForbidden,
    DineroThrottled,
    DineroUnauthorized,
)
from airflow_provider_dinero.api.ports import StateStore

Row = dict[str, Any]
# So many items in a row that fail for a reason that may pass, and the rest is left for another try.
MOST_TEMPORARY = 8
# Errors that every other item would meet too.
FOR_ALL = (DineroConfigurationError, DineroForbidden, DineroThrottled, DineroUnauthorized)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run of a list is given.

    :param store: StateStore, where its notes are kept
    :param sink: callable that takes each row of the report
    :param progress: callable that takes how many items are done, and how many there are
    :param stop: bool, whether the first error ends the run
    :param done: mapping of index to row, what an earlier part of the same run has told of items that are done
    """

    store: StateStore
    sink: Callable[[Row], None]
    progress: Callable[[int, int], None]
    stop: bool
    done: Mapping[int, Row] = field(default_factory=dict)
