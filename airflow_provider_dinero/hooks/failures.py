"""Errors of the api, so marked that Airflow repeats only what may be repeated."""

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dinero.api.errors import DineroError, DineroTemporaryError


def mark(error: DineroError) -> None:
    """Make an error one that Airflow understands too, wherever it is raised: in an operator or in a plain `@task`.

    Temporary ones become an AirflowException, which the task's retries apply to. All others become an
    AirflowFailException, which Airflow never repeats: the same again gives the same, or worse, does it twice.

    :param error: DineroError, changed in place, so that its traceback stays
    """
    if not isinstance(error, AirflowException):
        kind = type(error)
        error.__class__ = _MARKED.setdefault(kind, _marked(kind))


_MARKED: dict[type[DineroError], type[DineroError]] = {}


def _marked(kind: type[DineroError]) -> type[DineroError]:
    base = AirflowException if issubclass(kind, DineroTemporaryError) else AirflowFailException
    return type(kind.__name__, (kind, base), {"__module__": kind.__module__, "__doc__": kind.__doc__})
