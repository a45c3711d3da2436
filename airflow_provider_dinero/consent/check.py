"""Checks a connection with one cheap call, and says what to do about each problem."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dinero.adapters.settings import coordination_url
from airflow_provider_dinero.adapters.subscription import subscription_of
from airflow_provider_dinero.api.auth.consent import WRITE
from airflow_provider_dinero.api.auth.tokens import WAY_OUT
from airflow_provider_dinero.api.errors import DineroError
from airflow_provider_dinero.api.masking import hidden
from airflow_provider_dinero.api.ports import EVERYWHERE, Token
from airflow_provider_dinero.consent.connections import ConnectionRecord, find
from airflow_provider_dinero.consent.states import instant
from airflow_provider_dinero.coordination.factory import try_out

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

OK, WARNING, WRONG = "ok", "warning", "wrong"


@dataclass(frozen=True)
class Line:
    """One result of the check.

    :param verdict: str, ok, warning or wrong
    :param about: str, what was checked
    :param told: str, what was found, and what to do about it
    """

    verdict: str
    about: str
    told: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "told", hidden(self.told))  # names and scopes are text from elsewhere


def check(conn_id: str) -> list[Line]:
    """Check a connection (`GET /v1.1/organizations`). It renews an expired token, as a task would.

    :param conn_id: str
    :return: list of Line
    """
    try:
        found = find(conn_id)
        client = found.client()
    except DineroError as error:
        return [Line(WRONG, "connection", str(error))]
    with_client = f"grant {found.extra.get('grant', 'personal_integration')}, client ID {client.grant.client_id}"
    where = "from Airflow's database" if found.in_database else "not from Airflow's database, which can't change it"
    return [Line(OK, "connection", f"{with_client}; {where}."), *_used(found, client)]


def _used(found: ConnectionRecord, client: "DineroClient") -> Iterator[Line]:
    """Use the connection once, and report the results."""
    try:
        try_out(coordination_url(found.extra))
        place = _place(client)
    except DineroError as error:
        yield Line(WRONG, "lock", str(error))
        return
    try:
        before = client.tokens.stored()
        client.tokens.access()
    except DineroError as error:
        yield Line(WRONG, "token", str(error))
        return
    try:  # before the token is shown: if Dinero rejects it, this renews it
        organization = Line(OK, "organization", subscription_of(client))
    except DineroError as error:
        organization = Line(WRONG, "organization", str(error))
    token = client.tokens.stored()
    if token is not None and token.access_token:
        try:
            yield _token(token)
        except DineroError as error:
            yield Line(WRONG, "token", str(error))
        yield from _scope(token, client)
    yield organization
    yield _limits(client, place)
    if before and before.place and EVERYWHERE not in {place, before.place} and before.place != place:
        told = f"The token was renewed under another lock ({before.place}) than the one here ({place})."
        yield Line(WRONG if before.one_time else WARNING, "lock", f"{told} {WAY_OUT}")


def _token(token: Token) -> Line:
    minutes = (token.expires_at - time.time()) / 60
    kind = {None: "", True: ", one-time refresh tokens", False: ", a reusable refresh token"}[token.one_time]
    renewed_at, _ = instant(token.renewed_at), instant(token.expires_at)
    renewed = f", renewed {renewed_at:%Y-%m-%d %H:%M} UTC" if renewed_at else ""
    return Line(OK, "token", f"valid for {minutes:.0f} minutes{renewed}{kind}.")


def _scope(token: Token, client: "DineroClient") -> Iterator[Line]:
    """Report the scopes of the token, if Visma Connect has returned them."""
    scopes = token.scope.split()
    if not any(each.startswith("dineropublicapi") for each in scopes):
        return
    if WRITE in scopes or client.read_only:
        yield Line(OK, "scopes", token.scope)
    else:
        told = "Dinero will refuse writes. Consent again, with an application at Visma that is granted"
        yield Line(WARNING, "scopes", f"{token.scope}. {told} {WRITE}; or set read_only in the connection.")


def _limits(client: "DineroClient", place: str) -> Line:
    """Report the allowance, who shares it, and how much is left."""
    alone = (
        f"shared by all who use this coordination folder (lock {place}); with several hosts, set coordination_url to a "
        "Redis"
    )
    shared = "shared by all hosts" if place == EVERYWHERE else alone
    minute = client.requests_per_minute
    return Line(OK, "limits", f"{minute} requests per minute, {shared}; {client.remaining()} left now.")


def _place(client: "DineroClient") -> str:
    """Return the scope of the lock."""
    with client.lock.hold(client.tokens.key) as held:
        return held.place
