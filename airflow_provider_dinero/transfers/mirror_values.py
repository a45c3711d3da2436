"""Rows of Dinero as lines of a file, made before the first row is written: for COPY, or as lists in JSON.

Values are converted column by column, for many rows at once: that takes a third of the time of doing it row by row.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from airflow_provider_dinero.api.errors import DineroUnexpectedAnswer
from airflow_provider_dinero.api.feeds.feeds import BOOLEAN, DATE, DECIMAL, INSTANT, INTEGER, TEXT
from airflow_provider_dinero.api.lists.changes import as_utc
from airflow_provider_dinero.transfers.mirror_limits import limited
from airflow_provider_dinero.transfers.mirror_tables import KEY_LENGTH

log = logging.getLogger(__name__)

Row = dict[str, Any]
Values = Sequence[Any]
# Converts the values of a column that aren't None.
Convert = Callable[[Values], Values]

NULL = r"\N"
ESCAPED = {ord("\\"): r"\\", ord("\t"): r"\t", ord("\n"): r"\n", ord("\r"): r"\r"}
SPECIAL = [*map(chr, ESCAPED)]
# Python and Postgres keep six digits of a second.
MICROSECONDS = ".000000"
LONGEST = len("2026-02-01T09:14:47.000000")
# The forms in which Dinero gives an instant, with its digits as zeros.
PLAIN = {b"0000-00-00T00:00:00" + (b"." + b"0" * digits if digits else b"") for digits in range(10)}
_as_zeros = bytes.maketrans(b"123456789", b"0" * 9)


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
            TEXT: _texts,
            INTEGER: _integers,
            DECIMAL: _decimals,
            BOOLEAN: _booleans,
            DATE: _dates,
            INSTANT: partial(_instants, zone=zone),
        }
        if copy:
            converts |= {TEXT: _copy_texts, INTEGER: _copy_integers, BOOLEAN: _copy_booleans}
        self._columns = [(name, _keys if name == key else converts[kind]) for name, kind in kinds.items()]
        self._texts = [name for name, kind in kinds.items() if kind == TEXT]
        self._kinds = kinds
        self.organization = organization
        self._key = key
        self.copies = copy
        self._null = NULL if copy else None
        self._encode_lines = msgspec.json.Encoder().encode_lines
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

    def block(self, rows: Sequence[Row]) -> bytes:
        """Return rows as lines, each with its line break.

        :param rows: sequence of dicts, as Dinero returned them
        :raises DineroUnexpectedAnswer: a value is not of its column's kind
        """
        columns: list[Values] = [[str(self.organization) if self.copies else self.organization] * len(rows)]
        try:
            for name, convert in self._columns:
                columns.append(self._converted(convert, [row.get(name) for row in rows]))
            lines = zip(*columns, strict=True)
            if self.copies:
                block = "".join(f"{line}\n" for line in map("\t".join, lines)).encode()
                has_nul = b"\0" in block
            else:
                block = self._encode_lines(lines)
                has_nul = rb"\u0000" in block
        except (ValueError, TypeError, ArithmeticError) as error:
            raise self._unexpected(rows, error) from None
        if has_nul and (clean := [self._without_nul(row) for row in rows]) != rows:
            return self.block(clean)
        return block

    def _converted(self, convert: Convert, values: Values) -> Values:
        """Return the values of a column, converted, with the null of the lines for None."""
        there = [each for each in values if each is not None]
        converted = convert(there)
        if len(there) == len(values):
            return converted
        rest = iter(converted)
        return [self._null if each is None else next(rest) for each in values]

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

    def _unexpected(self, rows: Sequence[Row], error: Exception) -> DineroUnexpectedAnswer:
        """Return an error that names the column, but not the value, which belongs to the customer."""
        for name, convert in self._columns:
            for value in (row.get(name) for row in rows):
                try:
                    self._converted(convert, [value])
                except (ValueError, TypeError, ArithmeticError):
                    kind = type(value).__name__
                    return DineroUnexpectedAnswer(
                        f"Dinero returned a {kind} for {name}, which is not a valid {self._kinds[name]}.",
                        "No row was written. Report it; the other transfers can write the rows as NDJSON.",
                    )
        return DineroUnexpectedAnswer(f"A row of Dinero can't be written: {type(error).__name__}.", "Report it.")


def _are(kind: type, values: Values) -> bool:
    return {*map(type, values)} <= {kind}


def _texts(values: Values) -> Values:
    return values if _are(str, values) else [_text(each) for each in values]


def _text(value: Any) -> str:
    if isinstance(value, str | int | Decimal):  # a number where the document says text
        return str(value)
    raise TypeError


def _copy_texts(values: Values) -> Values:
    texts = _texts(values)
    return [each.translate(ESCAPED) for each in texts] if _has_special(texts) else texts


def _has_special(texts: Values) -> bool:
    whole = "".join(texts)
    return any(each in whole for each in SPECIAL)


def _keys(values: Values) -> Values:
    if _are(str, values) and not _has_special(values) and all(len(each) <= KEY_LENGTH for each in values):
        return values
    raise TypeError


def _integers(values: Values) -> Values:
    return [int(each) for each in values]


def _copy_integers(values: Values) -> Values:
    return [str(int(each)) for each in values]


def _decimals(values: Values) -> Values:
    return [str(each if type(each) is Decimal else Decimal(each)) for each in values]


def _booleans(values: Values) -> Values:
    if _are(bool, values):
        return values
    raise TypeError


def _copy_booleans(values: Values) -> Values:
    return ["t" if each else "f" for each in _booleans(values)]


def _dates(values: Values) -> Values:
    days = [each[:10] for each in values]
    for each in {*days}:
        date.fromisoformat(each)
    return days


def _instants(values: Values, *, zone: bool) -> Values:
    forms = {*"\n".join(values).encode().translate(_as_zeros).splitlines()}
    if not forms <= PLAIN:
        return [_instant(each, zone=zone) for each in values]
    # Cheaper than formatting what was parsed; parsing refuses the 30th of February.
    list(map(datetime.fromisoformat, values))
    if zone:
        return [f"{each[:LONGEST]}Z" for each in values]
    return [f"{each[:10]} {each[11:LONGEST]}{MICROSECONDS[len(each) - 19 :]}" for each in values]


def _instant(value: Any, *, zone: bool) -> str:
    text = as_utc(value).isoformat(" ", "microseconds")
    return text if zone else text[:LONGEST]
