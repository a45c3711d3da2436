"""Numbers as text: what an author may write, and how one is written out."""

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

# So many digits a number may take when it is written out. Dinero's own are doubles, of 17 digits at the most.
MOST_DIGITS = 40
# float() and Decimal() also take 1e5, 1_000 and the digits of other scripts.
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_CONTEXT = Context(Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def digits_of(number: Decimal) -> int:
    """Return how many digits a number takes when it is written out, without writing it out; 0 for no number.

    :param number: Decimal
    """
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):  # infinite, or not a number
        return 0
    return max(len(digits) + exponent, 1) + max(-exponent, 0)


def written(number: Decimal, form: str = "f") -> str:
    """Return a number without an exponent; one of more than 40 digits keeps its exponent: 1E+400 stays as short.

    :param number: Decimal
    :param form: str, as `format` takes it; default all digits, and no more
    """
    return format(number, form) if digits_of(number) <= MOST_DIGITS else str(number)


def normalized(number: Decimal) -> str:
    """Return the text that all spellings of a number have in common: 1.50 and 1.5, 0 and -0.

    :param number: Decimal
    """
    return written(_CONTEXT.normalize(number)) if number else "0"
