"""The decision after an attempt: done, again after some seconds, failed, or outcome unknown. It alone decides that."""

import math
import random
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import NamedTuple

from airflow_provider_dinero.api.operations import Repeat

ATTEMPTS = 4
LONGEST_ADVICE = 3600.0  # what says more is not believed
THROTTLE_SECONDS = 60.0  # the documents: wait a minute; Retry-After may be missing


class Action(Enum):
    """What to do now."""

    DONE = "done"
    AGAIN = "again"
    RENEW = "renew the token, then again"
    FAIL = "fail"
    UNKNOWN = "outcome unknown"


class Failure(Enum):
    """How an attempt failed without an answer."""

    NOT_SENT = "no connection"
    LOST = "the connection broke after the request was sent"
    UNWHOLE = "an answer that is not whole"
    TOO_LARGE = "an answer that is too large"


class Verdict(NamedTuple):
    """An action, the seconds to wait before it, and whether the attempt may have been done though nobody said so."""

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
    :param number: int, which attempt it was, from 1
    :param status: int, the HTTP status of the answer; default 0, when there is none
    :param retry_after: str or None, the header of the answer
    :param failure: Failure or None, why there is no answer that counts
    :param foreign: bool, the answer is not Dinero's own word: a write may have been done before it was given
    :param renewed: bool, whether the token was renewed for this request already
    :param now: float, seconds since the epoch, to read a Retry-After that is a date
    :param attempts: int, how many there are; default 4
    :return: Verdict
    """
    if failure is None and 200 <= status < 300:
        return Verdict(Action.DONE)
    last = number >= attempts
    lost = failure in {Failure.LOST, Failure.UNWHOLE, Failure.TOO_LARGE} or status == 408 or status >= 500
    foreign = foreign and repeat is not Repeat.READ
    if status == 401 and failure is None and not (foreign and repeat is Repeat.BARE):
        # Refused at the door: nothing was done, where Dinero says so.
        return Verdict(Action.FAIL if renewed else Action.RENEW, lost=foreign)
    if lost or foreign:
        if repeat is Repeat.BARE:
            return Verdict(Action.UNKNOWN, lost=True)
        advised = _advised(retry_after, now) or (THROTTLE_SECONDS if status == 429 else 0.0)
        if last or advised > THROTTLE_SECONDS or failure is Failure.TOO_LARGE:  # the next would be as large
            return Verdict(Action.FAIL, advised, lost=True)
        return Verdict(Action.AGAIN, advised or _backoff(number), lost=True)
    if status == 429:
        seconds = _advised(retry_after, now) or THROTTLE_SECONDS
        return Verdict(Action.FAIL if last or seconds > 2 * THROTTLE_SECONDS else Action.AGAIN, seconds)
    if failure is Failure.NOT_SENT or status == 480:  # 480: a brownout of an endpoint that is about to go
        return Verdict(Action.FAIL if last else Action.AGAIN, _backoff(number))
    return Verdict(Action.FAIL)


def _backoff(number: int) -> float:
    return float(2 ** (number - 1)) * random.uniform(0.5, 1.0)


def _advised(retry_after: str | None, now: float) -> float:
    """Return the seconds that a Retry-After asks for, given in seconds or as a date; 0 when it says nothing usable."""
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
