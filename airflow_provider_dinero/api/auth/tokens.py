"""The token shared by a deployment: one process at a time renews it, and stores it before using it."""

import hashlib
import logging
import os
import random
import socket
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeGuard

from airflow_provider_dinero.api.auth.grants import (
    Grant,
    TokenRequest,
    VismaConnect,
    binding,
    earlier_key,
    in_either_spelling,
    lifetime,
    token_key,
)
from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroError,
    DineroReauthorizationRequired,
    DineroUnavailable,
)
from airflow_provider_dinero.api.ports import EVERYWHERE, Held, Lock, Meter, ProcessHeld, Token, TokenStore

log = logging.getLogger(__name__)

# A token is renewed this long before it expires, each process at a different moment.
LEEWAY_SECONDS = (90.0, 150.0)
# The first renewal after a consent waits this long for hosts that don't share its lock and start one as well.
FIRST_SECONDS = 1.0
# This many rejected tokens in a row, each this new, aren't a matter of expiry.
MOST_REJECTIONS, NEW_SECONDS = 4, 60.0
# A renewal that was started under another lock has ended after this time, one way or the other.
BEGUN_SECONDS = 180.0
WAY_OUT = "Let all hosts share a lock: set [dinero] coordination_url to a Redis server or to a shared folder."
SHARED = ("coordination_url",)
# A token that could not be stored is stored again after this time.
STORE_AGAIN_SECONDS = 30.0


