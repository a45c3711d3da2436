"""The outcome of the items of a list: counts, and a row for each."""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from airflow_provider_dinero.api.bodies.numbers import written
from airflow_provider_dinero.api.errors import DineroError, DineroItemsFailed, DineroTemporaryError, DineroUnavailable

FIRST = 10
CREATED, UPDATED, UNCHANGED, FAILED = "created", "updated", "unchanged", "failed"
Row = dict[str, Any]


class Report:
    """Counts items, and passes on a row for each, in the order of the list.

    :param sink: callable that receives each row
    """

    def __init__(self, sink: Callable[[Row], None]) -> None:
        self._sink = sink
        self.counts: Counter[str] = Counter()
        self.totals: dict[str, Decimal] = {}
        self.first: list[str] = []
        self._temporary = 0

    def add(self, row: Row) -> None:
        """Add the row of an item that succeeded.

        :param row: dict with Item, Key and Change; TotalInclVat, if there, is added to the total of its Currency
        """
        self.counts[row["Change"]] += 1
        if row.get("TotalInclVat") is not None:
            currency = row.get("Currency") or "DKK"
            self.totals[currency] = self.totals.get(currency, Decimal(0)) + Decimal(row["TotalInclVat"])
        self._sink(row)

    def repeat(self, row: Row) -> None:
        """Add a row that an earlier part of the same run reported.

        :param row: dict, as the sink received it
        """
        if row["Change"] != FAILED:
            self.add(row)
            return
        self.counts[FAILED] += 1
        if len(self.first) < FIRST:
            self.first.append(f"{row.get('Key') or 'item ' + str(row['Item'])}: {row['Message']}")
        self._sink(row)

    def fail(self, row: Row, error: DineroError) -> None:
        """Add the row of an item that failed.

        :param row: dict with Item, and Key if the item has one
        :param error: DineroError
        """
        self.counts[FAILED] += 1
        self._temporary += isinstance(error, DineroTemporaryError)
        if len(self.first) < FIRST:
            self.first.append(f"{row.get('Key') or 'item ' + str(row['Item'])}: {error}")
        self._sink({**row, "Change": FAILED, "Error": name_of(error), "Message": str(error)})

    def summary(self) -> Row:
        """Return the counts and totals as plain JSON."""
        return {
            "items": sum(self.counts.values()),
            **{name: self.counts[name] for name in (CREATED, UPDATED, UNCHANGED, FAILED)},
            "TotalInclVat": {name: written(total, ".2f") for name, total in sorted(self.totals.items())},
        }

    def raise_failed(self) -> None:
        """Raise an error if items failed.

        :raises DineroItemsFailed: a retry won't help
        :raises DineroUnavailable: a retry may succeed for some of them
        """
        failed = self.counts[FAILED]
        if not failed:
            return
        more = f" … and {failed - FIRST} more, in the report" if failed > FIRST else ""
        told = f"{failed} of {sum(self.counts.values())} items failed: {' | '.join(self.first)}{more}"
        succeeded = sum(self.counts.values()) - failed
        others = "" if not succeeded else f"The other {f'{succeeded} items' if succeeded > 1 else 'item'} succeeded. "
        if self._temporary:
            raise DineroUnavailable(told, f"{others}Try again: nothing is done twice.")
        raise DineroItemsFailed(told, f"{others}Correct these and run it again: only these are repeated.")


def name_of(error: DineroError) -> str:
    """Return the class name of an error.

    :param error: DineroError
    """
    return type(error).__name__


def text_of(amount: Any) -> str | None:
    """Return an amount in the format of reports.

    :param amount: Decimal, number, text or None
    """
    return None if amount is None else written(Decimal(str(amount)), ".2f")


def fields_of(document: Mapping[str, Any]) -> Row:
    """Return the fields of a document that a report contains.

    :param document: mapping from a list or from Dinero's response
    """
    number = document.get("Number")
    draft = document.get("Status") == "Draft" or document.get("PaymentStatus") == "Draft"
    return {
        "Number": None if draft else number,
        "TotalInclVat": text_of(document.get("TotalInclVat")),
        "Currency": document.get("Currency"),
    }
