"""The tables of all operations."""

import re

from airflow_provider_dinero.api.__main__ import table, writes


def page() -> str:
    """Return `operations.md`."""
    return f"""# All operations

`DineroClient` has a method for each operation that Dinero documents. `python -m airflow_provider_dinero.api` prints
the table below, and with `--json`, it prints the table as JSON. To see what a method takes and returns, look in the
[reference](reference/client.md), or call `help(client.invoices.book)`.

*Kind* says what the client does if the response to a request is lost:

- *read*: the request changes nothing, so the client sends it again.
- *keyed*: the request names what it creates or replaces. The client sends it again: Dinero refuses a second request as
  a duplicate, or the second one changes nothing.
- *fenced*: the request carries the document's `Timestamp`, or the `Version` of a ledger item. The client sends it
  again: Dinero refuses a second request, because its `Timestamp` or `Version` is no longer the latest.
- *bare*: Dinero would carry out a second request too. The client never sends it again without checking first.

*Paginated* operations respond in pages, and the client reads all pages. *Changes since* marks operations that can
return only what has changed since a given time.

*Response* says what the response contains if the request succeeds. If it is *nothing*, the response may be empty. In
all other cases, the client treats a response that doesn't contain what this column says as lost: see
[exactly once](exactly-once.md#an-answer-is-whole-or-it-is-lost).

{breakable(table())}
## When the response of a write is lost

The table below shows how the client finds out whether a write was done.
`python -m airflow_provider_dinero.api --writes` prints this table. The columns are:

- *Fence*: what makes a second request harmless.
- *It was done if*: what the client checks in Dinero. Parentheses mean that the client checks nothing. If the table
  names another method, only that method checks it.
- *Reliable*: whether the check finds every write that was done.
- *Otherwise*: what happens if the check doesn't find the write. *The client raises Dinero's refusal* means that you get
  the error with which Dinero refused the repeated request. If there was no response to that request either, you get a
  temporary error instead. `DineroOutcomeUnknown` means that a person must check.

{writes()}"""


def breakable(table: str) -> str:
    """Return a table whose paths may wrap after the organization, since they have no blanks.

    :param table: str, as Markdown
    """
    return re.sub(r"`([A-Z]+ /\S+?\{organizationId\}/)(\S+)`", r"<code>\1<wbr>\2</code>", table)
