"""The decision after an attempt: done, retry, failed, or outcome unknown. Only this module decides that."""

import math
import random
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import NamedTuple

from airflow_provider_dinero.api.operations import Repeat

ATTEMPTS = 4
LONGEST_ADVICE = 3600.0  # a longer Retry-After is ignored
THROTTLE_SECONDS = 60.0  # the documents say to wait a minute; Retry-After may be missing


class Action(Enum):
    """What to do next."""

    DONE = "done"
    AGAIN = "again"
    RENEW = "renew the token, then retry"
    FAIL = "fail"
    UNKNOWN = "outcome unknown"


class Failure(Enum):
    """How an attempt failed without a valid response."""

    NOT_SENT = "no connection"
    LOST = "the connection broke after the request was sent"
    UNWHOLE = "the response is incomplete"
    TOO_LARGE = "the response is too large"


class Verdict(NamedTuple):
    """An action, the seconds to wait before it, and whether the attempt may have been done without confirmation."""

    action: Action
    seconds: float = 0.0
    lost: bool = False


def decide(
    repeat: Repeat,
    number: int,
    *,
    status: int = 0,
    retry_after: str | None = None,
    failure: Failure | None = None,
    foreign: bool = False,
    renewed: bool = False,
    now: float = 0.0,
    attempts: int = ATTEMPTS,
) -> Verdict:
    """Decide what follows an attempt.

    :param repeat: Repeat, how the operation may be repeated
    :param number: int, number of the attempt, from 1
    :param status: int, the HTTP status of the response; default 0, if there is none
    :param retry_after: str or None, the header of the response
    :param failure: Failure or None, why there is no valid response
    :param foreign: bool, whether the response isn't Dinero's own: then a write may have been done before it
    :param renewed: bool, whether the token was already renewed for this request
    :param now: float, seconds since the epoch, to read a Retry-After that is a date
    :param attempts: int, the maximum number of attempts; default 4
    :return: Verdict
    """
    if failure is None and 200 <= status < 300:
        return Verdict(Action.DONE)
    last = number >= attempts
    lost = failure in {Failure.LOST, Failure.UNWHOLE, Failure.TOO_LARGE} or status == 408 or status >= 500
    foreign = foreign and repeat is not Repeat.READ
    if status == 401 and failure is None and not (foreign and repeat is Repeat.BARE):
        # A 401 from Dinero itself means that nothing was done.
        return Verdict(Action.FAIL if renewed else Action.RENEW, lost=foreign)
    if lost or foreign:
        if repeat is Repeat.BARE:
            return Verdict(Action.UNKNOWN, lost=True)
        advised = _advised(retry_after, now) or (THROTTLE_SECONDS if status == 429 else 0.0)
        if last or advised > THROTTLE_SECONDS or failure is Failure.TOO_LARGE:  # the next response would be as large
            return Verdict(Action.FAIL, advised, lost=True)
        return Verdict(Action.AGAIN, advised or _backoff(number), lost=True)
    if status == 429:
        seconds = _advised(retry_after, now) or THROTTLE_SECONDS
        return Verdict(Action.FAIL if last or seconds > 2 * THROTTLE_SECONDS else Action.AGAIN, seconds)
    if failure is Failure.NOT_SENT or status == 480:  # 480: a brownout of an endpoint that will be removed
        return Verdict(Action.FAIL if last else Action.AGAIN, _backoff(number))
    return Verdict(Action.FAIL)


def _backoff(number: int) -> float:
    return float(2 ** (number - 1)) * random.uniform(0.5, 1.0)


def _advised(retry_after: str | None, now: float) -> float:
    """Return the seconds of a Retry-After, given in seconds or as a date; 0 if it isn't usable."""
    if not retry_after:
        return 0.0
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return min(max(0.0, seconds), LONGEST_ADVICE) if math.isfinite(seconds) else 0.0
