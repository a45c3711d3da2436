"""A row of Dinero as one line of a file, made before the first row is written: for COPY, or as a list in JSON."""

import logging
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from airflow_provider_dinero.api.errors import DineroUnexpectedAnswer
from airflow_provider_dinero.api.feeds.feeds import BOOLEAN, DATE, DECIMAL, INSTANT, INTEGER, TEXT
from airflow_provider_dinero.api.lists.changes import as_utc, is_plain
from airflow_provider_dinero.transfers.mirror_limits import limited
from airflow_provider_dinero.transfers.mirror_tables import KEY_LENGTH

log = logging.getLogger(__name__)

Row = dict[str, Any]
Convert = Callable[[Any], Any]

NULL = r"\N"
MICROSECONDS = 26  # the length of an instant that has as many digits as Python and Postgres keep
ESCAPED = {ord("\\"): r"\\", ord("\t"): r"\t", ord("\n"): r"\n", ord("\r"): r"\r"}
_special = re.compile(r"[\\\t\n\r]").search


class Lines:
    """Turns rows into lines: the OrganizationId, then the columns in their order, None for missing values.

    Decimals, dates and instants become text that every database can read, so that no amount passes through a float.

    :param kinds: dict of column to kind, from `columns_of`
    :param organization: int
    :param key: str, the column that identifies a row in the log
    :param copy: bool, whether lines are for Postgres' COPY instead of JSON; default False
    :param zone: bool, whether instants include their zone, UTC; default False
    """

    def __init__(
        self, kinds: dict[str, str], organization: int, key: str, *, copy: bool = False, zone: bool = False
    ) -> None:
        converts: dict[str, Convert] = {
            TEXT: _copy_text if copy else _text,
            INTEGER: (lambda value: str(int(value))) if copy else int,
            DECIMAL: _decimal,
            BOOLEAN: (lambda value: "t" if _boolean(value) else "f") if copy else _boolean,
            DATE: _date,
            INSTANT: _instant if zone else _instant_without_zone,
        }
        self._columns = [(name, _key if name == key else converts[kind]) for name, kind in kinds.items()]
        self._texts = [name for name, kind in kinds.items() if kind == TEXT]
        self._kinds = kinds
        self.organization = organization
        self._organization_text = str(organization)
        self._key = key
        self.copies = copy
        self._null = NULL if copy else None
        self._encode = msgspec.json.Encoder().encode
        self._has_warned = False
        self.key_index = 1 + list(kinds).index(key)

    def limit(self, checks: dict[str, Callable[[str], str]]) -> None:
        """Check the texts of some columns.

        :param checks: dict of column to callable, from `limits_of`
        """
        self._columns = [
            (name, limited(convert, checks.get(name)) if self._kinds[name] == TEXT else convert)
            for name, convert in self._columns
        ]

    def line(self, row: Row) -> bytes:
        """Return a row as a line, with its line break.

        :param row: dict, as Dinero returned it
        :raises DineroUnexpectedAnswer: a value is not of its column's kind
        """
        get, null = row.get, self._null
        try:
            values: list[Any] = [
                null if (value := get(name)) is None else convert(value) for name, convert in self._columns
            ]
            if self.copies:
                line = ("\t".join([self._organization_text, *values]) + "\n").encode()
                has_nul = b"\0" in line
            else:
                line = self._encode([self.organization, *values]) + b"\n"
                has_nul = rb"\u0000" in line
        except (ValueError, TypeError, ArithmeticError) as error:
            raise self._unexpected(row, error) from None
        if has_nul and (clean := self._without_nul(row)) != row:
            return self.line(clean)
        return line

    def key_of(self, line: bytes) -> str:
        """Return the key of a line.

        :param line: bytes
        """
        if self.copies:
            return line.split(b"\t", self.key_index + 1)[self.key_index].decode()
        return str(msgspec.json.decode(line)[self.key_index])

    def _without_nul(self, row: Row) -> Row:
        """Return a row without NUL characters, which Postgres can't store in text; the first one is logged."""
        clean = dict(row)
        for name in self._texts:
            if isinstance(value := row.get(name), str) and "\0" in value:
                clean[name] = value.replace("\0", "")
                if not self._has_warned:
                    self._has_warned = True
                    log.warning(
                        "The row %s has a NUL character in %s. It is removed, like all that follow.",
                        row.get(self._key),
                        name,
                    )
        return clean

    def _unexpected(self, row: Row, error: Exception) -> DineroUnexpectedAnswer:
        """Return an error that names the column, but not the value, which belongs to the customer."""
        for name, convert in self._columns:
            value = row.get(name)
            try:
                if value is not None:
                    convert(value)
            except (ValueError, TypeError, ArithmeticError):
                return DineroUnexpectedAnswer(
                    f"Dinero returned a {type(value).__name__} for {name}, which is not a valid {self._kinds[name]}.",
                    "No row was written. Report it; the other transfers can write the rows as NDJSON.",
                )
        return DineroUnexpectedAnswer(f"A row of Dinero can't be written: {type(error).__name__}.", "Report it.")


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, int | Decimal):  # a number where the document says text
        return str(value)
    raise TypeError


def _key(value: Any) -> str:
    if type(value) is str and not _special(value) and len(value) <= KEY_LENGTH:
        return value
    raise TypeError


def _copy_text(value: Any) -> str:
    text = value if type(value) is str else _text(value)
    return text.translate(ESCAPED) if _special(text) else text


def _decimal(value: Any) -> str:
    if type(value) is Decimal:
        return str(value)
    return str(Decimal(value))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError


def _date(value: Any) -> str:
    day: str = value[:10]
    date.fromisoformat(day)
    return day


def _instant(value: Any) -> str:
    if len(value) <= MICROSECONDS and value[-1] != "Z" and is_plain(value):  # as Dinero gives it
        datetime.fromisoformat(value)
        return f"{value}Z"
    return as_utc(value).isoformat(" ", "microseconds")


def _instant_without_zone(value: Any) -> str:
    return as_utc(value).isoformat(" ", "microseconds")[:26]
