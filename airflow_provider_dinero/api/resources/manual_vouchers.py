"""Manual vouchers: what is posted by hand, from one account to another."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.operations import BOOKED, DELETED, NOWHERE, REPLACED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import Documents

# The documents spell it so.
_ALL = "/v1/{organizationId}/vouchers/manuel"
_ONE = f"{_ALL}/{{guid}}"
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.BARE,
    body="ManuelVoucherCreateModel",
    lost=NOWHERE._replace(look_up="none; ledger_items.create, whose items carry an Id, is the sure way"),
)
_GET = Operation("GET", _ONE)
_UPDATE = Operation("PUT", _ONE, Repeat.FENCED, body="ManuelVoucherUpdateModel", lost=REPLACED)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="RequiredTimestampObject", lost=DELETED)
_BOOK = Operation("POST", f"{_ONE}/book", Repeat.FENCED, body="BookModel", lost=BOOKED)


class ManualVouchers(Documents):
    """Manual vouchers. Dinero has no list of them."""

    STAMP = "Timestamp"
    NUMBER = "VoucherNumber"
    WHAT = "Manual voucher"

    @_CREATE.performed_by
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a draft, each time it is called (`POST /v1/{organizationId}/vouchers/manuel`).

        :param body: mapping as ManuelVoucherCreateModel
        :return: dict, the voucher
        :raises DineroOutcomeUnknown: the answer was lost; `ledger_items.create` is the sure way
        """
        return self._object(_CREATE, body=body)

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a manual voucher (`GET /v1/{organizationId}/vouchers/manuel/{guid}`).

        :param guid: str
        :raises DineroNotFound: there is none
        """
        return self._object(_GET, {"guid": guid})

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace all of a draft (`PUT /v1/{organizationId}/vouchers/manuel/{guid}`).

        :param guid: str
        :param body: mapping as ManuelVoucherUpdateModel; what is left out is not kept
        :param timestamp: str, the Timestamp of the draft; default the body's, else the latest, which takes a request
        :return: dict, the voucher
        :raises DineroStaleTimestamp: the draft was changed since its Timestamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> None:
        """Delete a draft, or offset a booked voucher (`DELETE /v1/{organizationId}/vouchers/manuel/{guid}`).

        :param guid: str
        :param timestamp: str, the Timestamp of the voucher; default the latest, which takes a request
        """
        self._delete(_DELETE, guid, timestamp, required=True)

    @_BOOK.performed_by
    @guarded
    def book(self, guid: str, *, timestamp: str | None = None, number: int | None = None) -> Row:
        """Book a draft (`POST /v1/{organizationId}/vouchers/manuel/{guid}/book`); a booked one is returned as it is.

        :param guid: str
        :param timestamp: str, the Timestamp of the draft that is meant; default the latest, which takes a request
        :param number: int, the voucher number; default Dinero's next
        :return: dict, the voucher
        :raises DineroStaleTimestamp: the draft was changed since its Timestamp was read
        """
        return self._book(_BOOK, guid, timestamp, number)
