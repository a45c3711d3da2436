"""DineroClient: one organization, its resources as attributes."""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_dinero.api import ports
from airflow_provider_dinero.api.auth.grants import Grant
from airflow_provider_dinero.api.auth.token_endpoint import TokenEndpoint
from airflow_provider_dinero.api.auth.tokens import Tokens
from airflow_provider_dinero.api.bodies.validation import check, complete, encodable, encode
from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroDryRun,
    DineroError,
    DineroUnexpectedAnswer,
)
from airflow_provider_dinero.api.http.connection import FILE, LOOPBACK, Request
from airflow_provider_dinero.api.http.pace import Pace
from airflow_provider_dinero.api.http.paths import fill, organization_number
from airflow_provider_dinero.api.http.responses import Response, clean
from airflow_provider_dinero.api.http.retry import ATTEMPTS
from airflow_provider_dinero.api.http.transport import Transport
from airflow_provider_dinero.api.http.uploads import Upload
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.resources.catalog import Resources

JSON = "application/json"
BASE_URL = "https://api.dinero.dk"
TOKEN_TIMEOUT = 10.0


class DineroClient(Resources):
    """Dinero's API for one organization. Safe to make anywhere: nothing is sent until a method is called.

        client = DineroClient(100001, PersonalIntegration("id", "secret", "key"))
        for row in client.invoices.list(status=["Overdue"]): ...

    :param organization_id: int, digits as str, or None for the operations that need none
    :param grant: PersonalIntegration or VismaConnect
    :param base_url: str, root of the API; default https://api.dinero.dk
    :param token_store: TokenStore; default this process
    :param lock: Lock; default this process
    :param budget: Budget; default this process
    :param requests_per_minute: int or None; default what the grant has: 100, or 60 for personal integrations
    :param timeout: float, seconds to wait for an answer; default 60
    :param read_only: bool, refuse writes before they are sent; default False
    :param allowed_organizations: collection of int; default empty, which allows all
    :param look_again: seconds between the look-ups that settle a lost answer of a write; default 5, 15 and 40
    :param attempts: int, how often a request is tried before its error is raised; default 4
    :param sleep: callable that waits some seconds; default time.sleep
    :param may_spend: bool, whether a refresh token may be spent; default True
    :param token_requests_count: bool, whether requests for a token use the allowance; default True
    :param meter: Meter; default none
    :param adapt: callable that is shown each error before it is raised; default none
    """

    def __init__(
        self,
        organization_id: int | str | None,
        grant: Grant,
        *,
        base_url: str = BASE_URL,
        token_store: ports.TokenStore = ports.TOKENS,
        lock: ports.Lock = ports.LOCK,
        budget: ports.Budget = ports.BUDGET,
        requests_per_minute: int | None = None,
        timeout: float = 60.0,
        read_only: bool = False,
        allowed_organizations: Collection[int] = (),
        look_again: Sequence[float] = (5.0, 15.0, 40.0),
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
        may_spend: bool = True,
        token_requests_count: bool = True,
        meter: ports.Meter = ports.NO_METER,
        adapt: Callable[[DineroError], None] = lambda error: None,
    ) -> None:
        self.lock = lock
        self.intents: ports.Intents = ports.ProcessIntents()
        self.look_again = look_again
        self.sleep = sleep
        # Whether the client only dry_run: it reads, and stops before the first write.
        self.dry_run = False
        self._organization_id = organization_id
        self.grant = grant
        self.base_url = base_url.rstrip("/")
        self.read_only = read_only
        self._allowed = allowed_organizations
        self._adapt = adapt
        # However its number is written: "100001" of a connection, or an int, shares one allowance.
        text = str(organization_id).strip().lstrip("0")
        key, per_minute = f"{grant.client_id}/{text}", requests_per_minute or grant.requests_per_minute
        self.pace = Pace(budget, key, per_minute, sleep, meter)
        self._transport = Transport(self.pace, meter, timeout, attempts, sleep)
        # A lost answer has to be asked for again while the refresh token has grace: 60 seconds at the most.
        wait = min(timeout, TOKEN_TIMEOUT)
        pace = self.pace if token_requests_count else None
        self.endpoint = TokenEndpoint(grant, Transport(pace, meter, wait, attempts, sleep), self.require_safe)
        self.tokens = Tokens(
            grant, self.base_url, token_store, lock, self.endpoint.fetch, may_spend=may_spend, meter=meter
        )
        super().__init__(self)

    @property
    def organization_id(self) -> int:
        """The organization's number.

        :raises DineroConfigurationError: none was given, or not one that this client may use
        """
        with self.guard():
            return organization_number(self._organization_id, self._allowed)

    @contextmanager
    def show_errors(self) -> Generator[None]:
        """Show the errors of this package that leave the `with` to the client's surroundings."""
        try:
            yield
        except DineroError as error:
            self._adapt(error)
            raise

    @contextmanager
    def guard(self) -> Generator[None]:
        """Do the same around what reads answers: a property that is missing, or of another kind, is an error of ours.

        Not for code that does other things too, such as an operator: whatever fails there would be told as Dinero's.
        """
        taken = self.pace.taken
        with self.show_errors():
            try:
                yield
            except DineroError:
                raise
            except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
                if self.pace.taken == taken:  # nothing was asked: it is an argument
                    raise
                raise _odd(error) from error

    def send(self, operation: Operation, values: Mapping[str, object] | None = None, **options: Any) -> Response:
        """Perform an operation: check, fill the path, send, decide. All that a client sends goes through here.

        :param operation: Operation
        :param values: mapping for the path, without organizationId
        :param query: mapping; None values are left out
        :param body: mapping (or list of them) in Dinero's own property names, checked against the operation's model
        :param kept: mapping of properties that Dinero gave, sent back beside the body as they are
        :param upload: Upload or None, a file instead of a body
        :param sink: callable or None, takes the pieces of the answer instead of the memory
        :param accept: str, the media type of the answer; default JSON
        :return: Response, a success
        :raises DineroError: of the class that says what follows
        """
        with self.guard():
            return self._transport.perform(operation, self._prepare(operation, values, **options), self.tokens)

    def ahead(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Any
    ) -> Callable[[], Response]:
        """Begin a read in the background, where the allowance has room for it now.

        :param operation: Operation, a read
        :param values: mapping for the path
        :param options: as `send` takes them
        :return: callable that gives the answer, as `send` would
        """
        with self.guard():
            request = self._prepare(operation, values, **options)
            begun = self._transport.ahead(operation, request, self.tokens)

        def answer() -> Response:
            with self.guard():
                return self._transport.perform(operation, request, self.tokens, begun)

        return answer

    def json(self, operation: Operation, values: Mapping[str, object] | None = None, **options: Any) -> Any:
        """Perform an operation and return its answer: dicts and lists, amounts as Decimal.

        :param operation: Operation
        :param values: mapping for the path
        :param options: as `send` takes them
        :return: in the shape that the operation has; None where there is no content, and none is due
        """
        return self.send(operation, values, **options).value

    @property
    def requests_per_minute(self) -> int:
        """The allowance that is in force."""
        return self.pace.per_minute

    def remaining(self) -> int:
        """Return how much of the allowance is left now, for all who share it."""
        return self.pace.remaining()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
        self.endpoint.close()

    def _prepare(
        self,
        operation: Operation,
        values: Mapping[str, object] | None = None,
        *,
        query: Mapping[str, str | None] | None = None,
        body: Any = None,
        kept: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
        sink: Callable[[Iterator[bytes]], None] | None = None,
        accept: str = JSON,
    ) -> Request:
        self._require_https(self.base_url)
        if self.read_only and operation.repeat is not Repeat.READ:
            raise DineroConfigurationError(
                f"This connection is read-only: {operation} was not sent.", "Use a connection that may write."
            )
        path = fill(operation.path, {**(values or {}), "organizationId": lambda: self.organization_id})
        headers = {"Accept": accept}
        if accept == FILE:  # nothing tells whether what is unpacked is whole, and what is in it is packed already
            headers["Accept-Encoding"] = "identity"
        data: bytes | Upload | None = upload
        if upload:
            headers["Content-Type"] = upload.content_type
        elif operation.body is not None:
            headers["Content-Type"] = JSON
            body = complete(operation.body, check(operation.body, {} if body is None else body))
            data = encode({**kept, **body} if kept else body)
        if self.dry_run and operation.repeat is not Repeat.READ:
            raise DineroDryRun(f"{operation.method} {path}", body)
        params = {name: encodable(name, value) for name, value in (query or {}).items() if value is not None}
        return Request(f"{self.base_url}{path}", headers, params or None, data, sink)

    def require_safe(self, url: str) -> None:
        """Make sure that credentials, or whoever consents, may go to this address of the grant.

        :param url: str
        :raises DineroConfigurationError: plain http that leaves this machine, a user name, no address
        """
        self._require_https(url)
        if _local(self.base_url) and not _local(url):
            raise DineroConfigurationError(
                f"The API is on this machine, and the token endpoint is not: {self.grant.auth_url}.",
                "Give the sandbox's address as auth_url too; nothing was sent.",
            )

    def _require_https(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise DineroConfigurationError(f"{url!r} is not an address.", "Begin it with https://.") from None
        if parts.username is not None:
            raise DineroConfigurationError(
                f"The address of {parts.hostname} holds a user name.", "Credentials have fields of their own."
            )
        if not parts.scheme or not parts.hostname:
            raise DineroConfigurationError(f"{url!r} is not an address.", "Begin it with https://.")
        if parts.scheme != "https" and not (parts.scheme == "http" and _local(url)):
            raise DineroConfigurationError(
                f"{parts.scheme}://{parts.hostname} is refused: credentials go over https only.",
                "Use https; plain http is for a sandbox on this machine.",
            )


def _odd(error: Exception) -> DineroUnexpectedAnswer:
    """Return the error for an answer that is whole, and has something missing or of another kind inside."""
    told = f"has no {clean(error)}" if isinstance(error, KeyError) else f"can't be used: {clean(error)}"
    odd = DineroUnexpectedAnswer(
        f"An answer of Dinero {told} ({type(error).__name__}).",
        "Look in Dinero; if it stays so, the provider needs a new version.",
    )
    odd.lost = True  # what was asked for last may have been a write
    return odd


def _local(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK
