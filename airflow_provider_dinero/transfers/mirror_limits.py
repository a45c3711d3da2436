"""The limits of text columns in MySQL or MariaDB: in a table made by an older build or by hand, they may be too small.

Without strict mode both cut a text that is too long, and write question marks, without an error.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from airflow_provider_dinero.api.errors import DineroConfigurationError

MYSQL_LIKE = {"mysql", "mariadb"}
# Character sets for which Python has a codec; others can at least be checked as ASCII.
CODECS = {"latin1": "cp1252", "latin2": "iso8859-2", "ascii": "ascii"}
ALL_CHARACTERS = "utf8mb4"
THREE_BYTES = {"utf8", "utf8mb3"}


class Limit(NamedTuple):
    """The limit of a column.

    :param size: int, in bytes
    :param characters: str, the name of the character set
    """

    size: int
    characters: str


def limits_of(connection: sa.Connection, table: sa.Table) -> dict[str, Callable[[str], str]]:
    """Return a check for each text column: it returns the text, or raises DineroConfigurationError.

    :param connection: sqlalchemy.Connection
    :param table: sqlalchemy.Table
    :return: dict of column to callable; empty for other databases than MySQL and MariaDB
    """
    if connection.dialect.name not in MYSQL_LIKE:
        return {}
    found = connection.execute(
        sa.text(
            "SELECT column_name AS name, character_octet_length AS size, character_set_name AS characters "
            "FROM information_schema.columns WHERE character_set_name IS NOT NULL AND table_name = :name "
            "AND table_schema = COALESCE(:schema, DATABASE())"
        ),
        {"name": table.name, "schema": table.schema},
    )
    limits = {row.name: Limit(int(row.size), str(row.characters)) for row in found}
    quote = connection.dialect.identifier_preparer
    return {
        name: _check(
            limit,
            f"The column {name} of {table.fullname}",
            f"ALTER TABLE {quote.format_table(table)} MODIFY {quote.quote(name)} LONGTEXT CHARACTER SET utf8mb4",
        )
        for name, limit in limits.items()
    }


def _check(limit: Limit, column: str, statement: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        if len(text) * 4 > limit.size and len(text.encode()) > limit.size:
            raise DineroConfigurationError(
                f"{column} can hold {limit.size:,} bytes, but a text has {len(text.encode()):,}. No row was written.",
                f"Run: {statement}",
            )
        if not text.isascii() and limit.characters != ALL_CHARACTERS and not _fits(text, limit.characters):
            raise DineroConfigurationError(
                f"{column} is {limit.characters}, which lacks a character of a text. No row was written.",
                f"Run: {statement}",
            )
        return text

    return checked


def _fits(text: str, characters: str) -> bool:
    if characters in THREE_BYTES:
        return max(text) <= "\uffff"
    try:
        text.encode(CODECS.get(characters, "ascii"))
    except UnicodeEncodeError:
        return False
    return True


def limited(convert: Callable[[Any], Any], check: Callable[[str], str] | None) -> Callable[[Any], Any]:
    """Return a callable that converts values to texts, and checks each one if there is a limit.

    :param convert: callable
    :param check: callable, from `limits_of`, or None
    """
    return convert if check is None else lambda values: list(map(check, convert(values)))
