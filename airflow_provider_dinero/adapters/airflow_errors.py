"""Errors of the api, so marked that Airflow repeats only what may be repeated."""

from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dinero.api.errors import DineroError, DineroTemporaryError

_MARKED: dict[type[DineroError], type[DineroError]] = {}


def mark(error: DineroError) -> None:
    """Make an error one that Airflow understands too, wherever it is raised: in an operator or in a plain `@task`.

    Temporary ones become an AirflowException, which the task's retries apply to. All others become an
    AirflowFailException, which Airflow never repeats: the same again gives the same, or worse, does it twice.

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


def _reduce(error: DineroError) -> tuple[Any, ...]:
    """Pickle by the api's class, since the marked one has no name of its own."""
    return _restore, (type(error).__mro__[1], error.args, error.__dict__)


def _restore(kind: type[DineroError], args: tuple[Any, ...], state: dict[str, Any]) -> DineroError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    mark(error)
    return error
