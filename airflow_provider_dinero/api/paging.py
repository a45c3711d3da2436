"""Lists, page by page."""

from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_dinero.api.errors import DineroUnexpectedAnswer

PAGE_SIZE = 1000


def rows(page: Callable[[dict[str, str]], Any], key: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list. A row that moved to the next page while we read is given once.

    A row that moves to a page that was read already is not seen: it does so when a row before it is deleted or booked
    in between. Where that matters, ask for changes afterwards.

    :param page: callable that fetches one page: it takes `page` and `pageSize`, and returns a Collection or an array
    :param key: str, the property that identifies a row, as it was asked for
    :raises DineroUnexpectedAnswer: a page that repeats itself
    """
    number = 0
    before: set[Any] = set()
    while True:
        answer = page({"page": str(number), "pageSize": str(PAGE_SIZE)})
        found = answer.get("Collection") if isinstance(answer, dict) else answer
        if not isinstance(found, list):
            raise DineroUnexpectedAnswer(f"Page {number} of a list has no rows, not even none.", "Try later.")
        keys = {row[key] for row in found}
        if found and keys <= before:
            raise DineroUnexpectedAnswer(f"Page {number} of a list has the rows of the page before it.", "Try later.")
        yield from (row for row in found if row[key] not in before)
        # Whether ResultWithoutFilter counts before or after the filter is undocumented: a short page is the sure end.
        if len(found) < PAGE_SIZE:
            return
        number, before = number + 1, keys
