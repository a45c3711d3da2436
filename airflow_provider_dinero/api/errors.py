"""All errors, as one tree.

DineroError
├── DineroPermanentError            a retry can't help: never retried
│   ├── DineroConfigurationError    the connection or an argument is wrong; nothing was written
│   ├── DineroInvalidBody           a body, file or filter is wrong; nothing was sent
│   ├── DineroConflict              the idempotency key was already used for other content
│   ├── DineroWrongTotal            a document doesn't come to what its author expects; it wasn't booked
│   ├── DineroNotDue                nothing to send a reminder for, or not due yet
│   ├── DineroItemsFailed           some items of a list failed, each for its own reason
│   ├── DineroUnexpectedAnswer      a response that Dinero's documentation doesn't describe
│   └── DineroRefused               Dinero refused the request
│       ├── DineroUnauthorized      the credentials or the token
│       │   └── DineroReauthorizationRequired
│       ├── DineroForbidden         the organization, or its subscription
│       ├── DineroNotFound          no such document, contact, account or file
│       ├── DineroInvalidRequest    validation
│       ├── DineroStaleTimestamp    somebody changed the document meanwhile
│       └── DineroDuplicate         the Guid or number is taken
├── DineroOutcomeUnknown            the write may or may not have been done: a person must check
├── DineroDryRun                    a client in a dry run was about to write
└── DineroTemporaryError            a retry may succeed
    ├── DineroUnavailable           unreachable, 5xx, or a brownout
    └── DineroThrottled             the request allowance is used up until `until`
"""

from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.masking import hidden

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime


# Longest text of an error, without its advice, in characters.
LONGEST_MESSAGE = 2000


class DineroError(Exception):
    """The root of all errors of this package. Secrets are removed from its text, wherever the text is from.

    :param message: str, what happened, in Dinero's own words if it gave any
    :param advice: str, what to do now; default none
    :param settings: names of the connection's fields to look at; default none
    """

    # Whether the response of an earlier attempt of the same request was lost: that attempt may have been done.
    lost = False

    # What had been done before it happened: a sentence that precedes its text.
    done_before = ""

    def __init__(self, message: str, advice: str = "", *, settings: "Collection[str]" = ()) -> None:
        self.message = _one_line(hidden(message))
        self.advice = hidden(advice)
        self.settings = tuple(settings)
        super().__init__(f"{self.message} {self.advice}".strip())

    def __str__(self) -> str:
        """Return what happened and what to do now."""
        return f"{self.done_before} {super().__str__()}".lstrip()


def _one_line(message: str) -> str:
    """Return a message that a log and a terminal can show, whatever text from elsewhere it contains."""
    cut = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
    return "".join(each if each.isprintable() else " " for each in cut)


class DineroPermanentError(DineroError):
    """A retry can't help."""


class DineroConfigurationError(DineroPermanentError):
    """The connection or an argument is wrong; nothing was written in Dinero.

    :param message: str, what happened; with a connection, the rest of a sentence about it, such as "has no api_key."
    :param advice: str, what to do now
    :param settings: names of the connection's fields to look at; default none
    :param conn_id: str, the connection; default none
    """

    def __init__(self, message: str, advice: str = "", *, settings: "Collection[str]" = (), conn_id: str = "") -> None:
        super().__init__(f"Connection {conn_id} {message}" if conn_id else message, advice, settings=settings)
        self.conn_id = conn_id
        self._about_it = message

    def about(self, subject: str) -> str:
        """Return the text with another name for the connection.

        :param subject: str, such as "This connection"
        """
        return str(type(self)(f"{subject} {self._about_it}", self.advice)) if self.conn_id else str(self)


class DineroInvalidBody(DineroPermanentError, ValueError):
    """A body, file, filter or argument is wrong: Dinero would refuse it or, worse, misread it."""


class DineroConflict(DineroPermanentError):
    """Dinero has something that conflicts with what you gave, such as other content for the same idempotency key."""


class DineroWrongTotal(DineroPermanentError):
    """A document doesn't have the total that you expect, so the operator doesn't book it."""


class DineroNotDue(DineroPermanentError):
    """There is no reason to send a reminder, or the reminder isn't due yet; nothing was sent."""


class DineroItemsFailed(DineroPermanentError):
    """Some items of a list failed, each for its own reason; the others, if any, succeeded."""


class DineroUnexpectedAnswer(DineroPermanentError):
    """The response isn't one that Dinero's documentation describes; it may be a redirect or an HTML page."""


class DineroRefused(DineroPermanentError):
    """Dinero refused the request.

    :param message: str, what happened, in Dinero's own words
    :param advice: str, what to do now
    :param status: int, the HTTP status
    :param code: int or None, Dinero's own error code (40–90)
    :param validation: mapping of property or rule to reason, from Dinero
    :param said: str, only Dinero's message
    :param settings: names of the connection's fields to look at; default none
    """

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        status: int = 0,
        code: int | None = None,
        validation: "Mapping[str, Any] | None" = None,
        said: str = "",
        settings: "Collection[str]" = (),
    ) -> None:
        super().__init__(message, advice, settings=settings)
        self.status = status
        self.code = code
        self.validation = hidden(dict(validation or {}))
        self.said = hidden(said)


class DineroUnauthorized(DineroRefused):
    """Dinero or Visma Connect rejected the credentials or the token."""


class DineroReauthorizationRequired(DineroUnauthorized):
    """The refresh token is no longer valid, so a person must consent again."""


class DineroForbidden(DineroRefused):
    """The user has no access to the organization, or the organization's subscription doesn't include this."""


class DineroNotFound(DineroRefused):
    """There is no such document, contact, account or file."""


class DineroInvalidRequest(DineroRefused):
    """Dinero considers the request invalid."""


class DineroStaleTimestamp(DineroRefused):
    """The document has changed since its Timestamp was read."""


class DineroDuplicate(DineroRefused):
    """The Guid or number is taken."""


class DineroOutcomeUnknown(DineroError):
    """The write may or may not have been done, and the client can't find out which."""


class DineroDryRun(DineroError):
    """A client in a dry run was about to write. Everything before that was checked, and nothing was sent.

    :param operation: str, method and path
    :param body: mapping, list or None, the checked body
    :param earlier: bool, whether an earlier dry run stopped at the same place; default False
    """

    def __init__(self, operation: str, body: Any = None, *, earlier: bool = False) -> None:
        super().__init__(f"The dry run stops before {operation}.", "Nothing was written.")
        self.operation = operation
        self.body = body
        self.earlier = earlier
        self.known: dict[str, Any] = {}  # what is already known of the result


class DineroTemporaryError(DineroError):
    """A retry may succeed.

    :param message: str, what happened
    :param advice: str, what to do now
    :param until: datetime (UTC) or None, the time before which a retry is useless
    :param settings: names of the connection's fields to look at; default none
    """

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        until: "datetime | None" = None,
        settings: "Collection[str]" = (),
    ) -> None:
        super().__init__(message, advice, settings=settings)
        self.until = until


class DineroUnavailable(DineroTemporaryError):
    """Dinero can't be reached, or had an internal error."""

    # Dinero's own error code, if it gave one.
    code: int | None = None


class DineroThrottled(DineroTemporaryError):
    """The request allowance is used up: 100 a minute for a client and organization, 60 for a personal integration."""

    # The slot kept for a caller who comes back, in seconds since the epoch; None if there is none.
    slot: float | None = None
