"""Numbers as text: what you may write, and how a number is written out."""

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

from airflow_provider_dinero.api.errors import DineroInvalidBody

# The most digits of a number when it is written out. Dinero's own are doubles, with at most 17 digits.
MOST_DIGITS = 40
# float() and Decimal() also accept 1e5, 1_000 and the digits of other scripts.
PLAIN = r"[+-]?(\d+(\.\d*)?|\.\d+)"
_CONTEXT = Context(Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def digits_of(number: Decimal) -> int:
    """Return how many digits a number has when written out, without doing so; 0 for infinity and NaN.

    :param number: Decimal
    """
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):  # infinite, or not a number
        return 0
    return max(len(digits) + exponent, 1) + max(-exponent, 0)


def written(number: Decimal, form: str = "f") -> str:
    """Return a number without an exponent, unless it has more than 40 digits: 1E+400 stays unchanged.

    :param number: Decimal
    :param form: str, as for `format`; default all digits, and no more
    """
    return format(number, form) if digits_of(number) <= MOST_DIGITS else str(number)


def normalized(number: Decimal) -> str:
    """Return the text that all spellings of a number share: of 1.50 and 1.5, 0 and -0.

    :param number: Decimal
    """
    return written(_CONTEXT.normalize(number)) if number else "0"


POINT = "a number is written with a point before the decimals and nothing between thousands, such as 1250.75"
# What a text of a number may look like that is no number of ours.
_COMMA = r"[+-]?[\d.\s]*,[\d.,\s]*\d?"
_THOUSAND = r"[+-]?\d{1,3}\.\d{3}"


def misread(value: Any, number: Decimal, *, two_places: bool = False) -> str:
    """Return why a number can't be taken as it was given, or an empty text.

    :param value: as it was given
    :param number: Decimal, as it was understood
    :param two_places: bool, Dinero keeps two places of it; default False
    """
    if isinstance(value, str) and not re.fullmatch(PLAIN, value.strip(), re.ASCII):
        return not_plain(value)
    if digits_of(number) > MOST_DIGITS:
        return f"a number has at most {MOST_DIGITS} digits when written out"
    if not two_places:
        return ""
    if isinstance(value, str) and re.fullmatch(_THOUSAND, value.strip(), re.ASCII):
        whole = value.strip().replace(".", "")
        return (
            f"{value.strip()} can mean {whole} (a point between thousands), or three decimals, of which Dinero keeps "
            f"two: write {whole}.00, or two decimals"
        )
    return "" if number == round(number, 2) else f"{written(number)} has more than two places, and Dinero keeps two"


def not_plain(text: str) -> str:
    """Return why a text isn't a number as one is written here.

    :param text: str
    """
    return (
        POINT
        if re.fullmatch(_COMMA, text.strip(), re.ASCII)
        else "a number consists of digits, with a point before the decimals, such as 1250.75"
    )


def money(name: str, value: Any) -> Decimal:
    """Return an amount of money that an author gave, which has two places.

    :param name: str, the argument, named in the error
    :param value: Decimal, int, float or text such as "1543.13"
    :raises DineroInvalidBody: it is no such amount
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise DineroInvalidBody(
            f"{name}: this must be an amount, not {type(value).__name__}.", "Pass it as text or as Decimal."
        )
    if isinstance(value, str) and not re.fullmatch(PLAIN, value.strip(), re.ASCII):
        raise DineroInvalidBody(f"{name}: {not_plain(value)}, and not {value!r:.40}.", "Nothing was sent.")
    number = Decimal(str(value).strip())
    wrong = misread(value, number, two_places=True) if number.is_finite() else "it is not a number"
    if wrong:
        raise DineroInvalidBody(f"{name}: {wrong}.", "Nothing was sent.")
    return number
