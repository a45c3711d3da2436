"""Takes our secrets out of what is told. An endpoint may echo what it was sent, whole or in part."""

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
# This many characters of a secret in a row are taken out; fewer give nothing away.
RUN = 12
# Shorter secrets than this are not looked for: they would be found in ordinary words.
SHORTEST = 8
# What is longer is no secret of Dinero's: a token has to fit into a header. Looking for millions takes minutes.
LONGEST = 8192
# A process that runs for months sees a new access token every hour; only the newest secrets are kept.
MOST = 100

_STEP = RUN // 2
_lock = threading.Lock()
_secrets: dict[str, None] = {}


def remember(*secrets: str | None) -> None:
    """Keep secrets out of everything that `hidden` returns from now on, in this process.

    :param secrets: str; whatever else a damaged store gives, and what is shorter than 8 characters, is ignored, and
        what is beyond 8192 characters is not looked for
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
    """Return what is to be told, without our secrets: neither plain nor encoded, nor 12 characters of one in a row.

    :param told: str; or dict or list, of which each str is taken; anything else is returned as it is
    """
    if isinstance(told, dict):
        return {hidden(name): hidden(value) for name, value in told.items()}  # type: ignore[return-value]
    if isinstance(told, list):
        return [hidden(each) for each in told]  # type: ignore[return-value]
    return _masked(told) if isinstance(told, str) else told  # type: ignore[return-value]


def mask_log(name: str) -> None:
    """Take our secrets out of what a library logs of others' words, whatever the level.

    :param name: str, of its logger
    """
    logging.getLogger(name).addFilter(_mask_record)


def _mask_record(record: logging.LogRecord) -> bool:
    told = record.getMessage()
    text = hidden(told)
    if text != told:
        record.msg, record.args, record.exc_info = text, (), None  # the traceback ends in the same words
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
    """Return the forms that are looked for as a whole, all others in one text, and pieces of that.

    Wherever a run begins, it holds one of the pieces whole.
    """
    forms = {form for secret in secrets for form in _spelled(secret)}
    long = "\0".join(form for form in forms if len(form) >= RUN)
    short = sorted((form for form in forms if len(form) < RUN), key=len, reverse=True)
    return short, long, {long[at : at + _STEP] for at in range(0, len(long) - _STEP + 1, _STEP)}


@lru_cache(maxsize=MOST)
def _spelled(secret: str) -> frozenset[str]:
    """Return the forms in which a secret may come back."""
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
        for before in range(3):  # what stands before it shifts the bits, as the client id does in `Basic`
            whole = encode(bytes(before) + plain).rstrip(b"=")
            yield whole[(0, 2, 3)[before] : len(whole) - bool((before + len(plain)) % 3)].decode()
