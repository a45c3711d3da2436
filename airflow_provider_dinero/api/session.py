"""The session of a client: checks a request, sends it and decodes the answer. All resources of the client share it."""

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
    """What a request may have beside the values of its path.

    :param query: mapping; None values are left out
    :param body: mapping (or list of them) in Dinero's own property names, checked against the operation's model
    :param kept: mapping of properties that Dinero gave, sent back beside the body as they are
    :param upload: Upload, a file instead of a body
    :param sink: callable, takes the pieces of the answer instead of the memory
    :param accept: str, the media type of the answer; default JSON
    """

    query: Mapping[str, str | None]
    body: Any
    kept: Mapping[str, Any] | None
    upload: Upload
    sink: Callable[[Iterator[bytes]], None]
    accept: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What the resources of one client share. It doesn't change after it was made.

    :param organization: int, digits as str, or None, as the author gave it
    :param base_url: str, root of the API
    :param read_only: bool, refuse writes before they are sent
    :param allowed_organizations: collection of int; an empty one allows all
    :param transport: Transport
    :param pace: Pace
    :param tokens: Bearer
    :param lock: Lock
    :param intents: Intents
    :param look_again: seconds between the looks that settle a lost answer of a write
    :param sleep: callable that waits some seconds
    :param dry_run: bool, read, and stop before the first write
    :param adapt: callable that is shown each error before it is raised
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

        :raises DineroConfigurationError: none was given, or not one that this client may use
        """
        with self.guard():
            return organization_number(self.organization, self.allowed_organizations)

    def another(self, intents: Intents) -> "Session":
        """Return a session for another thread: a connection of its own, and all else the same.

        :param intents: Intents, its own
        """
        return replace(self, transport=self.transport.another(), intents=intents)

    @contextmanager
    def show_errors(self) -> Generator[None]:
        """Show the errors of this package that leave the `with` to the client's surroundings."""
        try:
            yield
        except DineroError as error:
            self.adapt(error)
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

    def send(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Response:
        """Perform an operation: check, fill the path, send, decide. All that a client sends goes through here.

        :param operation: Operation
        :param values: mapping for the path, without organizationId
        :param options: as `Options`
        :return: Response, a success
        :raises DineroError: of the class that says what follows
        """
        with self.guard():
            return self.transport.perform(operation, self._prepare(operation, values, **options), self.tokens)

    def ahead(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Callable[[], Response]:
        """Begin a read in the background, where the allowance has room for it now.

        :param operation: Operation, a read
        :param values: mapping for the path
        :param options: as `send` takes them
        :return: callable that gives the answer, as `send` would
        """
        with self.guard():
            request = self._prepare(operation, values, **options)
            begun = self.transport.ahead(operation, request, self.tokens)

        def answer() -> Response:
            with self.guard():
                return self.transport.perform(operation, request, self.tokens, begun)

        return answer

    def json(self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]) -> Any:
        """Perform an operation and return its answer: dicts and lists, amounts as Decimal.

        :param operation: Operation
        :param values: mapping for the path
        :param options: as `send` takes them
        :return: in the shape that the operation has; None where there is no content, and none is due
        """
        return self.send(operation, values, **options).value

    def _prepare(
        self, operation: Operation, values: Mapping[str, object] | None = None, **options: Unpack[Options]
    ) -> Request:
        require_https(self.base_url)
        if self.read_only and operation.repeat is not Repeat.READ:
            raise DineroConfigurationError(
                f"This connection is read-only: {operation} was not sent.", "Use a connection that may write."
            )
        path = fill(operation.path, {**(values or {}), "organizationId": lambda: self.organization_id})
        accept, body, kept, upload = (
            options.get("accept", JSON),
            options.get("body"),
            options.get("kept"),
            options.get("upload"),
        )
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
        params = {
            name: encodable(name, value) for name, value in (options.get("query") or {}).items() if value is not None
        }
        return Request(f"{self.base_url}{path}", headers, params or None, data, options.get("sink"))


def require_https(url: str) -> None:
    """Make sure that an address is one that credentials may go to.

    :param url: str
    :raises DineroConfigurationError: plain http that leaves this machine, a user name, no address
    """
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
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local(url)):
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


def is_local(url: str) -> bool:
    """Tell whether an address is on this machine.

    :param url: str
    """
    return urlsplit(url).hostname in LOOPBACK
