"""Documents whose total their author can know before they are booked."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from airflow_provider_dinero.api.bodies.totals import ExpectedTotal
from airflow_provider_dinero.api.operations import Operation, performs
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import DRAFTS, Documents

log = logging.getLogger(__name__)


class PricedDocuments(Documents):
    """Invoices and credit notes, whose total can be compared with an expected one."""

    # The operations that replace and book a draft.
    UPDATE: ClassVar[Operation]
    BOOK: ClassVar[Operation]

    @performs("BOOK")
    @guarded
    def book(
        self,
        guid: str,
        *,
        timestamp: str | None = None,
        number: int | None = None,
        expected: ExpectedTotal | None = None,
    ) -> Row:
        """Book a draft (`POST /v1/{organizationId}/…/{guid}/book`); a booked document is returned unchanged.

        A draft that was changed after its TimeStamp was read is not booked. One that was booked meanwhile is returned,
        whoever booked it: booking can't be undone, and the customer owes what was booked.

        :param guid: str
        :param timestamp: str, the TimeStamp of the draft; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :param expected: ExpectedTotal, the total that it must have, which takes a request to check; default none
        :return: dict, the whole document, with Change: updated, or unchanged if it was found booked
        :raises DineroStaleTimestamp: the draft has changed since its TimeStamp was read
        :raises DineroConflict: it is booked under another number
        """
        return self._book(self.BOOK, guid, timestamp, number, expected)

    @guarded
    def require_total(self, body: Mapping[str, Any], draft: Row, expected: ExpectedTotal) -> Row:
        """Check that a draft has the expected total, and add a rounding line for a small difference, if allowed.

        This takes one request if `draft` has no total yet, and two if a line is added.

        :param body: mapping, the body that it was created from
        :param draft: dict, the result of `create`
        :param expected: ExpectedTotal
        :return: dict, the whole document, and the Change of `draft`
        :raises DineroWrongTotal: it has another total; the error has both totals and the VAT
        """
        document = draft if "TotalInclVat" in draft else self.get(str(draft["Guid"]))
        lines = expected.rounded_lines(document, body) if document["Status"] in DRAFTS else None
        if lines is not None:
            content = {**{name: value for name, value in body.items() if name != "Guid"}, "ProductLines": lines}
            self._update(self.UPDATE, str(draft["Guid"]), content, str(document[self.STAMP]))
            document = self.get(str(draft["Guid"]))
            log.info("%s: a rounding line brings it to the expected total", self._named(document))
        expected.require(self._named(document), document)
        return {**document, "Change": draft["Change"]}
