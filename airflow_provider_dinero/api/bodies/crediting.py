"""What a credit note takes over from its invoice, and what its lines may be: a credit note counts as negative."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_dinero.api.bodies.comparison import same_id
from airflow_provider_dinero.api.bodies.numbers import written
from airflow_provider_dinero.api.errors import DineroInvalidBody

Row = dict[str, Any]

# What is the same on both, and what a credit note of a part takes over where its author doesn't say otherwise.
COPIED = ("ContactGuid", "ShowLinesInclVat", "InvoiceTemplateId", "Currency", "Language", "Address")
INHERITED = ("ContactGuid", "ShowLinesInclVat", "Currency", "Language")
LINE = ("Description", "Comments", "Quantity", "AccountNumber", "Unit", "Discount", "LineType")
AMOUNTS = ("BaseAmountValue", "Quantity")


def crediting(invoice: Row, body: Mapping[str, Any]) -> Row:
    """Return what a credit note takes over from its invoice: its lines too, unless the author gives some.

    :param invoice: dict, as Dinero gives it
    :param body: mapping, what the author gives
    :return: dict as SalesCreditNoteCreateModel, without a Guid
    :raises DineroInvalidBody: the invoice isn't booked, the contact is another one, or a line would raise the debt
    """
    if invoice["Status"] != "Booked":
        raise DineroInvalidBody(
            f"Invoice {invoice['Guid']} is not booked: there is nothing to credit.", "Change or delete the draft."
        )
    given = body.get("ContactGuid")
    if given and not same_id(given, invoice["ContactGuid"]):
        raise DineroInvalidBody(
            f"The credit note is for the contact {given}, and its invoice for {invoice['ContactGuid']}.",
            "Leave the ContactGuid out: a credit note goes to whom the invoice went to. Nothing was sent.",
        )
    if body.get("ProductLines") is not None:
        require_positive(body, taken_back=invoice["ProductLines"])
        return {**{name: invoice[name] for name in INHERITED}, "CreditNoteFor": invoice["Guid"]}
    # Dinero gives the unit amount under two names, and takes it under one.
    unit = "BaseAmountValueInclVat" if invoice["ShowLinesInclVat"] else "BaseAmountValue"
    return {
        **{name: invoice[name] for name in COPIED},
        "CreditNoteFor": invoice["Guid"],
        "ProductLines": [_line(line, unit) for line in invoice["ProductLines"]],
    }


def require_positive(body: Any, taken_back: Iterable[Row] = ()) -> None:
    """Make sure that no line of a credit note is negative, unless the invoice has such lines too, as discounts.

    :param body: mapping, as the author gives it
    :param taken_back: iterable of dicts, the lines of the invoice; default none
    :raises DineroInvalidBody: the line, and the reason
    """
    if any(line["BaseAmountValue"] * line["Quantity"] < 0 for line in taken_back):
        return
    for index, line in enumerate(_lines(body)):
        for name in AMOUNTS:
            if (amount := _number(line.get(name))) < 0:
                raise DineroInvalidBody(
                    f"ProductLines[{index}].{name}: {written(amount)} is negative, and a credit note counts as "
                    "negative already: it would raise what is owed.",
                    "Give positive prices and quantities; nothing was sent.",
                )


def require_debt(body: Any) -> None:
    """Make sure that an invoice's lines don't come to less than nothing.

    :param body: mapping, as the author gives it
    :raises DineroInvalidBody: they do
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
            f"The lines of the invoice come to {written(Decimal(total), '.2f')}: nobody owes less than nothing.",
            "Make a credit note, with positive amounts, of what you pay back; nothing was sent.",
        )


def _lines(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what are lines; what aren't, the check of the body names."""
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
    """Return a line of an invoice as it stands there: its product may have another name or price now, or be gone."""
    return {**{name: line[name] for name in LINE if line.get(name) is not None}, "BaseAmountValue": line[unit]}
