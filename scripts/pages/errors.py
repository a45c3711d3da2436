"""Errors A to Z: the classes and Dinero's codes, from the tables that raise them."""

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
# Classes that users don't see: roots of the tree, and the end of a dry run.
UNSEEN = {"DineroError", "DineroPermanentError", "DineroTemporaryError", "DineroRefused", "DineroDryRun"}
WHAT_TO_DO = {
    "DineroConfigurationError": "Correct the field or argument that the message names.",
    "DineroConflict": "Read the difference that the message shows. For another document, use another "
    "`idempotency_key`. To create the same document again on purpose, raise `generation`.",
    "DineroDuplicate": "Use another key, or raise `generation`: the Guid is, or was, in use for something else.",
    "DineroForbidden": "Check `organization_id` and the subscription. `airflow dinero check` shows which of them is "
    "wrong.",
    "DineroInvalidBody": "Correct what the message names.",
    "DineroInvalidRequest": "Correct what Dinero names. The message quotes it.",
    "DineroItemsFailed": "Correct the items that the report names, and run the task again: nothing is done twice.",
    "DineroNotDue": "You don't have to do anything: the task is skipped, and a later run checks again.",
    "DineroNotFound": "Check the Guid and `organization_id`. If an account or an accounting year is missing, check its "
    "number in Dinero.",
    "DineroOutcomeUnknown": "In Dinero, look at the document that the message names. Then follow "
    "[when the outcome is unknown](exactly-once.md#when-the-outcome-is-unknown).",
    "DineroReauthorizationRequired": "Consent again, with `airflow dinero authorize <connection>` or on the page "
    "*Admin → Dinero*. Then clear the task.",
    "DineroStaleTimestamp": "Look at what has changed. Then clear the task that created the document, and all tasks "
    "after it.",
    "DineroThrottled": "You don't have to do anything: the task waits, defers or is retried. See "
    "[rate limits](rate-limits.md).",
    "DineroUnauthorized": "Check the client ID, client secret and API key in the connection.",
    "DineroUnavailable": "You don't have to do anything while the task has `retries` left. After that, check whether "
    "Dinero is up, and clear the task.",
    "DineroWrongTotal": "Compare the two totals and the VAT that the message shows. See "
    "[the expected total](guides/invoices.md#the-expected-total).",
    "DineroUnexpectedAnswer": "Check the API address in the connection, because a proxy or another site may have "
    "responded.",
}
HEAD = """# Errors A to Z

An error says what happened and what to do now. If Dinero gave a reason, the error quotes it. There are three kinds of
errors:

- **permanent**: a retry would fail in the same way, so the task fails immediately, whatever its `retries`. This is also
  true of a plain `@task` that uses the hook.
- **temporary**: Airflow retries the task as often as its `retries` allow. Before a retry, operators wait as long as
  Dinero asks. A plain `@task` does the same if you set `retry_policy=DINERO_RETRY_POLICY`.
- **unknown**: a write may or may not have been done. The task fails immediately, and a person must check.

All error classes are in `airflow_provider_dinero.api.errors`.

## Classes

| class | kind | meaning | what to do |
|---|---|---|---|
"""
CODES_HEAD = """
## Codes

Dinero has error codes of its own. A message shows a code like this: *"Dinero refused POST /v1/… with HTTP 400, code 42:
…"*. For each code, the provider raises one of the classes above, which you can catch in your own tasks. The
[sandbox](sandbox-codes.md) can return every code.

| code | meaning | class | example of a cause | what to do |
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
    """Return what happens to a task that raises this.

    :param error: class
    """
    kinds = {
        "permanent": DineroPermanentError,
        "temporary": DineroTemporaryError,
        "unknown": DineroOutcomeUnknown,
    }
    return next(name for name, each in kinds.items() if issubclass(error, each))


def cause(told: str) -> str:
    """Return an example cause of a code.

    :param told: str, how to cause it in the sandbox
    """
    return (
        "The settings of the organization, or Dinero itself" if told == NO_CAUSE else re.sub(r"^GET ", "Request ", told)
    )
