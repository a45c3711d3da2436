"""The session of a client checks a request, sends it and decodes the response. All its resources share it."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

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
from airflow_provider_dinero.api.http.transport import Bearer, Transport
from airflow_provider_dinero.api.http.uploads import Upload
from airflow_provider_dinero.api.operations import Operation, Repeat
from airflow_provider_dinero.api.ports import Intents, Lock

JSON = "application/json"


class Options(TypedDict, total=False):
    """Options of a request, besides the values of its path.

    :param query: mapping; None values are left out
    :param body: mapping (or list of them) with Dinero's property names, checked against the operation's model
    :param kept: mapping of properties from Dinero, sent back unchanged beside the body
    :param upload: Upload, a file instead of a body
    :param sink: callable, receives the pieces of the response instead of memory
    :param accept: str, the media type of the response; default JSON
    """

    query: Mapping[str, str | None]
    body: Any
    kept: Mapping[str, Any] | None
    upload: Upload
    sink: Callable[[Iterator[bytes]], None]
    accept: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the resources of one client share. It never changes after it is created.

    :param organization: int, digits as str, or None, as you gave it
    :param base_url: str, root of the API
    :param read_only: bool, whether to refuse writes before they are sent
    :param allowed_organizations: collection of int; an empty one allows all
    :param transport: Transport
    :param pace: Pace
    :param tokens: Bearer
    :param lock: Lock
    :param intents: Intents
    :param look_again: seconds between the lookups that settle a lost response of a write
    :param sleep: callable that waits some seconds
    :param dry_run: bool, whether to read, and stop before the first write
    :param adapt: callable that receives each error before it is raised
    """

    organization: int | str | None
    base_url: str
    read_only: bool
    allowed_organizations: Collection[int]
    transport: Transport
    pace: Pace
    tokens: Bearer
    lock: Lock
    intents: Intents
    look_again: Sequence[float]
    sleep: Callable[[float], None]
    dry_run: bool
    adapt: Callable[[DineroError], None]

    @property
    def organization_id(self) -> int:
        """The organization's number.

        :raises DineroConfigurationError: it is missing, or this client must not use it
        """
        with self.guard():
            return organization_number(self.organization, self.allowed_organizations)

    def another(self, intents: Intents) -> "Session":
        """Return a session for another thread: with its own connection, and otherwise the same.

        :param intents: Intents, its own
        """
        return replace(self, transport=self.transport.another(), intents=intents)

    @contextmanager
    def show_errors(self) -> Generator[None]:
        """Report the errors of this package that leave the `with` block to the client's environment."""
        try:
            yield
        except DineroError as error:
            self.adapt(error)
            raise

    @contextmanager
    def guard(self) -> Generator[None]:
        """Do the same around code that reads responses: a missing or odd property becomes an error of this package.

        Not for code that does other things too, such as an operator: its own failures would be blamed on Dinero.
        """
        taken = self.pace.taken
        with self.show_errors():
            try:
                yield
            except DineroError:
                raise
            except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
                if self.pace.taken == taken:  # no request was sent, so an argument is wrong
                    raise
                raise _odd(error) from error

    def send(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Response:
        """Perform an operation: check, fill in the path, send, decide. Every request of a client goes through here.

        :param operation: Operation
        :param values: mapping for the path, without organizationId
        :param options: see `Options`
        :return: Response, a success
        :raises DineroError: of the class that says what to do
        """
        with self.guard():
            return self.transport.perform(operation, self._prepare(operation, values, **options), self.tokens)

    def ahead(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Callable[[], Response]:
        """Start a read in the background, if the allowance has room for it now.

        :param operation: Operation, a read
        :param values: mapping for the path
        :param options: as for `send`
        :return: callable that returns the response, as `send` would
        """
        with self.guard():
            request = self._prepare(operation, values, **options)
            begun = self.transport.ahead(operation, request, self.tokens)

        def answer() -> Response:
            with self.guard():
                return self.transport.perform(operation, request, self.tokens, begun)

        return answer

    def json(self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]) -> Any:
        """Perform an operation and return its response: dicts and lists, amounts as Decimal.

        :param operation: Operation
        :param values: mapping for the path
        :param options: as for `send`
        :return: in the shape of the operation; None if there is no content, and none is expected
        """
        return self.send(operation, values, **options).value

    def _prepare(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Request:
        require_https(self.base_url)
        if self.read_only and operation.repeat is not Repeat.READ:
            raise DineroConfigurationError(
                f"This connection is read-only: {operation} was not sent.", "Use a connection that is not read-only."
            )
        path = fill(operation.path, {**(values or {}), "organizationId": lambda: self.organization_id})
        accept, body, kept, upload = (
            options.get("accept", JSON),
            options.get("body"),
            options.get("kept"),
            options.get("upload"),
        )
        headers = {"Accept": accept}
        if accept == FILE:  # decompressed data shows no sign of being complete, and files are compressed already
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
        params = {
            name: encodable(name, value) for name, value in (options.get("query") or {}).items() if value is not None
        }
        return Request(f"{self.base_url}{path}", headers, params or None, data, options.get("sink"))


_FORM = "Give a host, or https://HOST or https://HOST:PORT."


def require_https(url: str) -> None:
    """Check that credentials may be sent to an address.

    :param url: str
    :raises DineroConfigurationError: it is plain http to another machine, contains a user name, or isn't an address
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DineroConfigurationError(f"{url!r} is not an address.", _FORM) from None
    if parts.username is not None:
        raise DineroConfigurationError(
            f"The address of {parts.hostname} contains a user name.", "Put credentials in their own fields."
        )
    if not parts.scheme or not parts.hostname:
        raise DineroConfigurationError(f"{url!r} is not an address.", _FORM)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local(url)):
        raise DineroConfigurationError(
            f"{parts.scheme}://{parts.hostname} is refused: credentials are only sent over https.",
            "Use https; plain http is for a sandbox on this machine.",
        )


def _odd(error: Exception) -> DineroUnexpectedAnswer:
    """Return the error for a complete response with a missing or odd value."""
    told = f"has no {clean(error)}" if isinstance(error, KeyError) else f"can't be used: {clean(error)}"
    odd = DineroUnexpectedAnswer(
        f"A response of Dinero {told} ({type(error).__name__}).",
        "Check in Dinero. If this persists, the provider needs an update.",
    )
    odd.lost = True  # the last request may have been a write
    return odd


def is_local(url: str) -> bool:
    """Tell whether an address is on this machine.

    :param url: str
    """
    return urlsplit(url).hostname in LOOPBACK
