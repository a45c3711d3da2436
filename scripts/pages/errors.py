"""Errors A to Z: the classes that are raised, and Dinero's codes, from the tables that raise them."""

import inspect
import re
from pathlib import Path

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.codes import CODES
from airflow_provider_dinero.api.errors import (
    DineroError,
    DineroOutcomeUnknown,
    DineroPermanentError,
    DineroTemporaryError,
)

CAUSES = Path(__file__).parent.parent.parent / "docs" / "sandbox-codes.md"
NO_CAUSE = "can't be caused through the API"
# What nobody sees: roots of the tree, and what a dry run is ended by.
UNSEEN = {"DineroError", "DineroPermanentError", "DineroTemporaryError", "DineroRefused", "DineroDryRun"}
WHAT_TO_DO = {
    "DineroConfigurationError": "Correct the field or the argument that is named.",
    "DineroConflict": "Read the difference that is shown. Give another `idempotency_key` to another document; raise "
    "`generation` to make the same one anew on purpose.",
    "DineroDuplicate": "The Guid is in use for something else, or was: raise `generation`.",
    "DineroForbidden": "Check `organization_id` and the subscription; `airflow dinero check` says which.",
    "DineroInvalidBody": "Correct what is named; Dinero was not asked to write anything.",
    "DineroInvalidRequest": "Correct what Dinero names; its own words are in the message.",
    "DineroNotDue": "Nothing: the task is skipped, and a later run looks again.",
    "DineroNotFound": "Check the Guid and `organization_id`; for an account or a year, its number in Dinero.",
    "DineroOutcomeUnknown": "Look at the document that is named, in Dinero. Then go on as it says: "
    "[when the outcome is unknown](exactly-once.md#when-the-outcome-is-unknown).",
    "DineroReauthorizationRequired": "A person consents again: `airflow dinero authorize <connection>`, or the page "
    "*Admin → Dinero*. Then clear the task.",
    "DineroStaleTimestamp": "Somebody changed the document: look at it in Dinero, then clear the task.",
    "DineroThrottled": "Nothing: the task waits, defers, or is retried. See [rate limits](rate-limits.md).",
    "DineroUnauthorized": "Check client id, client secret and API key in the connection.",
    "DineroUnavailable": "Nothing while there are `retries`. After that, see whether Dinero is up, and clear the task.",
    "DineroUnexpectedAnswer": "Check the API address of the connection: a proxy or another site may have answered.",
}
HEAD = """# Errors A to Z

An error says what happened, in Dinero's own words where Dinero has said something, and what to do now. Three sorts:

- **permanent**: the same again gives the same. The task fails at once, whatever its `retries`; so does a plain `@task`
  that uses the hook.
- **temporary**: Airflow's `retries` apply, and those of operators wait as long as Dinero asks. A plain `@task` does so
  with `retry_policy=DINERO_RETRY_POLICY`.
- **unknown**: a write may or may not have been done. The task fails at once, and a person has to look.

All are in `airflow_provider_dinero.api.errors`.

## Classes

| class | sort | meaning | what to do |
|---|---|---|---|
"""
CODES_HEAD = """
## Codes

Dinero's own error codes, as they stand in a message: *"Dinero refused POST /v1/… with HTTP 400, code 42: …"*. The
[sandbox](sandbox-codes.md) answers with each of them. The class of a code can be caught by itself.

| code | meaning | class | cause, for example | what to do |
|---|---|---|---|---|
"""


def page() -> str:
    """Return `errors.md`."""
    found = {
        name: each
        for name, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, DineroError) and name not in UNSEEN
    }
    classes = "".join(
        f"| `{name}` | {sort(each)} | {(each.__doc__ or '').splitlines()[0]} | {WHAT_TO_DO[name]} |\n"
        for name, each in sorted(found.items())
    )
    causes = dict(re.findall(r"^\| (\d+) \|[^|]*\|[^|]*\| (.*) \|$", CAUSES.read_text(), re.MULTILINE))
    codes = "".join(
        f"| {code} | {row.name} | `{row.error.__name__}` | {cause(causes[str(code)])} | {row.advice} |\n"
        for code, row in CODES.items()
    )
    return HEAD + classes + CODES_HEAD + codes


def sort(error: type[DineroError]) -> str:
    """Return what becomes of a task that raises this.

    :param error: class
    """
    kinds = {
        "permanent": DineroPermanentError,
        "temporary": DineroTemporaryError,
        "unknown": DineroOutcomeUnknown,
    }
    return next(name for name, each in kinds.items() if issubclass(error, each))


def cause(told: str) -> str:
    """Return an example of what causes a code.

    :param told: str, how it is caused in the sandbox
    """
    return "the organization's settings, or Dinero itself" if told == NO_CAUSE else re.sub(r"^GET ", "Ask for ", told)
