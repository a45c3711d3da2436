"""Purchases: expenses and their payments."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroStaleTimestamp
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import require_mapping
from airflow_provider_dinero.operators.files import opened
from airflow_provider_dinero.operators.money import money
from airflow_provider_dinero.operators.sales import own_draft, remember_draft
from airflow_provider_dinero.operators.sales_lifecycle import change_of
from airflow_provider_dinero.operators.totals import ExpectingOperator
from airflow_provider_dinero.operators.vouchers import referenced, to_xcom

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_dinero.api.bodies.validation import CheckedBody
    from airflow_provider_dinero.api.resources.documents import OwnDraft
    from airflow_provider_dinero.api.resources.preflight import Plan

PAID = ("Paid", "Overpaid")


# What only booking requires.
NEEDED_TO_BOOK = {"cash": ("DepositAccountNumber", "RegionKey"), "credit": ("ContactGuid", "PaymentDate")}


class DineroPurchaseVoucherOperator(ExpectingOperator):
    """Records an expense once: its receipt and voucher, and optionally its booking and payment.

    It recognizes an existing voucher by its ExternalReference, made from the key, and by its receipt. A voucher that
    uses the receipt with the same content is this expense. Without a receipt Dinero can't always tell, and then an
    interrupted try ends in DineroOutcomeUnknown.

    Dinero: `GET` and `POST /v1/{organizationId}/files`,
    `GET /v1/{organizationId}/vouchers/purchase/fileguid/{fileGuid}`,
    `POST /v1/{organizationId}/vouchers/purchase/similar`, `POST /v1.2/{organizationId}/vouchers/purchase`,
    `POST /v1/{organizationId}/vouchers/purchase/{guid}/book`,
    `GET` and `POST /v1/{organizationId}/purchase-vouchers/{id}/payments`.

    :param voucher: dict in Dinero's own property names (PurchaseType, cash or credit, and Lines are required; amounts
        are gross); its own ExternalReference replaces the idempotency key. Templated.
    :param receipt: str or ObjectStoragePath, a JPEG, PNG, GIF or PDF file of at most 6 MB, such as
        "s3://aws_default@bucket/receipt.pdf"; default none, or the FileGuid in `voucher`. Templated.
    :param idempotency_key: str or int, identifies the expense, such as the number of the supplier's invoice; default
        the task's own identity: dag_id, run_id, task_id and map_index. Templated.
    :param generation: int, raise it to create the voucher again on purpose; default 0. Templated.
    :param book: bool, whether to book it; default False, which leaves a draft
    :param payment: dict like Dinero's PurchaseVoucherCreditPaymentCreateModel, with DepositAccountNumber and
        Description, registered after a credit purchase is booked; Amount defaults to the total in DKK,
        ExternalReference to the voucher's; default none. Templated.
    :param expected_total: str, Decimal or int, the total that the expense must have, including VAT, in its own
        currency, such as "125.00"; an expense with another total isn't booked; default None: any total. Templated.
    :param allow_similar: bool, whether to create the voucher even if another one uses the receipt or is similar;
        default False
    :return: `{"Guid", "Timestamp", "Number", "Status", "TotalInclVat", "Currency", "FileGuid", "Change"}`, the total as
        str, Change being created, updated (this run booked or paid it, or updated an untouched draft with the same key)
        or unchanged; `PaymentGuid` with a payment
    """

    resource = "purchase_vouchers"
    template_fields: Sequence[str] = (
        *ExpectingOperator.template_fields,
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
        idempotency_key: str | int | None = None,
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
        if payment is not None and not book:
            raise DineroInvalidBody("Only a booked purchase can be paid.", "Set book=True.")

    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the requested steps that haven't been done yet."""
        from airflow_provider_dinero.api.resources.documents import DRAFTS

        body = self._wanted = self._body(context)
        payment = self._checked_payment(body)
        at_once = "file" not in self._done  # nobody can have used it yet
        file = self.step("file", self._upload)
        if file:
            body = self._wanted = body | {"FileGuid": file["FileGuid"]}
        new = at_once and file.get("Change") == "created"
        own = own_draft(self.client, context, self.resource, body["ExternalReference"])
        told = self.step("voucher", lambda: self._create(body, own, new_file=new))
        changes = [told["Change"]]
        self.document_url = document_url(self.client, f"purchases/{told['Guid']}")
        if self.book and told["Status"] in DRAFTS:
            draft = dict(told)
            if payment is not None:
                self.client.preflight().check(_plan(body, payment))
            told |= self.step("book", lambda: self._book(draft, body))
            changes.append("updated")
        if payment is not None:
            booked = dict(told)
            told |= self.step("pay", lambda: self._pay(booked, payment))
            changes.append(told.pop("Paid"))
        told.pop("Foreign", None)
        place = "a draft" if told["Status"] in DRAFTS else f"number {told['Number']}"
        done = change_of(changes)
        self.log.info("expense %s %s, %s, %s", told["Guid"], done, place, money(told["TotalInclVat"], told["Currency"]))
        return {**told, "Change": done}

    def perform_dry_run(self, context: "Context") -> dict[str, Any]:
        """Check and read everything before the first write, and let Dinero calculate the total."""
        found = super().perform_dry_run(context)
        if "Next" in found:
            self._check_all(self._wanted, self._checked_payment(self._wanted))
            calculated = self.client.purchase_vouchers.fetch(self._wanted)
            if self.expected is not None:
                self.expected.require("The expense", {**calculated, "CurrencyKey": self._wanted.get("CurrencyKey")})
            total = to_xcom(calculated)["TotalInclVat"]
            self.log.info("dry run: the total is %s", money(total, self._wanted.get("CurrencyKey") or "DKK"))
            found["TotalInclVat"] = total
        return found

    def _check_all(self, body: Mapping[str, Any], payment: "CheckedBody | None") -> None:
        """Check what Dinero would refuse when booking or paying the expense."""
        preflight = self.client.preflight()
        if body.get("VoucherDate"):
            preflight.require_year("The VoucherDate", str(body["VoucherDate"]))
        if body.get("DepositAccountNumber"):
            preflight.require_deposit_account(body["DepositAccountNumber"])
        if payment is not None:
            preflight.check(_plan(body, payment))

    def _body(self, context: "Context") -> "CheckedBody":
        """Return the voucher with its ExternalReference, checked before any request."""
        from airflow_provider_dinero.api.bodies.validation import check

        given = referenced(self, context)
        if self.receipt is not None and given.get("FileGuid"):
            raise DineroInvalidBody("Both a receipt and a FileGuid were given.", "Pass one of them; nothing was sent.")
        body: CheckedBody = check("PurchaseVoucherCreateModelV2", given)
        missing = [name for name in NEEDED_TO_BOOK.get(body["PurchaseType"], ()) if not body.get(name)]
        if self.book and missing:  # Dinero only says so when booking, and then a draft with this key exists
            raise DineroInvalidBody(
                f"Booking a {body['PurchaseType']} purchase requires {' and '.join(missing)}.", "Nothing was sent."
            )
        return body

    def _checked_payment(self, body: Mapping[str, Any]) -> "CheckedBody | None":
        from airflow_provider_dinero.api.bodies.totals import require_both_amounts
        from airflow_provider_dinero.api.bodies.validation import check

        if self.payment is None:
            return None
        given = require_mapping("payment", self.payment)
        if body["PurchaseType"] != "credit":
            raise DineroInvalidBody("Only a credit purchase can be paid.", "Leave the payment out; nothing was sent.")
        require_both_amounts(given, body.get("CurrencyKey") or "DKK")
        payment = {"RemainderIsFee": False, "ExternalReference": body["ExternalReference"], **given}
        checked: CheckedBody = check(
            "PurchaseVoucherCreditPaymentCreateModel", {"Amount": 1, **payment, "Timestamp": "the latest"}
        )
        return checked if "Amount" in payment else checked.without("Amount")

    def _upload(self) -> dict[str, Any]:
        """Upload the receipt, if there is one."""
        return {} if self.receipt is None else self.client.files.upload_once(*opened(self.receipt))

    @property
    def _known_by(self) -> dict[str, Any]:
        own_place = self.idempotency_key is None and not self.voucher.get("ExternalReference")
        return {"allow_similar": self.allow_similar, "own_place": own_place}

    def _create(self, body: Mapping[str, Any], own: "OwnDraft", *, new_file: bool) -> dict[str, Any]:
        from airflow_provider_dinero.api.bodies.comparison import same_text

        vouchers = self.client.purchase_vouchers
        made = vouchers.create_once(body, new_file=new_file, own_draft=own, **self._known_by)
        remember_draft(self.client, self.resource, made, body["ExternalReference"])
        if self.expected is not None:
            self.expected.require(f"Expense {made['Guid']}", made)
        # Whoever created a voucher with our receipt may have paid it too.
        foreign = not same_text(made["ExternalReference"], body["ExternalReference"])
        return {**to_xcom(made), "Change": made["Change"]} | ({"Foreign": True} if foreign else {})

    def _book(self, draft: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        vouchers = self.client.purchase_vouchers
        try:
            return to_xcom(vouchers.book(draft["Guid"], timestamp=draft["Timestamp"]))
        except DineroStaleTimestamp:
            # Somebody changed the draft just now: it is booked if it still has the wanted content.
            again = vouchers.create_once(body, **self._known_by)
            return to_xcom(vouchers.book(again["Guid"], timestamp=again["Timestamp"]))

    def _pay(self, booked: Mapping[str, Any], payment: "CheckedBody") -> dict[str, Any]:
        if booked.get("Foreign") and booked["Status"] in PAID:
            return {"Paid": "unchanged"}
        if "Amount" not in payment and not Decimal(booked["TotalInclVat"]):
            self.log.info("expense %s comes to 0.00: there is nothing to pay", booked["Guid"])
            return {"PaymentGuid": None, "Paid": "unchanged"}
        body = payment if "Amount" in payment else payment | {"Amount": Decimal(booked["TotalInclVat"])}
        paid = self.client.purchase_vouchers.add_payment_once(booked["Guid"], body, timestamp=booked["Timestamp"])
        done = "updated" if paid["Change"] == "created" else "unchanged"
        stamp = paid.get("TimeStamp") or booked["Timestamp"]
        return {"PaymentGuid": paid["Guid"], "Timestamp": stamp, "Paid": done}


def _plan(body: Mapping[str, Any], payment: "CheckedBody") -> "Plan":
    """Return the planned steps of a credit purchase, for the preflight."""
    from airflow_provider_dinero.api.resources.preflight import Plan

    return Plan({"ContactGuid": body.get("ContactGuid"), "Date": body.get("VoucherDate")}, payment=payment)
