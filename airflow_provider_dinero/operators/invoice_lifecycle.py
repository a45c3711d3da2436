"""The whole lifecycle of an invoice in one task."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.base import require_mapping
from airflow_provider_dinero.operators.money import money
from airflow_provider_dinero.operators.sales_lifecycle import Payment, SalesLifecycleOperator, change_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.bodies.validation import CheckedBody
    from airflow_provider_dinero.api.resources.documents import OwnDraft


class DineroInvoiceOperator(SalesLifecycleOperator):
    """Creates an invoice, and optionally books it, registers its payment and sends it, each once for its key.

    It reads from Dinero which steps are done, so a run that starts over continues where the last one ended. Before
    booking, it checks everything that the later steps need: the contact and its address for the channel, the deposit
    account, the date of the payment, and the expected total.

    Dinero: `POST /v1/{organizationId}/invoices`, `POST …/{guid}/book`, `GET …/{guid}/mailouts`, `POST …/{guid}/email`
    (or e-invoice, or SMS), `GET` and `POST …/{guid}/payments`.

    :param invoice: dict in Dinero's own property names (ProductLines is required), without Guid. PaymentConditionType
        "Paid" sets the terms but registers no payment: pass `payment` too. Templated.
    :param idempotency_key: str or int, identifies the invoice, such as an order number; default the task's own
        identity: dag_id, run_id, task_id and map_index. Set it in mapped tasks, since an index changes with the list.
        Templated.
    :param generation: int, raise it to create an invoice again after it was deleted in Dinero; default 0. Templated.
    :param book: bool, whether to book it; default False, which leaves a draft
    :param number: int, the voucher number; default Dinero's next. Templated.
    :param send: str or None: email, einvoice or sms; default None, not sent. Requires book.
    :param mailout: dict like Dinero's model for that channel; default Dinero's template, sent to the contact.
        Templated.
    :param resend: int, how many earlier mail-outs to ignore; default 0. Templated.
    :param payment: dict like Dinero's PaymentCreateModel, with DepositAccountNumber and Description; the default
        ExternalReference is the key, and the default Amount is the invoice's total, which fails if there are other
        payments; in another currency Amount (DKK) and AmountInForeignCurrency are required. A total of 0.00 needs no
        payment. Default none: no payment. Requires book. Templated.
    :param expected_total: str, Decimal or int, the total that the invoice must have, including VAT, in its own
        currency, such as "1543.13"; an invoice with another total isn't booked; default None: any total. Templated.
    :param rounding_account: int, the account of a line for a difference of up to max_rounding, preferably an account
        without VAT; default None: no such line. Templated.
    :param max_rounding: str, Decimal or int, the largest difference for that line, such as "0.05"; required with
        rounding_account; default None. Templated.
    :return: `{"Guid", "TimeStamp", "Change"}`; if it is booked, also what `DineroBookInvoiceOperator` returns, with
        `Recipients` and `PaymentGuid`; Change is created, updated (this run did something) or unchanged; in a dry run
        `{"DryRun", "Next", "Guid", "TotalInclVat"}`
    """

    resource = "invoices"
    what = "invoice"
    template_fields: Sequence[str] = (*SalesLifecycleOperator.template_fields, "invoice", "payment")
    template_fields_renderers: ClassVar[dict[str, str]] = {"invoice": "json", "mailout": "json", "payment": "json"}

    def __init__(self, *, invoice: Mapping[str, Any], payment: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if payment is not None and not self.book:
            raise DineroInvalidBody("Only a booked invoice can be paid.", "Set book=True.")
        self.invoice = invoice
        self.payment = payment

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the requested steps that haven't been done yet."""
        given = require_mapping("invoice", self.invoice)
        key = self.key_of(context, self.idempotency_key)
        body = self._payment(given, key)
        payment = None if body is None else Payment(body, lambda booked: self._pay(booked, body))
        if given.get("PaymentConditionType") == "Paid" and payment is None:
            self.log.warning(
                "PaymentConditionType Paid sets the terms only: the invoice stays open until a payment is registered, "
                "with payment= here or DineroAddPaymentOperator."
            )
        told, changes = self.run_steps(context, key, given, payment)
        return {**told, "Change": change_of(changes)}

    def make(self, body: dict[str, Any], own: "OwnDraft | None" = None) -> dict[str, Any]:
        """Create the draft, or find the existing document, and check that it has the same content."""
        return self.client.invoices.create(body, expected=self.expected, own_draft=own)

    def _payment(self, invoice: Mapping[str, Any], key: str) -> "CheckedBody | None":
        """Return the payment, checked before anything is sent; without an Amount if that is the total."""
        from airflow_provider_dinero.api.bodies.idempotency import reference_for
        from airflow_provider_dinero.api.bodies.totals import require_both_amounts
        from airflow_provider_dinero.api.bodies.validation import check

        if self.payment is None:
            return None
        given = {name: value for name, value in require_mapping("payment", self.payment).items() if value is not None}
        require_both_amounts(given, invoice.get("Currency") or "DKK")
        payment = {"RemainderIsFee": False, "ExternalReference": reference_for(key), **given}
        checked: CheckedBody = check("PaymentCreateModel", {"Amount": 1, **payment, "Timestamp": "the latest"})
        return checked if "Amount" in payment else checked.without("Amount")

    def check_before_booking(self, draft: Mapping[str, Any], body: dict[str, Any]) -> None:
        """Check that all later steps can be done, as long as nothing is booked."""
        super().check_before_booking(draft, body)
        if self._plan.payment is not None and self._plan.payment.get("Amount") == 0:
            found = draft if "TotalInclVat" in draft else self.client.invoices.get(draft["Guid"])
            if Decimal(found["TotalInclVat"]):
                raise DineroInvalidBody(
                    f"payment: its Amount is 0, but the invoice comes to {money(found['TotalInclVat'])}.",
                    "Leave the Amount out to pay all of it; nothing was booked.",
                )

    def _pay(self, booked: Mapping[str, Any], payment: "CheckedBody") -> dict[str, Any]:
        """Register the payment, unless it already is."""
        if not payment.get("Amount") and not Decimal(booked["TotalInclVat"]):
            self.log.info("invoice %s comes to 0.00: there is nothing to pay", booked["Number"])
            return {"Guid": None, "Change": "unchanged"}
        body = payment if "Amount" in payment else payment | {"Amount": Decimal(booked["TotalInclVat"])}
        invoices = self.client.invoices
        whole = "Amount" not in payment
        paid = invoices.add_payment_once(
            booked["Guid"], body, timestamp=booked["TimeStamp"], new=self._new, whole=whole
        )
        done = "paid" if paid["Change"] == "created" else "was already paid"
        self.log.info("invoice %s %s %s", booked["Number"], done, money(body["Amount"]))
        return paid
