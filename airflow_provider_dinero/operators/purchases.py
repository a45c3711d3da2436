"""Purchases: expenses and what suppliers pay back."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, money, require_mapping, whole
from airflow_provider_dinero.operators.files import opened

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

PAID = ("Paid", "Overpaid")


class DineroPurchaseVoucherOperator(DineroBaseOperator):
    """Records an expense, once: its receipt, its voucher, and as wished that it is booked and paid.

    The voucher's ExternalReference, made from the key, and its receipt tell whether it is there. A receipt that another
    voucher uses with the same content is this expense. Without a receipt Dinero can't always tell: then a try that was
    cut off ends in DineroOutcomeUnknown.

    Dinero: `GET` and `POST /v1/{organizationId}/files`,
    `GET /v1/{organizationId}/vouchers/purchase/fileguid/{fileGuid}`,
    `POST /v1/{organizationId}/vouchers/purchase/similar`, `POST /v1.2/{organizationId}/vouchers/purchase`,
    `POST /v1/{organizationId}/vouchers/purchase/{guid}/book`,
    `GET` and `POST /v1/{organizationId}/purchase-vouchers/{id}/payments`.

    :param voucher: dict in Dinero's own property names (PurchaseType, cash or credit, and Lines are required; amounts
        are gross); an ExternalReference of its own takes the place of the idempotency key. Templated.
    :param receipt: str or ObjectStoragePath, a JPEG, PNG, GIF or PDF file of at most 6 MB, such as
        "s3://aws_default@bucket/receipt.pdf"; default none, or the FileGuid in `voucher`. Templated.
    :param idempotency_key: str, what the expense is, such as the number of the supplier's invoice; default the task's
        own place: dag_id, run_id, task_id and map_index. Templated.
    :param generation: int, raised to make the voucher anew on purpose; default 0. Templated.
    :param book: bool, book it; default False: it stays a draft
    :param payment: dict in Dinero's own property names (DepositAccountNumber, Amount and Description are required;
        without ExternalReference, which is made from the key), registered when a credit purchase is booked; default
        none. Templated.
    :param allow_similar: bool, make the voucher also where another one uses the receipt, or is similar and was entered
        by hand; default False
    :return: `{"Guid", "Timestamp", "Number", "Status", "TotalInclVat", "Currency", "FileGuid", "Change"}`, the total as
        str, Change being created or unchanged; `PaymentGuid` with a payment
    """

    resource = "purchase_vouchers"
    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "voucher",
        "receipt",
        "idempotency_key",
        "generation",
        "payment",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"voucher": "json", "payment": "json"}

    def __init__(
        self,
        *,
        voucher: Mapping[str, Any],
        receipt: "str | ObjectStoragePath | None" = None,
        idempotency_key: str | None = None,
        generation: int | str = 0,
        book: bool = False,
        payment: Mapping[str, Any] | None = None,
        allow_similar: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.voucher = voucher
        self.receipt = receipt
        self.idempotency_key = idempotency_key
        self.generation = generation
        self.book = book
        self.payment = payment
        self.allow_similar = allow_similar

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do what is not done yet."""
        from airflow_provider_dinero.api.bodies import check
        from airflow_provider_dinero.api.resources.documents import DRAFTS

        body, vouchers = self._body(context), self.client.purchase_vouchers
        check("PurchaseVoucherCreateModelV2", body)  # before the receipt is sent
        self._wanted = body
        file = self.step("file", self._file)
        if file:
            self._wanted = body = {**body, "FileGuid": file["FileGuid"]}
        new = file.get("Change") == "created"
        voucher = self.step(
            "voucher", lambda: small(vouchers.create_once(body, new_file=new, allow_similar=self.allow_similar))
        )
        self.document_url = document_url(self.client, f"purchases/{voucher['Guid']}")
        if self.book and voucher["Status"] in DRAFTS:
            booked = self.step("booked", lambda: small(vouchers.book(voucher["Guid"], timestamp=voucher["Timestamp"])))
            voucher = {**voucher, **booked}
        told = f"number {voucher['Number']}" if voucher["Number"] else "a draft"
        self.log.info("expense %s %s, %s, %s", voucher["Guid"], voucher["Change"], told, money(*_total(voucher)))
        return voucher

    def rehearse(self, context: "Context") -> dict[str, Any]:
        """Check and read all that comes before the first write, and let Dinero calculate the total."""
        found = super().rehearse(context)
        if "Next" in found:
            told = small(self.client.purchase_vouchers.fetch(self._wanted))
            self.log.info("dry run: the expense comes to %s", money(*_total(told)))
            found |= {name: told[name] for name in ("TotalInclVat", "Currency")}
        return found

    def _body(self, context: "Context") -> dict[str, Any]:
        from airflow_provider_dinero.api.keys import guid_for

        body = dict(require_mapping("voucher", self.voucher))
        if self.receipt is not None and body.get("FileGuid"):
            raise DineroInvalidBody("There are a receipt and a FileGuid.", "Give one of them; nothing was sent.")
        if not body.get("ExternalReference"):
            key, generation = self.key_of(context, self.idempotency_key), whole("generation", self.generation)
            body["ExternalReference"] = guid_for(self.client.organization_id, self.resource, key, generation)
        elif self.idempotency_key is not None:
            raise DineroInvalidBody(
                "There are an idempotency_key and an ExternalReference.",
                "Either of them tells the expense from others: give one; nothing was sent.",
            )
        return body

    def _file(self) -> dict[str, Any]:
        """Upload the receipt; without one nothing is done."""
        return {} if self.receipt is None else self.client.files.upload_once(*opened(self.receipt))


def small(voucher: Mapping[str, Any]) -> dict[str, Any]:
    """Return what fits into an XCom: plain JSON, the total as text, so that no øre is lost.

    :param voucher: mapping, as Dinero gives it
    """
    found = {name: voucher.get(name) for name in ("Guid", "Timestamp", "Status", "FileGuid")}
    totals = voucher.get("VoucherTotals") or voucher.get("Totals") or ()
    total = next((each["Total"] for each in totals if each["Type"] == "Total"), 0)
    found["Number"] = voucher.get("VoucherNumber") or voucher.get("CreditNoteNumber")
    found["TotalInclVat"] = f"{Decimal(total):.2f}"
    found["Currency"] = voucher.get("CurrencyKey") or voucher.get("Currency") or "DKK"
    return found | ({"Change": voucher["Change"]} if "Change" in voucher else {})


def _total(voucher: Mapping[str, Any]) -> tuple[str, str]:
    return voucher["TotalInclVat"], voucher["Currency"]
