"""The tables of all operations."""

import re

from airflow_provider_dinero.api.__main__ import table, writes


def page() -> str:
    """Return `operations.md`."""
    return f"""# All operations

Each operation that Dinero documents is a method of `DineroClient`. `python -m airflow_provider_dinero.api` prints this
table, `--json` for programs. What each method takes and returns is in the [reference](reference/client.md), and in
`help(client.invoices.book)`.

- *read*: retried freely if a response is lost.
- *keyed*: names what it creates or replaces; retried, since a second one is refused as a duplicate or changes nothing.
- *fenced*: carries the document's Timestamp; retried, since a second one is refused as stale.
- *bare*: neither; never repeated blindly.

*Answer* is the content of a success. A response with other content counts as lost
([Exactly once](exactly-once.md#an-answer-is-whole-or-it-is-lost)). If it is *nothing*, the content may be empty.

{breakable(table())}
## When the response of a write is lost

*Fence* is what makes a second one harmless. *Lookup* is what the client reads to see whether the write was done, and
*sure* whether that is reliable. *Otherwise* is what happens if the lookup finds nothing: `DineroOutcomeUnknown` means
that a person must check. (`python -m airflow_provider_dinero.api --writes`)

{writes()}"""


def breakable(table: str) -> str:
    """Return a table whose paths may wrap after the organization, since they have no blanks.

    :param table: str, as Markdown
    """
    return re.sub(r"`([A-Z]+ /\S+?\{organizationId\}/)(\S+)`", r"<code>\1<wbr>\2</code>", table)
