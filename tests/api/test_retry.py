"""The decision after an attempt, as a matrix."""

import pytest

from airflow_provider_dinero.api.http.retry import ATTEMPTS, Action, Failure, decide
from airflow_provider_dinero.api.operations import Repeat

READ, KEYED, FENCED, BARE = Repeat.READ, Repeat.KEYED, Repeat.FENCED, Repeat.BARE
AGAIN, FAIL, UNKNOWN, DONE, RENEW = Action.AGAIN, Action.FAIL, Action.UNKNOWN, Action.DONE, Action.RENEW


@pytest.mark.parametrize("repeat", Repeat)
@pytest.mark.parametrize(
    ("status", "action"),
    [
        *((status, DONE) for status in (200, 201, 204)),
        *((status, FAIL) for status in (302, 400, 403, 404, 409, 413)),
        (401, RENEW),
        (429, AGAIN),
        (480, AGAIN),
    ],
)
def test_answers_that_mean_the_same_for_all(repeat: Repeat, status: int, action: Action) -> None:
    assert decide(repeat, 1, status=status).action is action


@pytest.mark.parametrize(("repeat", "action"), [(READ, AGAIN), (KEYED, AGAIN), (FENCED, AGAIN), (BARE, UNKNOWN)])
def test_only_a_bare_write_is_not_repeated_when_it_may_have_been_done(repeat: Repeat, action: Action) -> None:
    assert decide(repeat, 1, failure=Failure.LOST).action is action
    for status in (500, 502, 503, 504):
        assert decide(repeat, 1, status=status).action is action


@pytest.mark.parametrize("repeat", Repeat)
def test_what_was_never_sent_is_sent_again(repeat: Repeat) -> None:
    assert decide(repeat, 1, failure=Failure.NOT_SENT).action is AGAIN


@pytest.mark.parametrize("repeat", Repeat)
def test_what_is_too_large_is_not_asked_for_again(repeat: Repeat) -> None:
    assert decide(repeat, 1, failure=Failure.TOO_LARGE).action is (UNKNOWN if repeat is BARE else FAIL)


@pytest.mark.parametrize("repeat", Repeat)
def test_it_comes_to_an_end(repeat: Repeat) -> None:
    for status in (429, 480, 503):
        assert decide(repeat, ATTEMPTS, status=status).action in {FAIL, UNKNOWN}
    for failure in Failure:
        assert decide(repeat, ATTEMPTS, failure=failure).action in {FAIL, UNKNOWN}
    assert decide(repeat, 1, status=401, renewed=True).action is FAIL


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("12", 12), ("0.5", 0.5), ("Thu, 01 Jan 1970 00:00:42 GMT", 42), (None, 60), ("", 60), ("soon", 60), ("-3", 60)],
)
def test_retry_after_is_read_in_every_form(retry_after: str | None, seconds: float) -> None:
    assert decide(READ, 1, status=429, retry_after=retry_after, now=0.0) == (AGAIN, seconds, False)


def test_a_wait_of_hours_is_left_to_airflow() -> None:
    assert decide(READ, 1, status=429, retry_after="3600") == (FAIL, 3600, False)


def test_waits_grow_and_differ() -> None:
    waits = [{decide(READ, number, status=503).seconds for _ in range(50)} for number in (1, 2, 3)]
    assert all(len(each) > 1 for each in waits)
    assert max(waits[0]) <= 1 <= min(waits[1]) <= max(waits[1]) <= 2 <= min(waits[2]) <= max(waits[2]) <= 4
