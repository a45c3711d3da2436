"""Removes secrets from messages and logs. An endpoint may echo what it received, in whole or in part."""

import json
import logging
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote, quote_plus

T = TypeVar("T")

MASK = "***"
# This many consecutive characters of a secret are removed; fewer reveal nothing.
RUN = 12
# Shorter secrets aren't searched for: they would match ordinary words.
SHORTEST = 8
# A longer text isn't a secret of Dinero: a token must fit into a header. Searching for millions takes minutes.
LONGEST = 8192
# A process that runs for months gets a new access token every hour; it only keeps the newest secrets.
MOST = 100

_STEP = RUN // 2
_lock = threading.Lock()
_secrets: dict[str, None] = {}


def remember(*secrets: str | None) -> None:
    """Remove these secrets from everything that `hidden` returns from now on, in this process.

    :param secrets: str; other values, as from a damaged store, and texts of less than 8 characters are ignored, and
        anything beyond 8192 characters isn't searched for
    """
    with _lock:
        for given in secrets:
            # Half a character can't be sent either.
            secret = given[:LONGEST].encode(errors="ignore").decode() if isinstance(given, str) else ""
            if len(secret) >= SHORTEST:
                _secrets.pop(secret, None)
                _secrets[secret] = None
        while len(_secrets) > MOST:
            del _secrets[next(iter(_secrets))]


def hidden(told: T) -> T:
    """Return a value without our secrets: neither plain nor encoded, nor 12 consecutive characters of one.

    :param told: str; or dict or list, in which each str is treated; anything else is returned unchanged
    """
    if isinstance(told, dict):
        return {hidden(name): hidden(value) for name, value in told.items()}  # type: ignore[return-value]
    if isinstance(told, list):
        return [hidden(each) for each in told]  # type: ignore[return-value]
    return _masked(told) if isinstance(told, str) else told  # type: ignore[return-value]


def mask_log(name: str) -> None:
    """Remove our secrets from a library's log records, at every level.

    :param name: str, name of its logger
    """
    logging.getLogger(name).addFilter(_mask_record)


def _mask_record(record: logging.LogRecord) -> bool:
    told = record.getMessage()
    text = hidden(told)
    if text != told:
        record.msg, record.args, record.exc_info = text, (), None  # the traceback ends with the same words
    return True


def _masked(text: str) -> str:
    with _lock:
        known = tuple(sorted(_secrets))
    short, long, pieces = _forms(known)
    for form in short:
        text = text.replace(form, MASK)
    covered = sorted({
        start
        for at in range(len(text) - _STEP + 1)
        if text[at : at + _STEP] in pieces
        for start in range(max(0, at - _STEP), min(at, len(text) - RUN) + 1)
        if text[start : start + RUN] in long
    })
    kept: list[str] = []
    end = 0
    for start in covered:
        if start > end or not kept:
            kept += [text[end:start], MASK]
        end = max(end, start + RUN)
    return "".join([*kept, text[end:]])


@lru_cache(maxsize=1)
def _forms(secrets: tuple[str, ...]) -> tuple[list[str], str, set[str]]:
    """Return the forms to search for as a whole, all others in one text, and pieces of that text.

    Wherever a run starts, it contains one of the pieces as a whole.
    """
    forms = {form for secret in secrets for form in _spelled(secret)}
    long = "\0".join(form for form in forms if len(form) >= RUN)
    short = sorted((form for form in forms if len(form) < RUN), key=len, reverse=True)
    return short, long, {long[at : at + _STEP] for at in range(0, len(long) - _STEP + 1, _STEP)}


@lru_cache(maxsize=MOST)
def _spelled(secret: str) -> frozenset[str]:
    """Return the forms in which a secret may be echoed."""
    return frozenset(_each_spelling(secret))


def _each_spelling(secret: str) -> Iterator[str]:
    from html import escape

    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield escape(secret)
    plain = secret.encode()
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):  # the text before it shifts the bits, as the client ID does in `Basic`
            whole = encode(bytes(before) + plain).rstrip(b"=")
            yield whole[(0, 2, 3)[before] : len(whole) - bool((before + len(plain)) % 3)].decode()
