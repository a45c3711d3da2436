"""What can go wrong, as one tree.

DineroError
├── DineroPermanentError            the same again gives the same: never repeated
│   ├── DineroConfigurationError    the connection or an argument is wrong; nothing was written
│   ├── DineroInvalidBody           a body, file or filter is wrong; nothing was sent
│   ├── DineroConflict              the key was used before, for other content
│   ├── DineroNotDue                there is nothing to remind of, or not yet
│   ├── DineroItemsFailed           some items of a list failed, each for a reason of its own
│   ├── DineroUnexpectedAnswer      an answer that Dinero's documents don't know
│   └── DineroRefused               Dinero said no
│       ├── DineroUnauthorized      the credentials or the token
│       │   └── DineroReauthorizationRequired
│       ├── DineroForbidden         the organization, or its subscription
│       ├── DineroNotFound
│       ├── DineroInvalidRequest    validation
│       ├── DineroStaleTimestamp    somebody changed the document in between
│       └── DineroDuplicate         the Guid is taken
├── DineroOutcomeUnknown            the write may or may not have been done: a person has to look
├── DineroDryRun                    a client in a dry run was about to write
└── DineroTemporaryError            the same again may well work
    ├── DineroUnavailable           unreachable, 5xx, or a brownout
    └── DineroThrottled             the request allowance is used up until `until`
"""

from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.masking import hidden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


# What an error says, without its advice, in characters.
LONGEST_MESSAGE = 2000


class DineroError(Exception):
    """The root of all errors of this package. Our secrets are taken out of its text, whoever said them.

    :param message: str, what happened, in Dinero's own words where it has said something
    :param advice: str, what to do now; default none
    """

    # Whether the answer of an earlier try of the same request was lost: that one may have been done.
    lost = False

    def __init__(self, message: str, advice: str = "") -> None:
        self.message = _one_line(hidden(message))
        self.advice = hidden(advice)
        super().__init__(f"{self.message} {self.advice}".strip())


def _one_line(message: str) -> str:
    """Return a message as a log and a terminal can take it, whatever others have put into it."""
    cut = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
    return "".join(each if each.isprintable() else " " for each in cut)


class DineroPermanentError(DineroError):
    """Repeating can't help."""


class DineroConfigurationError(DineroPermanentError):
    """The connection or an argument is wrong; nothing was written in Dinero."""


class DineroInvalidBody(DineroPermanentError, ValueError):
    """A body, file or filter that Dinero would refuse or, worse, misread; nothing was sent."""


class DineroConflict(DineroPermanentError):
    """The idempotency key was used before, for other content."""


class DineroNotDue(DineroPermanentError):
    """There is nothing to remind of, or not yet; nothing was sent."""


class DineroItemsFailed(DineroPermanentError):
    """Some items of a list failed, each for a reason of its own; the others were done."""


class DineroUnexpectedAnswer(DineroPermanentError):
    """An answer that Dinero's documents don't know, such as a redirect or an HTML page."""


class DineroRefused(DineroPermanentError):
    """Dinero said no.

    :param message: str, what happened, in Dinero's own words
    :param advice: str, what to do now
    :param status: int, the HTTP status
    :param code: int or None, Dinero's own error code (40–90)
    :param validation: mapping of property or rule to reason, as Dinero gave it
    :param said: str, the message alone, as Dinero gave it
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
    ) -> None:
        super().__init__(message, advice)
        self.status = status
        self.code = code
        self.validation = hidden(dict(validation or {}))
        self.said = hidden(said)


class DineroUnauthorized(DineroRefused):
    """The credentials or the token were not accepted."""


class DineroReauthorizationRequired(DineroUnauthorized):
    """The refresh token is dead: a person has to consent again."""


class DineroForbidden(DineroRefused):
    """No access to the organization, or its subscription doesn't cover this."""


class DineroNotFound(DineroRefused):
    """There is no such document, contact, account or file."""


class DineroInvalidRequest(DineroRefused):
    """Dinero found the request invalid."""


class DineroStaleTimestamp(DineroRefused):
    """The document was changed since its Timestamp was read."""


class DineroDuplicate(DineroRefused):
    """The Guid or number is taken."""


class DineroOutcomeUnknown(DineroError):
    """The write may or may not have been done, and no look-up could tell."""


class DineroDryRun(DineroError):
    """A client in a dry run was about to write. Everything before that was checked, and nothing was sent.

    :param operation: str, method and path
    :param body: mapping, list or None, as it was checked
    :param earlier: bool, whether it is where an earlier dry run stopped; default False
    """

    def __init__(self, operation: str, body: Any = None, *, earlier: bool = False) -> None:
        super().__init__(f"The dry run stops before {operation}.", "Nothing was written.")
        self.operation = operation
        self.body = body
        self.earlier = earlier
        self.known: dict[str, Any] = {}  # what is known already of what would be returned


class DineroTemporaryError(DineroError):
    """The same again may well work.

    :param message: str, what happened
    :param advice: str, what to do now
    :param until: datetime (UTC) or None, the time before which repeating is useless
    """

    def __init__(self, message: str, advice: str = "", *, until: "datetime | None" = None) -> None:
        super().__init__(message, advice)
        self.until = until


class DineroUnavailable(DineroTemporaryError):
    """Dinero can't be reached, or had an error of its own."""

    # Dinero's own error code, where it has said one.
    code: int | None = None


class DineroThrottled(DineroTemporaryError):
    """The request allowance (100 a minute for an organization and client, 60 for personal integrations) is used up."""

    # The slot that is kept for whoever comes back then, in seconds since the epoch; None where none is.
    slot: float | None = None
