"""What the operators of vouchers share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.base import require_mapping, whole
from airflow_provider_dinero.operators.money import amount

if TYPE_CHECKING:
    from typing import Protocol

    from airflow.sdk import Context

    class Keyed(Protocol):
        """An operator that identifies its voucher by an ExternalReference."""

        voucher: Mapping[str, Any]
        idempotency_key: str | int | None
        generation: int | str

        def key_of(self, context: "Context", key: str | int | None) -> str:
            """Return the idempotency key: the given one, or the task's own identity."""


def referenced(operator: "Keyed", context: "Context") -> dict[str, Any]:
    """Return an operator's voucher with its ExternalReference: its own, or the key.

    :param operator: Keyed
    :param context: Context
    :raises DineroInvalidBody: it isn't a dict, or has both
    """
    from airflow_provider_dinero.api.bodies.idempotency import reference_for

    body = dict(require_mapping("voucher", operator.voucher))
    generation = whole("generation", operator.generation)
    if not body.get("ExternalReference"):
        key = operator.key_of(context, operator.idempotency_key)
        body["ExternalReference"] = reference_for(f"{key}/{generation}" if generation else key)
    elif operator.idempotency_key is not None or generation:
        raise DineroInvalidBody(
            "The voucher has an ExternalReference, and there is an idempotency_key or a generation.",
            "Each identifies the voucher: pass one of them; nothing was sent.",
        )
    return body


def to_xcom(voucher: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a document for an XCom: plain JSON, the total as text, so that no øre is lost.

    :param voucher: mapping from Dinero
    """
    found = {name: voucher.get(name) for name in ("Guid", "Timestamp", "Status", "FileGuid")}
    totals = voucher.get("VoucherTotals") or voucher.get("Totals") or ()
    total = next((each["Total"] for each in totals if each["Type"] == "Total"), 0)
    found["Number"] = voucher.get("VoucherNumber") or voucher.get("CreditNoteNumber")
    found["TotalInclVat"] = amount(total)
    found["Currency"] = voucher.get("CurrencyKey") or voucher.get("Currency") or "DKK"
    return found
