"""Dinero's error codes 40–90, each with its name, the class to raise, and what to do."""

from collections.abc import Mapping
from typing import NamedTuple

from airflow_provider_dinero.api.errors import (
    DineroDuplicate,
    DineroError,
    DineroForbidden,
    DineroInvalidRequest,
    DineroNotFound,
    DineroOutcomeUnknown,
    DineroRefused,
    DineroStaleTimestamp,
    DineroUnavailable,
)


class Code(NamedTuple):
    """One row: Dinero's name of the code, the class to raise for it, the advice, and the fields that it names."""

    name: str
    error: type[DineroError]
    advice: str
    settings: tuple[str, ...] = ()


_SUBSCRIPTION = "The organization needs a Dinero Pro subscription: renew it in Dinero, or use another organization_id."
_NO_ACCESS = "Check organization_id: the credentials may be for another organization, or the user may lack a role."
_ORGANIZATION = ("organization_id",)
_READ_AGAIN = (
    "Look at what has changed. Then, in a DAG, clear the task that created it and all tasks after it; with the client, "
    "read the document again and repeat the request with its new Timestamp."
)
_READ_ITEM_AGAIN = "Read the ledger item again, and decide with its new Version whether to repeat the request."
_LEDGER = (
    "Items with the same VoucherNumber must have the same date, file, Id and Version: correct and post them again."
)
_SENDER = "Complete the settings of the organization in Dinero."
_NO_ADDRESS = (
    "Give the contact an e-mail address, or pass a Receiver in mailout, and run the task again: nothing is done twice."
)
_E_INVOICE = "Correct the contact in Dinero, or send by e-mail instead."

