"""Text messages with a link to a document."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.operations import MAILED, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource

# Its Timestamp is no fence: nobody knows whether a mail-out changes the document's.
_SEND = Operation(
    "POST", "/v1/{organizationId}/sms/{voucherGuid}/send-sms", Repeat.BARE, body="SmsSendModel", lost=MAILED
)


class Sms(Resource):
    """Text messages, which Dinero charges for."""

    @_SEND.performed_by
    def send(self, voucher_guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> None:
        """Text a link to a booked invoice, each time it is called.

        `POST /v1/{organizationId}/sms/{voucherGuid}/send-sms`

        :param voucher_guid: str
        :param body: mapping as SmsSendModel: ReceiverPhoneNumber, ReceiverName, IsReminder and Message
        :param timestamp: str, the TimeStamp of the invoice; default the body's
        :raises DineroOutcomeUnknown: the answer was lost
        """
        stamp = {"Timestamp": timestamp} if timestamp else {}
        self.client.send(_SEND, {"voucherGuid": voucher_guid}, body={**body, **stamp})
