"""What became of the items of a list: counts, and a row for each."""

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
    """Counts items, and hands on a row for each, in the order of the list.

    :param sink: callable that takes each row
    """

    def __init__(self, sink: Callable[[Row], None]) -> None:
        self._sink = sink
        self.counts: Counter[str] = Counter()
        self.totals: dict[str, Decimal] = {}
        self.first: list[str] = []
        self._temporary = 0

    def add(self, row: Row) -> None:
        """Add a row of an item that was done.

        :param row: dict with Item, Key and Change; with TotalInclVat and Currency, that is added up
        """
        self.counts[row["Change"]] += 1
        if row.get("TotalInclVat") is not None:
            currency = row.get("Currency") or "DKK"
            self.totals[currency] = self.totals.get(currency, Decimal(0)) + Decimal(row["TotalInclVat"])
        self._sink(row)

    def repeat(self, row: Row) -> None:
        """Add a row that an earlier part of the same run has made.

        :param row: dict, as it went to the sink
        """
        if row["Change"] != FAILED:
            self.add(row)
            return
        self.counts[FAILED] += 1
        if len(self.first) < FIRST:
            self.first.append(f"{row.get('Key') or 'item ' + str(row['Item'])}: {row['Message']}")
        self._sink(row)

    def fail(self, row: Row, error: DineroError) -> None:
        """Add a row of an item that failed.

        :param row: dict with Item, and Key where it has one
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
        """Raise an error where items failed.

        :raises DineroItemsFailed: the same again gives the same
        :raises DineroUnavailable: some of them may well work later
        """
        failed = self.counts[FAILED]
        if not failed:
            return
        more = f" … and {failed - FIRST} more, in the report" if failed > FIRST else ""
        told = f"{failed} of {sum(self.counts.values())} items failed: {' | '.join(self.first)}{more}"
        if self._temporary:
            raise DineroUnavailable(told, "The others were done. Try again: what is done is not done twice.")
        raise DineroItemsFailed(told, "The others were done. Mend these, and run it again: it makes just these.")


def name_of(error: DineroError) -> str:
    """Return the name of the class of an error.

    :param error: DineroError
    """
    return type(error).__name__


def text_of(amount: Any) -> str | None:
    """Return an amount as reports write it.

    :param amount: Decimal, number, text or None
    """
    return None if amount is None else written(Decimal(str(amount)), ".2f")


def fields_of(document: Mapping[str, Any]) -> Row:
    """Return what a report tells of a document.

    :param document: mapping, as a list or Dinero's answer has it
    """
    number = document.get("Number")
    draft = document.get("Status") == "Draft" or document.get("PaymentStatus") == "Draft"
    return {
        "Number": None if draft else number,
        "TotalInclVat": text_of(document.get("TotalInclVat")),
        "Currency": document.get("Currency"),
    }
