"""The expression language of ``queryFilter``: ``Name contains 'a';IsPerson eq 'False'``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from airflow_provider_dinero.sandbox.errors import ApiError

# Two clients double a quote to escape it (unverified); a single one can't be told from the end of the value.
CONDITION = re.compile(r"\s*(\w+)\s+(eq|contains)\s+'((?:[^']|'')*)'\s*", re.IGNORECASE)
BOOLEANS = {"IsPerson", "HasGeneratedAnyVouchers"}


def conditions(expression: str, filterable: Sequence[str]) -> Iterator[tuple[str, str | int]]:
    """Yield the conditions of a filter, each as SQL and its parameter.

    :param expression: the value of ``queryFilter``
    :param filterable: the properties that may be used; :func:`column` gives their columns
    :raises ApiError: code 46 for any other expression
    """
    names = {name.lower(): name for name in filterable}
    # ";" can't be escaped, not even inside quotes.
    for condition in expression.split(";"):
        match = CONDITION.fullmatch(condition)
        if match is None:
            raise _malformed(f"Could not parse value input '{condition.strip()}'", filterable)
        name = names.get(match[1].lower())
        if name is None:
            raise _malformed(f"Unsupported Property '{match[1]}'", filterable)
        operator, value = match[2].lower(), match[3].replace("''", "'")
        if name in BOOLEANS:
            if operator != "eq" or value.lower() not in ("true", "false"):
                raise _malformed(f"Could not parse value input '{value}'", filterable)
            yield f"{column(name)} = ?", int(value.lower() == "true")
        elif operator == "eq":
            yield f"fold({column(name)}) = ?", value.casefold()
        else:
            yield f"instr(fold({column(name)}), ?) > 0", value.casefold()


def column(name: str) -> str:
    """Return the column of a property: ``VatNumber`` is in ``vat_number``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _malformed(what: str, filterable: Sequence[str]) -> ApiError:
    example = f"{filterable[0]} eq 'abc';{filterable[1]} contains 'abc'"
    text = f"The format of the filters are incorrect. Example: queryFilter={example}"
    return ApiError(46, f"{what}. {text}. Filterable: {', '.join(filterable)}.")
