"""The context of a run, and the errors that end it."""

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
# If this many items in a row fail with temporary errors, the run ends and leaves the rest to a retry.
MOST_TEMPORARY = 8
# Errors that every other item would fail with too.
FOR_ALL = (DineroConfigurationError, DineroForbidden, DineroThrottled, DineroUnauthorized)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run needs besides its list and options.

    :param store: StateStore for its notes
    :param sink: callable that receives each row of the report
    :param progress: callable that receives the number of items done, and the number of all items
    :param stop: bool, whether the first error ends the run
    :param done: mapping of index to row, the results that an earlier part of the same run reported
    """

    store: StateStore
    sink: Callable[[Row], None]
    progress: Callable[[int, int], None]
    stop: bool
    done: Mapping[int, Row] = field(default_factory=dict)
