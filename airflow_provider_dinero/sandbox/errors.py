"""Dinero's errors: the table of codes, and the body that contains one."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer

CODES = {
    40: "Not found",
    41: "Unauthorized",
    42: "A validation error occurred",
    43: "An upper or lower limit was exceeded",
    44: "The format of the specified value is incorrect",
    45: "The request is invalid",
    46: "The format of the filters are incorrect",
    47: "An accounting year was not found",
    48: "Cannot access Pro features without a Pro subscription",
    49: "The email could not be send.",
    50: "A server error occured. No more information about this error could be found.",
    51: "Could not send e-invoice.",
    52: "The organization don't have an owner.",
    53: "The organization don't have an email.",
    54: "The organization don't have any bank info.",
    55: "Invoice receiver don't have an email. Update the contact or supply and email with your request.",
    56: "Invoice receiver don't have an EAN number. Update the contact before trying to send an e-invoice.",
    57: "Invoice receiver's EAN number is not valid.",
    58: "The supplied timestamp is not the latest version of the entity. Get the latest version and try again.",
    59: "The voucher is not booked. The requested action requires the voucher to be booked.",
    60: "Organization don't have a VAT number",
    61: "The bank info is not valid.",
    62: "The contact of an e-invoice must have an att. person.",
    63: "The request gave no results.",
    64: "The request uses email, but the contact don't have an email.",
    65: "You cannot make changes to a deleted item.",
    66: "Your ledger has too many lines. There is a cap of 1000 lines per ledger.",
    67: "File type not supported. Acceptable formats: JPEG, JPG, PNG, GIF, PDF",
    68: "The file type was not found in the file name. Acceptable formats: JPEG, JPG, PNG, GIF, PDF",
    69: "Must be MIME multi part content",
    70: "Ledger items for same organization should not be posted async.",
    71: "Update concurrency error",
    72: "Duplicated entity error",
    73: "Something went wrong while sending the email. The email might or might not have been sent.",
    74: "The voucher is not overdue. The requested action requires the voucher to be overdue.",
    75: "The date should be the same for items with the same voucher number.",
    76: "The FileGuid should be the same for items with the same voucher number.",
    77: "The account does not exist for given account id.",
    78: "The id should be the same for items with the same voucher number.",
    79: "Organization don't have a valid VAT number",
    80: "Can't claim free pro if already claimed or if already pro",
    81: "Cannot create accounting year",
    82: "Cannot find a single accounting year from the dates.",
    83: "The specified end date is before the specified start date",
    84: "The specified to and from dates spans too long time, you can at the most request 31 days at a time",
    85: "Tradeoffers cannot be edited when it has been accepted, rejected, or converted into an invoice",
    86: "The deposit does not exist for given deposit account id.",
    87: "The version should be the same for items with the same voucher number.",
    88: "The voucher does not have a booked reminder. Reminder mailout could not be send.",
    89: "Can not access Total features without a Dinero Total License.",
    90: "Can not access Pro features without a Pro subscription.",
}


# Danish, as in Dinero. Only a few of its validation texts are known, from recorded responses; these are similar.
REQUIRED, REFUSED = "Feltet {} skal udfyldes.", "Værdien i feltet {} er ugyldig."


class ApiError(Exception):
    """A request that Dinero refuses.

    :param code: Dinero's own code, 40 to 90
    :param message: replaces the standard text of the code
    :param status: HTTP status
    :param problems: reasons, by property or rule key
    """

    def __init__(
        self,
        code: int,
        message: str | None = None,
        *,
        status: int = 400,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.status = code, status
        self.message = message or CODES[code]
        self.problems = dict(problems or {})

    def response(self) -> Response:
        """Return the response: a camelCase object whose ``errorMessageList`` is PascalCase inside, as recorded."""
        body = {
            "code": self.code,
            "message": self.message,
            "validationErrors": self.problems or None,
            "languageSpecificMessages": [
                {"property": key, "message": (REQUIRED if reason.endswith("is required.") else REFUSED).format(key)}
                for key, reason in self.problems.items()
            ],
            "errorMessageList": [{"Code": key, "Message": reason} for key, reason in self.problems.items()],
        }
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if self.status == 401 else None
        return answer(body, self.status, headers)


class UnsupportedSort(ApiError):
    """A sort order that a list doesn't support; Dinero responds with a server error that has no body."""

    def __init__(self) -> None:
        super().__init__(50, status=500)

    def response(self) -> Response:
        """Return the response: a status only."""
        return Response(status_code=self.status)


def invalid(key: str, reason: str) -> ApiError:
    """Return the error for the invalid value of one property."""
    return ApiError(42, problems={key: reason})
