"""The tables of all operations."""

import re

from airflow_provider_dinero.api.__main__ import table, writes


def page() -> str:
    """Return `operations.md`."""
    return f"""# All operations

Each operation that Dinero documents is a method of `DineroClient`. `python -m airflow_provider_dinero.api` prints this
table, `--json` for programs. What each method takes and returns is in the [reference](reference/client.md), and in
`help(client.invoices.book)`.

- *read*: repeated freely when an answer is lost.
- *keyed*: names what it makes or replaces; sent again, since a second one is refused as a duplicate or changes nothing.
- *fenced*: carries the document's Timestamp; sent again, since a second one is refused as stale.
- *bare*: neither; never sent twice blindly.

*Answer* is what a success holds. What holds something else is not an answer: it counts as lost
([Exactly once](exactly-once.md#an-answer-is-whole-or-it-is-lost)). Where it is *nothing*, the content may be empty.

{breakable(table())}
## When the answer of a write is lost

*Fence* is what makes a second one harmless. *Look-up* is what the client reads to see whether the write was done, and
*sure* whether that can be relied on. *Otherwise* is what happens when nothing is to be seen: `DineroOutcomeUnknown`
means that a person has to look. (`python -m airflow_provider_dinero.api --writes`)

{writes()}"""


def breakable(table: str) -> str:
    """Return a table in which a line may end within a path, which has no blanks: after its organization.

    :param table: str, as Markdown
    """
    return re.sub(r"`([A-Z]+ /\S+?\{organizationId\}/)(\S+)`", r"<code>\1<wbr>\2</code>", table)
