"""Documents whose total their author can know before they are booked."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from airflow_provider_dinero.api.bodies.totals import ExpectedTotal
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import DRAFTS, Documents

log = logging.getLogger(__name__)


class PricedDocuments(Documents):
    """Invoices and credit notes, whose total can be compared with an expected one."""

    # The operations that replace and book a draft.
    UPDATE: ClassVar[Operation]
    BOOK: ClassVar[Operation]

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
