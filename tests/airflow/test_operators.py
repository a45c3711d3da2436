"""What needs no running Airflow: defaults that reach mapped tasks, and errors that survive a process pool."""

import pickle

import pytest
from airflow.sdk import DAG, RetryAction, RetryPolicy
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_dinero.adapters.airflow_errors import mark
from airflow_provider_dinero.api import errors
from airflow_provider_dinero.operators.contacts import DineroUpsertContactOperator
from airflow_provider_dinero.operators.invoices import DineroBookInvoiceOperator
from airflow_provider_dinero.retry_policy import DineroRetryPolicy


def test_mapped_tasks_have_the_retry_policy_too() -> None:
    with DAG("mapped", schedule=None):
        mapped = DineroBookInvoiceOperator.partial(task_id="it").expand(invoice=["a"])
    task = mapped.unmap({"invoice": "a"})
    assert isinstance(task.retry_policy, DineroRetryPolicy)
    assert task.multiple_outputs is True


def test_default_args_replace_the_retry_policy() -> None:
    class Mine(DineroRetryPolicy):
        pass

    with DAG("own", schedule=None, default_args={"retry_policy": Mine()}):
        task = DineroUpsertContactOperator(task_id="it", contact={})
    assert isinstance(task.retry_policy, Mine)


def test_a_throttled_task_waits_until_the_allowance_is_free() -> None:
    from datetime import UTC, datetime, timedelta

    policy: RetryPolicy = DineroRetryPolicy.deserialize(DineroRetryPolicy().serialize())
    until = datetime.now(UTC) + timedelta(seconds=90)
    decision = policy.evaluate(errors.DineroThrottled("x", until=until), 1, 3)
    assert decision.action is RetryAction.RETRY
    assert decision.retry_delay is not None
    assert timedelta(seconds=85) < decision.retry_delay <= timedelta(seconds=90)
    for other in (errors.DineroUnavailable("x"), ValueError("x")):
        assert policy.evaluate(other, 1, 3).action is RetryAction.DEFAULT


@pytest.mark.parametrize(
    ("error", "base", "never_repeated"),
    [
        (errors.DineroNotFound("gone", "look", status=400, code=63), errors.DineroRefused, True),
        (errors.DineroOutcomeUnknown("perhaps"), errors.DineroError, True),
        (errors.DineroInvalidBody("wrong"), ValueError, True),
        (errors.DineroThrottled("later"), errors.DineroTemporaryError, False),
    ],
)
def test_marked_errors_are_what_they_were(
    error: errors.DineroError, base: type[Exception], never_repeated: bool
) -> None:
    text, state = str(error), dict(error.__dict__)
    mark(error)
    mark(error)
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert isinstance(each, base)
        assert isinstance(each, AirflowException)
        assert isinstance(each, AirflowFailException) is never_repeated
        assert (str(each), each.__dict__) == (text, state)