class Tokens:
    """The access token of a grant: taken from the store while it is valid, else renewed.

    :param grant: Grant
    :param base_url: str, root of the API that receives the token
    :param store: TokenStore
    :param lock: Lock
    :param fetch: callable that sends a TokenRequest and returns the decoded response of the endpoint
    :param may_spend: bool, whether a refresh token may be used; default True
    :param meter: Meter, counts renewals
    """

    def __init__(
        self,
        grant: Grant,
        base_url: str,
        store: TokenStore,
        lock: Lock,
        fetch: Callable[[TokenRequest], dict[str, Any]],
        *,
        may_spend: bool,
        meter: Meter,
    ) -> None:
        self.key = token_key(grant, base_url)
        self.earlier_key = earlier_key(grant)
        self._bound_to = binding(grant, base_url)
        self._grant = grant
        self._store = store
        self._lock = lock
        self._fetch = fetch
        self._may_spend = may_spend or not grant.spends_refresh_token
        self._meter = meter
        self._leeway = random.uniform(*LEEWAY_SECONDS)
        self._current: Token | None = None
        self._store_again_at = float("inf")

    def access(self) -> str:
        """Return a valid access token.

        :raises DineroUnauthorized: the credentials were rejected
        :raises DineroReauthorizationRequired: a person must consent again
        """
        if not self._usable(self._current):
            self._current = self._renewed(rejected=None)
        elif time.time() > self._store_again_at:
            self._keep_again(self._current)
        return self._current.access_token

    def renew(self, rejected: str) -> None:
        """Replace an access token that Dinero rejected.

        :param rejected: str, that token
        """
        self._current = self._renewed(rejected)

    def adopt(self, token: Token) -> None:
        """Store a token from a new consent; it replaces any stored one.

        :param token: Token
        :raises DineroUnavailable: it could not be stored
        """
        token = replace(token, bound_to=self._bound_to)
        with self._lock.hold(self.key) as held:
            self._store.save(self.key, token)
            held.leave("")
        self._current = token

    def stored(self) -> Token | None:
        """Return the stored token of this grant, or None; without an access token that this client must not use."""
        there = self._store.load(self.key) or self._earlier()
        if there and there.bound_to != self._bound_to:
            return replace(there, access_token="", expires_at=0.0)
        return there

    def _earlier(self) -> Token | None:
        return self._store.load(self.earlier_key) if self.earlier_key else None

    def _taken_over(self, held: Held) -> Token | None:
        """Migrate a token stored by an earlier release, once; workers of that release no longer find it."""
        with self._lock.hold(self.earlier_key) as before:
            if before.note and not held.note:  # its owner renewed it but could not store the new one
                held.leave(before.note)
            if taken := self._earlier():
                self._store.save(self.key, taken)
                self._store.save(self.earlier_key, Token("", 0.0, refused=True))
        return taken

    def _renewed(self, rejected: str | None) -> Token:
        stored = self._store.load(self.key)
        if self._usable(stored, rejected):
            if self._store.is_pending(self.key):  # another client of this process could not store its token
                self._store_again_at = 0.0
            return stored
        with self._alone(stored) as held:
            stored = self._store.load(self.key)
            if self._usable(stored, rejected):
                return stored
            rejections = _rejections(stored, rejected)
            if stored is None and self.earlier_key and self._may_spend:
                stored = self._taken_over(held)
            if self._grant.spends_refresh_token:
                self._require_safe(stored, held)
                self._begin(stored, held)
            # In a thread: an exception that Airflow raises in this one (a timeout) must not lose a token in transit.
            with ThreadPoolExecutor(1, "dinero-token") as apart:
                return apart.submit(self._fetched, stored, held, rejections).result()

    def _begin(self, stored: Token | None, held: Held) -> None:
        """Record the start of a renewal: if storing the new token will fail, it fails before the old one is used."""
        begun = replace(stored or Token("", 0.0, self._sent(stored)), begun_at=time.time(), place=held.place)
        self._store.save(self.key, begun)
        known = stored and (stored.one_time is False or (stored.renewed_at and stored.place == held.place))
        if held.place not in {"", EVERYWHERE} and not known:
            time.sleep(FIRST_SECONDS)
            there = self._store.load(self.key)
            if there and there.place != held.place:
                raise DineroUnavailable(
                    f"{_two_locks(there, held)} The other host is renewing it now.", WAY_OUT, settings=SHARED
                )

    def _fetched(self, stored: Token | None, held: Held, rejections: int) -> Token:
        try:
            answer, secret_as_is = in_either_spelling(
                self._fetch,
                lambda as_is: self._grant.request(stored, as_is),
                stored is not None and stored.secret_as_is,
            )
        except DineroReauthorizationRequired:
            return self._renewed_by_another(stored)
        token = replace(self._token(answer, stored, held.place), rejections=rejections, secret_as_is=secret_as_is)
        self._meter.count("token_renewals")
        if not held.is_held():
            with suppress(DineroError):
                other = self._store.load(self.key)
                if self._usable(other) and other.renewed_at > token.renewed_at - STORE_AGAIN_SECONDS:
                    return other  # another holder of the lock has stored a newer one meanwhile
        self._keep(token, stored, held)
        return token

    @contextmanager
    def _alone(self, stored: Token | None) -> Generator[Held]:
        """Hold the lock; without it, continue only if a second renewal does no harm."""
        with ExitStack() as stack:
            held: Held = ProcessHeld()
            try:
                held = stack.enter_context(self._lock.hold(self.key))
            except DineroUnavailable as error:
                if self._grant.spends_refresh_token and (stored is None or stored.one_time is not False):
                    raise
                log.warning("Renewing the token without a lock: %s", error)
            yield held

    def _require_safe(self, stored: Token | None, held: Held) -> None:
        """Check that the refresh token may be used here and now."""
        if not self._sent(stored):
            raise DineroReauthorizationRequired(
                "Nobody has consented to this connection, or the consent was revoked.", self._advice
            )
        if not self._may_spend:
            raise DineroConfigurationError(
                "No valid access token is stored for this connection, and a test never uses a refresh token.",
                "Run `airflow dinero check` with the connection's id: it renews the token, as every task does. Then "
                "test again.",
            )
        if stored is None:
            return
        if stored.refused:
            raise self._grant.refused("invalid_grant")
        spent, _, who = held.note.partition(" ")
        if spent == fingerprint(self._sent(stored)):
            raise DineroReauthorizationRequired(
                f"The refresh token was used by {who}, which could not store the new one.",
                f"While that process runs, it keeps trying. {self._advice}",
            )
        if held.place not in {"", EVERYWHERE} and stored.place and stored.place != held.place:
            told = _two_locks(stored, held)
            if stored.one_time is not False and stored.renewed_at < stored.begun_at > time.time() - BEGUN_SECONDS:
                raise DineroUnavailable(f"{told} The other host is renewing it now.", WAY_OUT, settings=SHARED)
            if stored.one_time:
                raise DineroConfigurationError(
                    f"{told} If two hosts use a one-time refresh token at once, the consent ends.",
                    f"{WAY_OUT} If the other host is gone for good: {self._advice}",
                    settings=SHARED,
                )
            log.warning("%s %s", told, WAY_OUT)

    def _renewed_by_another(self, stored: Token | None) -> Token:
        """Return a token that was stored while our refresh token was rejected; else record the rejection."""
        there = self._store.load(self.key)
        # The record of a start still has the previous access token, which Dinero may have rejected.
        if self._usable(there, stored.access_token if stored else None):
            return there
        refused = self._grant.refused("invalid_grant")
        if there is None or self._sent(there) == self._sent(stored):
            dead = there or Token("", 0.0, self._sent(stored))
            try:
                self._store.save(self.key, replace(dead, access_token="", expires_at=0.0, refused=True))
            except DineroUnavailable as error:
                log.warning("Other processes will get the same rejection: %s", error)
        raise refused

    def _token(self, answer: dict[str, Any], stored: Token | None, place: str) -> Token:
        now = time.time()
        token = Token(
            str(answer["access_token"]),
            now + lifetime(answer.get("expires_in")),
            renewed_at=now,
            place=place,
            scope=str(answer.get("scope", "")),
            bound_to=self._bound_to,
        )
        if not self._grant.spends_refresh_token:
            return token
        sent = self._sent(stored)
        # A response without a refresh token means: keep using the same one.
        got = str(answer.get("refresh_token") or sent)
        return replace(token, refresh_token=got, one_time=got != sent)

    def _keep(self, token: Token, stored: Token | None, held: Held) -> None:
        """Store a new token. It is valid even if storing fails: then this process continues with it."""
        self._store_again_at = float("inf")
        try:
            self._store.save(self.key, token)
        except DineroError as error:
            self._store_again_at = time.time() + STORE_AGAIN_SECONDS
            if not token.one_time:
                if isinstance(error, DineroConfigurationError):
                    raise
                log.warning("%s Other processes renew it themselves.", error)
                return
            log.error(
                "%s It includes a new one-time refresh token, which is lost when this process ends; the old one is "
                "used up. This process continues and keeps trying to store it; nobody else renews it meanwhile. If "
                "it ends before that: %s",
                error,
                self._advice,
            )
            who = f"process {os.getpid()} of {socket.gethostname()} at {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
            held.leave(f"{fingerprint(self._sent(stored))} {who}")
        else:
            held.leave("")

    def _keep_again(self, mine: Token) -> None:
        self._store_again_at = float("inf")
        try:
            with self._alone(mine) as held:
                there = self._store.load(self.key)
                if there and there.renewed_at > mine.renewed_at:
                    return  # another process has a newer one
                self._store.save(self.key, mine)
                held.leave("")
        except DineroError:
            self._store_again_at = time.time() + STORE_AGAIN_SECONDS

    def _sent(self, stored: Token | None) -> str:
        return self._grant.newest(stored) if isinstance(self._grant, VismaConnect) else ""

    @property
    def _advice(self) -> str:
        return self._grant.advice if isinstance(self._grant, VismaConnect) else ""

    def _usable(self, token: Token | None, rejected: str | None = None) -> TypeGuard[Token]:
        """Tell whether a token is ours, valid for some time, and not the one that Dinero rejected."""
        if token is None or token.access_token == rejected or token.bound_to != self._bound_to:
            return False
        lives = token.expires_at - token.renewed_at if token.renewed_at else 3600.0
        return token.expires_at - time.time() > min(self._leeway, lives / 4)


def _rejections(stored: Token | None, rejected: str | None) -> int:
    """Return how many tokens in a row Dinero rejected, each while new."""
    if stored is None or rejected is None or time.time() - stored.renewed_at > NEW_SECONDS:
        return 0
    if stored.rejections >= MOST_REJECTIONS:
        until = datetime.fromtimestamp(stored.renewed_at + NEW_SECONDS, UTC)
        raise DineroUnavailable(
            f"Dinero rejected {MOST_REJECTIONS + 1} access tokens in a row, even new ones.",
            "Check the address of the API and the connection's organization.",
            until=until,
        )
    return stored.rejections + 1


def _two_locks(stored: Token, held: Held) -> str:
    return f"The token of this connection is renewed under two different locks, {stored.place} and {held.place}."


def fingerprint(refresh_token: str) -> str:
    """Return a fingerprint that distinguishes refresh tokens without revealing them.

    :param refresh_token: str
    """
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:16]
