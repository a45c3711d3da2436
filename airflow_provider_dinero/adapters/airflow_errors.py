"""Errors of the api, in the form that Airflow and its log need."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dinero.api.errors import DineroError, DineroTemporaryError

P = ParamSpec("P")
T = TypeVar("T")

_MARKED: dict[type[DineroError], type[DineroError]] = {}


def mark(error: DineroError) -> None:
    """Turn an error into one that Airflow understands too, wherever it is raised: in an operator or a plain `@task`.

    Temporary errors become an AirflowException, to which the task's retries apply. All others become an
    AirflowFailException, which Airflow never retries: a retry would fail again or, worse, do it twice.

    :param error: DineroError, changed in place, so that its traceback stays
    """
    kind = type(error)
    if issubclass(kind, AirflowException):
        return
    if kind not in _MARKED:
        base = AirflowException if issubclass(kind, DineroTemporaryError) else AirflowFailException
        body = {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce__": _reduce}
        _MARKED[kind] = type(kind.__name__, (kind, base), body)
    error.__class__ = _MARKED[kind]


def reported(do: Callable[P, T]) -> Callable[P, T]:
    """Decorate a method of a task that Airflow calls: it logs what happened on one line, and what to do on the next.

    Airflow prints the error below that, with a traceback. If a retry can't fix the error, the traceback has no frames
    of this package, except at DEBUG, and the last line of its text says what to do.

    :param do: method
    """

    @wraps(do)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return do(*args, **kwargs)
        except DineroError as error:
            mark(error)
            task: Any = args[0]
            task.log.debug("Raised here:", exc_info=error)
            task.log.error("%s", error.message)
            if error.advice:
                task.log.error("%s", error.advice)
                error.args = (f"{error.message}\n{error.advice}",)
            if isinstance(error, AirflowFailException):
                error.__traceback__ = error.__cause__ = None
            raise  # not `raise error`, which would add this frame

    return reporting


def _reduce(error: DineroError) -> tuple[Any, ...]:
    """Pickle by the class of the api, since the marked class has no importable name."""
    return _restore, (type(error).__mro__[1], error.args, error.__dict__)


def _restore(kind: type[DineroError], args: tuple[Any, ...], state: dict[str, Any]) -> DineroError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    mark(error)
    return error
