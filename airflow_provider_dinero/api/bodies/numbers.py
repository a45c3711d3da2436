"""Numbers as text: what you may write, and how a number is written out."""

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

# The most digits of a number when it is written out. Dinero's own are doubles, with at most 17 digits.
MOST_DIGITS = 40
# float() and Decimal() also accept 1e5, 1_000 and the digits of other scripts.
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
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
    """Return a number without an exponent, unless it has more than 40 digits: 1E+400 stays as it is.

    :param number: Decimal
    :param form: str, as for `format`; default all digits, and no more
    """
    return format(number, form) if digits_of(number) <= MOST_DIGITS else str(number)


def normalized(number: Decimal) -> str:
    """Return the text that all spellings of a number share: of 1.50 and 1.5, 0 and -0.

    :param number: Decimal
    """
    return written(_CONTEXT.normalize(number)) if number else "0"
