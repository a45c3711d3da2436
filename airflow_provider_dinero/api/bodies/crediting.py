"""What a credit note copies from its invoice, and which lines it may have: a credit note counts as negative."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_dinero.api.bodies.comparison import same_id
from airflow_provider_dinero.api.bodies.numbers import written
from airflow_provider_dinero.api.errors import DineroInvalidBody

Row = dict[str, Any]

# What a full credit note copies, and what a partial credit note copies unless its author gives it.
COPIED = ("ContactGuid", "ShowLinesInclVat", "InvoiceTemplateId", "Currency", "Language", "Address")
INHERITED = ("ContactGuid", "ShowLinesInclVat", "Currency", "Language")
LINE = ("Description", "Comments", "Quantity", "AccountNumber", "Unit", "Discount", "LineType")
AMOUNTS = ("BaseAmountValue", "Quantity")


def crediting(invoice: Row, body: Mapping[str, Any]) -> Row:
    """Return what a credit note copies from its invoice, including the lines unless the author gives some.

    :param invoice: dict, as Dinero returns it
    :param body: mapping, as the author gives it
    :return: dict as SalesCreditNoteCreateModel, without a Guid
    :raises DineroInvalidBody: the invoice isn't booked, the contact differs, or a line would increase the debt
    """
    if invoice["Status"] != "Booked":
        raise DineroInvalidBody(
            f"Invoice {invoice['Guid']} is not booked: there is nothing to credit.", "Change or delete the draft."
        )
    given = body.get("ContactGuid")
    if given and not same_id(given, invoice["ContactGuid"]):
        raise DineroInvalidBody(
            f"The credit note is for the contact {given}, but its invoice is for {invoice['ContactGuid']}.",
            "Leave the ContactGuid out: a credit note goes to the contact of its invoice. Nothing was sent.",
        )
    if body.get("ProductLines") is not None:
        require_positive(body, taken_back=invoice["ProductLines"])
        return {**{name: invoice[name] for name in INHERITED}, "CreditNoteFor": invoice["Guid"]}
    # Dinero returns the unit amount under two names, but accepts it under one.
    unit = "BaseAmountValueInclVat" if invoice["ShowLinesInclVat"] else "BaseAmountValue"
    return {
        **{name: invoice[name] for name in COPIED},
        "CreditNoteFor": invoice["Guid"],
        "ProductLines": [_line(line, unit) for line in invoice["ProductLines"]],
    }


def require_positive(body: Any, taken_back: Iterable[Row] = ()) -> None:
    """Check that no line of a credit note is negative, unless the invoice has negative lines too, such as discounts.

    :param body: mapping, as the author gives it
    :param taken_back: iterable of dicts, the lines of the invoice; default none
    :raises DineroInvalidBody: a line is negative; the error names it, and the reason
    """
    if any(line["BaseAmountValue"] * line["Quantity"] < 0 for line in taken_back):
        return
    for index, line in enumerate(_lines(body)):
        for name in AMOUNTS:
            if (amount := _number(line.get(name))) < 0:
                raise DineroInvalidBody(
                    f"ProductLines[{index}].{name}: {written(amount)} is negative, and a credit note counts as "
                    "negative already: it would raise what is owed.",
                    "Use positive prices and quantities; nothing was sent.",
                )


def require_debt(body: Any) -> None:
    """Check that the total of an invoice's lines isn't negative.

    :param body: mapping, as the author gives it
    :raises DineroInvalidBody: it is
    """
    total = sum(
        _number(line.get("BaseAmountValue"))
        * _number(line.get("Quantity"))
        * (100 - _number(line.get("Discount")))
        / 100
        for line in _lines(body)
        if line.get("LineType") != "Text"
    )
    if total < 0:
        raise DineroInvalidBody(
            f"The lines of the invoice come to {written(Decimal(total), '.2f')}: an invoice can't be negative.",
            "Create a credit note with positive amounts for what you pay back; nothing was sent.",
        )


def _lines(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the valid lines; the check of the body reports the others."""
    lines = body.get("ProductLines") if isinstance(body, Mapping) else None
    if isinstance(lines, list | tuple):
        yield from (line for line in lines if isinstance(line, Mapping))


def _number(value: Any) -> Decimal:
    try:
        found = Decimal(str(value or 0).strip())
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def _line(line: Row, unit: str) -> Row:
    """Copy a line from the invoice, since its product may since have been renamed, repriced or deleted."""
    return {**{name: line[name] for name in LINE if line.get(name) is not None}, "BaseAmountValue": line[unit]}