CODES: dict[int, Code] = {
    40: Code("Not found", DineroNotFound, "Check the Guid and the organization_id.", _ORGANIZATION),
    41: Code("Unauthorized", DineroForbidden, _NO_ACCESS, _ORGANIZATION),
    42: Code("Validation error", DineroInvalidRequest, "Correct the properties that the message names."),
    43: Code(
        "Limit exceeded",
        DineroInvalidRequest,
        "Request at most 1000 rows per page. An invoice can have at most three reminders.",
    ),
    44: Code("Invalid format", DineroInvalidRequest, "Correct the format of the value."),
    45: Code("Invalid request", DineroInvalidRequest, "Correct what the message names."),
    46: Code("Invalid filter format", DineroInvalidRequest, "Filter only by properties that the operation allows."),
    47: Code("An accounting year was not found", DineroNotFound, "Create the accounting year in Dinero."),
    48: Code("Not Pro", DineroForbidden, _SUBSCRIPTION, _ORGANIZATION),
    49: Code("Email rejected", DineroInvalidRequest, "Check the receiver's address."),
    50: Code("Error", DineroUnavailable, "This is an internal error of Dinero: try again later."),
    51: Code("EAN problems", DineroInvalidRequest, _E_INVOICE),
    52: Code("No organization owner", DineroInvalidRequest, _SENDER),
    53: Code("No organization email", DineroInvalidRequest, _SENDER),
    54: Code("Missing bank info", DineroInvalidRequest, _SENDER),
    55: Code("No receiver email", DineroInvalidRequest, _NO_ADDRESS),
    56: Code("No EAN number", DineroInvalidRequest, _E_INVOICE),
    57: Code("Invalid EAN number", DineroInvalidRequest, _E_INVOICE),
    58: Code("Timestamp out of date", DineroStaleTimestamp, _READ_AGAIN),
    59: Code("Voucher not booked", DineroInvalidRequest, "Book the document first."),
    60: Code("No VAT number", DineroInvalidRequest, _SENDER),
    61: Code("Invalid bank info", DineroInvalidRequest, _SENDER),
    62: Code("E-invoice contact missing att. person", DineroInvalidRequest, _E_INVOICE),
    63: Code("No results", DineroNotFound, "Check the Guid and the organization_id.", _ORGANIZATION),
    64: Code("No recipient email", DineroInvalidRequest, _NO_ADDRESS),
    65: Code("Item is deleted", DineroInvalidRequest, "A deleted document can't be changed: create a new document."),
    66: Code(
        "Ledger limit exceeded", DineroInvalidRequest, "Book or delete items first: a ledger holds at most 1000 lines."
    ),
    67: Code("File type not allowed", DineroInvalidRequest, "Send a JPEG, JPG, PNG, GIF or PDF file."),
    68: Code(
        "File type not present", DineroInvalidRequest, "Give the file a name that ends in its type, such as .pdf."
    ),
    69: Code("Must be MIME multi part content", DineroInvalidRequest, "Send the file as multipart/form-data."),
    70: Code(
        "Ledger items optimistic concurrency", DineroUnavailable, "Send only one request with ledger items at a time."
    ),
    71: Code("Update concurrency error", DineroStaleTimestamp, _READ_ITEM_AGAIN),
    72: Code("Duplicated entity error", DineroDuplicate, "The Guid is taken: use another key, or raise generation."),
    73: Code(
        "Something went wrong while sending the email",
        DineroOutcomeUnknown,
        "The e-mail may have been sent: check the document's mail-outs in Dinero.",
    ),
    74: Code("Voucher not overdue", DineroInvalidRequest, "Wait until the document is overdue."),
    75: Code("Date differs for same voucher number", DineroInvalidRequest, _LEDGER),
    76: Code("FileGuid differs for same voucher number", DineroInvalidRequest, _LEDGER),
    77: Code(
        "Account does not exist",
        DineroInvalidRequest,
        "Use a number from the organization's chart of accounts: `airflow dinero accounts <connection>` lists it.",
    ),
    78: Code("Id differs for same voucher number", DineroInvalidRequest, _LEDGER),
    79: Code("Invalid VAT number", DineroInvalidRequest, _SENDER),
    80: Code(
        "Can't claim free pro",
        DineroInvalidRequest,
        "You don't have to do anything: Dinero Pro has already been claimed, or is active.",
    ),
    81: Code("Cannot create accounting year", DineroInvalidRequest, "Create the accounting year in Dinero."),
    82: Code(
        "Dates not in single accounting year", DineroInvalidRequest, "Request only one accounting year at a time."
    ),
    83: Code("The end date is before the start date", DineroInvalidRequest, "Swap the two dates."),
    84: Code("More than 31 days", DineroInvalidRequest, "Request at most 31 days at a time."),
    85: Code(
        "The trade offer is not a draft", DineroInvalidRequest, "Only a draft can be changed: create a new offer."
    ),
    86: Code(
        "Deposit does not exist",
        DineroNotFound,
        "Use the number of a deposit account: `airflow dinero accounts <connection>` marks these accounts.",
    ),
    87: Code("Version differs for same voucher number", DineroInvalidRequest, _LEDGER),
    88: Code("No booked reminder", DineroInvalidRequest, "Book a reminder first."),
    89: Code("Forbidden", DineroForbidden, "This requires a Dinero Total license."),
    90: Code("No Pro subscription", DineroForbidden, _SUBSCRIPTION, _ORGANIZATION),
}

# The code for a status if the body has no known code.
_BY_STATUS: dict[int, int] = {403: 41, 404: 40, 409: 72}


def refusal(
    operation: str, status: int, code: int | None, message: str, validation: Mapping[str, object]
) -> DineroError:
    """Return the error for a refusal: in Dinero's own words, with the advice of the table.

    :param operation: str, method and path as in the documents
    :param status: int, the HTTP status
    :param code: int or None, the code of the body
    :param message: str, the message of the body
    :param validation: mapping of property or rule to reason
    :return: DineroError, of the table's class for the code
    """
    row = CODES.get(code or 0) or CODES[_BY_STATUS.get(status, 45)]
    error = DineroDuplicate if "guidMustBeUnique" in validation else row.error
    own = {name: reason for name, reason in validation.items() if reason != message}  # Dinero may repeat its message
    reasons = "; ".join(f"{name}: {reason}" for name, reason in own.items())
    said = " ".join(filter(None, (message or row.name, f"({reasons})" if reasons else "")))
    told = f"code {code}: {said}" if code else said
    text = f"Dinero refused {operation} with HTTP {status}, {told}".rstrip(". ") + "."
    if issubclass(error, DineroRefused):
        return error(
            text,
            row.advice,
            status=status,
            code=code,
            validation=validation,
            said=message,
            settings=row.settings,
        )
    other = error(text, row.advice, settings=row.settings)
    if isinstance(other, DineroUnavailable):
        other.code = code
    return other
