"""What a credit note for all of an invoice says."""

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.resources.base import Row

# What is the same on both.
COPIED = ("ContactGuid", "ShowLinesInclVat", "InvoiceTemplateId", "Currency", "Language", "Address")
LINE = ("ProductGuid", "Description", "Comments", "Quantity", "AccountNumber", "Unit", "Discount", "LineType")


def crediting(invoice: Row) -> Row:
    """Return the body of a credit note for all of an invoice.

    :param invoice: dict, as Dinero gives it
    :return: dict as SalesCreditNoteCreateModel, without a Guid
    :raises DineroInvalidBody: the invoice isn't booked: there is nothing to credit
    """
    if invoice["Status"] != "Booked":
        raise DineroInvalidBody(
            f"Invoice {invoice['Guid']} is not booked: there is nothing to credit.", "Change or delete the draft."
        )
    # Dinero gives the unit amount under two names, and takes it under one.
    unit = "BaseAmountValueInclVat" if invoice["ShowLinesInclVat"] else "BaseAmountValue"
    return {
        **{name: invoice[name] for name in COPIED},
        "CreditNoteFor": invoice["Guid"],
        "ProductLines": [_written(line, unit) for line in invoice["ProductLines"]],
    }


def _written(line: Row, unit: str) -> Row:
    copied = {name: line[name] for name in LINE if line.get(name) is not None}
    if copied.get("ProductGuid"):  # its name comes from the product, and must not be given
        del copied["Description"]
    return {**copied, "BaseAmountValue": line[unit]}
