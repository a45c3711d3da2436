"""DineroClient: one organization, with its resources as attributes."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_dinero.api import ports
from airflow_provider_dinero.api.auth.grants import Grant
from airflow_provider_dinero.api.auth.token_endpoint import TokenEndpoint
from airflow_provider_dinero.api.auth.tokens import Tokens
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.api.http.pace import LONGEST_WAIT, Pace
from airflow_provider_dinero.api.http.responses import Response
from airflow_provider_dinero.api.http.retry import ATTEMPTS
from airflow_provider_dinero.api.http.transport import Transport
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.catalog import Resources
from airflow_provider_dinero.api.resources.once import LOOK_AGAIN
from airflow_provider_dinero.api.session import Options, Session, is_local, require_https

if TYPE_CHECKING:
    from airflow_provider_dinero.api.batches.batches import Batches
    from airflow_provider_dinero.api.resources.preflight import Preflight

BASE_URL = "https://api.dinero.dk"
TOKEN_TIMEOUT = 10.0


@dataclass(frozen=True, init=False, repr=False, eq=False)
class DineroClient(Resources):
    """Dinero's API for one organization. Creating a client sends nothing; only its methods do.

        client = DineroClient(100001, PersonalIntegration("id", "secret", "key"))
        for row in client.invoices.list(status=["Overdue"]): ...

    :param organization_id: int, digits as str, or None for operations that need no organization
    :param grant: PersonalIntegration or VismaConnect
    :param base_url: str, root of the API; default https://api.dinero.dk
    :param token_store: TokenStore; default one for this process, which a VismaConnect grant doesn't take: its refresh
        token may be one-time, and would be lost with the process. Outside Airflow pass a `FileTokenStore`
    :param lock: Lock; default that of the token store, if it has one, else one for this process
    :param budget: Budget; default one for this process
    :param requests_per_minute: int or None; default the grant's: 100, or 60 for personal integrations
    :param timeout: float, seconds to wait for a response; default 60
    :param read_only: bool, whether to refuse writes before they are sent; default False
    :param allowed_organizations: collection of int; default empty, which allows all
    :param look_again: seconds between the lookups that settle a lost response of a write; default 5, 15 and 40
    :param attempts: int, how many times a request is tried before its error is raised; default 4
    :param sleep: callable that waits some seconds; default time.sleep
    :param may_spend: bool, whether a refresh token may be used; default True
    :param token_requests_count: bool, whether requests for a token use the allowance; default True
    :param meter: Meter; default none
    :param adapt: callable that receives each error before it is raised; default none
    :param intents: Intents, records of bare writes; default one for this process
    :param dry_run: bool, whether to read, and stop before the first write; default False
    :param keep_slots: bool, whether to keep a slot of the allowance that is too far away to wait for; default False
    :param longest_wait: float, longest wait for a slot, in seconds; default 61
    :param slot: float or None, a slot that was kept, for the first request; default none
    :param who: str, who sends: shown to people who check who waits for the allowance; default nobody
    """

    session: Session
    grant: Grant
    tokens: Tokens
    endpoint: TokenEndpoint

    def __init__(
        self,
        organization_id: int | str | None,
        grant: Grant,
        *,
        base_url: str = BASE_URL,
        token_store: ports.TokenStore | None = None,
        lock: ports.Lock | None = None,
        budget: ports.Budget = ports.BUDGET,
        requests_per_minute: int | None = None,
        timeout: float = 60.0,
        read_only: bool = False,
        allowed_organizations: Collection[int] = (),
        look_again: Sequence[float] = LOOK_AGAIN,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
        may_spend: bool = True,
        token_requests_count: bool = True,
        meter: ports.Meter = ports.NO_METER,
        adapt: Callable[[DineroError], None] = lambda error: None,
        intents: ports.Intents | None = None,
        dry_run: bool = False,
        keep_slots: bool = False,
        longest_wait: float = LONGEST_WAIT,
        slot: float | None = None,
        who: str = "",
    ) -> None:
        if token_store is None and grant.spends_refresh_token:
            raise DineroConfigurationError(
                "VismaConnect needs a token_store: a one-time refresh token that is lost with this process ends the "
                "consent.",
                "Pass token_store=FileTokenStore() (airflow_provider_dinero.coordination.token_file). In Airflow, use "
                "DineroHook.",
            )
        token_store = token_store or ports.TOKENS
        alone: ports.Lock = getattr(token_store, "lock", ports.LOCK) if lock is None else lock
        base_url = base_url.rstrip("/")
        # However its number is written: "100001" of a connection and the int share one allowance.
        text = str(organization_id).strip().lstrip("0")
        key, per_minute = f"{grant.client_id}/{text}", requests_per_minute or grant.requests_per_minute
        waits: dict[str, Any] = {"keep_slots": keep_slots, "longest_wait": longest_wait, "slot": slot, "who": who}
        pace = Pace(budget, key, per_minute, sleep, meter, **waits)
        # A lost response must be requested again within the grace period of the refresh token: at most 60 seconds.
        wait = min(timeout, TOKEN_TIMEOUT)
        to_endpoint = Transport(pace if token_requests_count else None, meter, wait, attempts, sleep)
        endpoint = TokenEndpoint(grant, to_endpoint, self.require_safe)
        tokens = Tokens(grant, base_url, token_store, alone, endpoint.fetch, may_spend=may_spend, meter=meter)
        session = Session(
            organization=organization_id,
            base_url=base_url,
            read_only=read_only,
            allowed_organizations=allowed_organizations,
            transport=Transport(pace, meter, timeout, attempts, sleep),
            pace=pace,
            tokens=tokens,
            lock=alone,
            intents=intents or ports.ProcessIntents(),
            look_again=look_again,
            sleep=sleep,
            dry_run=dry_run,
            adapt=adapt,
        )
        vars(self).update(session=session, grant=grant, tokens=tokens, endpoint=endpoint)

    @property
    def organization_id(self) -> int:
        """The organization's number.

        :raises DineroConfigurationError: it is missing, or this client must not use it
        """
        return self.session.organization_id

    @property
    def base_url(self) -> str:
        """The root of the API."""
        return self.session.base_url

    @property
    def read_only(self) -> bool:
        """Whether writes are refused before they are sent."""
        return self.session.read_only

    @property
    def lock(self) -> ports.Lock:
        """The lock that stops others from doing the same at once."""
        return self.session.lock

    @property
    def pace(self) -> Pace:
        """The pace of the requests."""
        return self.session.pace

    @property
    def requests_per_minute(self) -> int:
        """The allowance in effect."""
        return self.pace.per_minute

    def batches(self, store: ports.StateStore | None = None) -> "Batches":
        """Return the operations on lists: many invoices, contacts, products or payments at a time.

        :param store: StateStore that records what was written, so that the next call needn't read it again; default
            this process
        """
        from airflow_provider_dinero.api.batches.batches import Batches

        return Batches(self.session, ports.STATES if store is None else store)

    def send(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Response:
        """Perform an operation, like `Session.send`.

        :param operation: Operation
        :param values: mapping for the path, without organizationId
        :param options: see `Options`
        :return: Response, a success
        :raises DineroError: of the class that says what to do
        """
        return self.session.send(operation, values, **options)

    def json(self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]) -> Any:
        """Perform an operation and return its response: dicts and lists, amounts as Decimal.

        :param operation: Operation
        :param values: mapping for the path, without organizationId
        :param options: see `Options`
        :return: in the shape of the operation; None if there is no content, and none is expected
        """
        return self.session.json(operation, values, **options)

    def show_errors(self) -> AbstractContextManager[None]:
        """Report the errors of this package that leave the `with` block to the client's environment."""
        return self.session.show_errors()

    def preflight(self) -> "Preflight":
        """Return a Preflight, which checks all later steps before booking. Use one for many documents."""
        from airflow_provider_dinero.api.resources.preflight import Preflight

        return Preflight(self.session, self.contacts, self.accounts, self.accounting_years)

    def remaining(self) -> int:
        """Return how many requests are left now, for everyone who shares the allowance."""
        return self.pace.remaining()

    def close(self) -> None:
        """Close the connections."""
        self.session.transport.close()
        self.endpoint.close()

    def require_safe(self, url: str) -> None:
        """Check that credentials, or a person who consents, may be sent to this address of the grant.

        :param url: str
        :raises DineroConfigurationError: it is plain http to another machine, contains a user name, or isn't an address
        """
        require_https(url)
        if is_local(self.base_url) and not is_local(url):
            raise DineroConfigurationError(
                f"The API is on this machine, but the token endpoint is not: {self.grant.auth_url}.",
                "Set auth_url to the sandbox's address too; nothing was sent.",
                settings=("auth_url",),
            )
