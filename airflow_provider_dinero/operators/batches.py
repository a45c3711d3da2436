"""Whole lists in one task: invoices, contacts, products, payments."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.operators.batch_base import DineroBatchOperator

if TYPE_CHECKING:
    from airflow_provider_dinero.api.batches.batches import Batches


class DineroInvoicesOperator(DineroBatchOperator):
    """Creates invoices from a list of orders in one task and, if asked, books, pays and sends them: each once.

    An item of the list is a dict:

    - `idempotency_key`: identifies the invoice, such as an order number; becomes its ExternalReference if it has none
    - `invoice`: dict in Dinero's own property names (ProductLines is required), without Guid
    - `contact`: optionally the customer, who is matched by `match_by`, and created or updated first
    - `expected_total`: optionally the total that the invoice must have, including VAT; checked before booking
    - `send`, `mailout`, `payment`: override the arguments of the same name for this item
    - `generation`, `resend`: as `DineroInvoiceOperator` takes them

    Invoices are booked in the order of the list, so their numbers follow it. An invoice that is created, booked and
    e-mailed takes three requests, or four with a payment; finding out that nothing is left to do takes two. The payment
    comes before the mail: if Dinero refuses the payment, the invoice isn't sent.

    Dinero: `GET /v1/{organizationId}/invoices` and `GET /v1/{organizationId}/contacts`, one request per 1,000 rows;
    then as `DineroInvoiceOperator` and `DineroUpsertContactOperator`.

    :param invoices: list of items, such as the result of another task. Templated; Airflow stores only how many items
        there are, not their content.
    :param invoices_callable: callable that yields the items, called in the worker; it can take Airflow's context as
        `**context`
    :param book: bool, whether to book the invoices; default False: they stay drafts
    :param send: str or None: email, einvoice or sms; default None: don't send them. It needs book.
    :param mailout: dict like Dinero's model for that channel; default Dinero's template, sent to the contact.
        Templated.
    :param payment: dict like Dinero's PaymentCreateModel, with DepositAccountNumber and Description; Amount is the
        invoice's total, ExternalReference the key. Default None: register no payment. It needs book. Templated.
    :param match_by: str, the property to match a contact by: ExternalReference, VatNumber or Email; default
        ExternalReference
    :param on_other_name: str, fail, update or create, as `DineroUpsertContactOperator` takes it; default fail
    :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat", "Report"}`: counts, totals by
        currency, and the path of the report, or its rows: Item, Key, Guid, Number, TotalInclVat, Currency, Change, and
        Error and Message if the item failed
    """

    resource = "invoices"
    listed = "invoices"
    resumes = True
    template_fields: Sequence[str] = (*DineroBatchOperator.template_fields, "invoices", "mailout", "payment")
    template_fields_renderers: ClassVar[dict[str, str]] = {"mailout": "json", "payment": "json"}

    def __init__(
        self,
        *,
        invoices: Any = None,
        invoices_callable: Callable[..., Iterable[Mapping[str, Any]]] | None = None,
        book: bool = False,
        send: str | None = None,
        mailout: Mapping[str, Any] | None = None,
        payment: Mapping[str, Any] | None = None,
        match_by: str = "ExternalReference",
        on_other_name: str = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.require_one_source(invoices, invoices_callable)
        if not book and (send or payment is not None):
            raise DineroInvalidBody("Only a booked invoice can be sent or paid.", "Set book=True.")
        self.invoices = invoices
        self.invoices_callable = invoices_callable
        self.book = book
        self.send = send
        self.mailout = mailout
        self.payment = payment
        self.match_by = match_by
        self.on_other_name = on_other_name

    def work(self, batches: "Batches", items: Iterable[Any], **options: Any) -> dict[str, Any]:
        """Process the list."""
        return batches.invoices(
            items,
            book=self.book,
            send=self.send,
            mailout=self.mailout,
            payment=self.payment,
            match_by=self.match_by,
            on_other_name=self.on_other_name,
            **options,
        )


class DineroUpsertContactsOperator(DineroBatchOperator):
    """Creates the contacts of a list, or updates what differs in existing ones. Repeating it changes nothing.

    Existing contacts are found with one list request per thousand contacts, or with one lookup each if that takes fewer
    requests.

    Dinero: `GET` and `POST /v1/{organizationId}/contacts`, `PUT /v2/{organizationId}/contacts/{guid}`.

    :param contacts: list of dicts in Dinero's own property names (Name, CountryKey and IsPerson are required).
        Templated; Airflow stores only how many contacts there are, not their content.
    :param contacts_callable: callable that yields the contacts, called in the worker; it can take Airflow's context as
        `**context`
    :param match_by: str, the property to match a contact by: ExternalReference, VatNumber or Email; default
        ExternalReference
    :param on_other_name: str, fail, update or create, as `DineroUpsertContactOperator` takes it; default fail
    :param only_create: bool, don't change existing contacts; default False
    :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat", "Report"}`; a row of the report has
        Item, Key (the value it is matched by), Guid, Change, and Error and Message if the item failed
    """

    resource = "contacts"
    listed = "contacts"
    template_fields: Sequence[str] = (*DineroBatchOperator.template_fields, "contacts")

    def __init__(
        self,
        *,
        contacts: Any = None,
        contacts_callable: Callable[..., Iterable[Mapping[str, Any]]] | None = None,
        match_by: str = "ExternalReference",
        on_other_name: str = "fail",
        only_create: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.require_one_source(contacts, contacts_callable)
        self.contacts = contacts
        self.contacts_callable = contacts_callable
        self.match_by = match_by
        self.on_other_name = on_other_name
        self.only_create = only_create

    def work(self, batches: "Batches", items: Iterable[Any], **options: Any) -> dict[str, Any]:
        """Process the list."""
        return batches.contacts(
            items,
            match_by=self.match_by,
            on_other_name=self.on_other_name,
            only_create=self.only_create,
            **options,
        )


class DineroUpsertProductsOperator(DineroBatchOperator):
    """Creates the products of a list, or updates what differs in existing ones. Repeating it changes nothing.

    Existing products are found with one list request per thousand products, or with one lookup each if that takes fewer
    requests.

    Dinero: `GET` and `POST /v1/{organizationId}/products`, `PUT /v1/{organizationId}/products/{guid}`.

    :param products: list of dicts in Dinero's own property names (BaseAmountValue, Quantity, AccountNumber and Unit are
        required). Templated.
    :param products_callable: callable that yields the products, called in the worker; it can take Airflow's context as
        `**context`
    :param match_by: str, the property to match a product by: ExternalReference or ProductNumber; default
        ExternalReference
    :return: as `DineroUpsertContactsOperator`
    """

    resource = "products"
    listed = "products"
    template_fields: Sequence[str] = (*DineroBatchOperator.template_fields, "products")

    def __init__(
        self,
        *,
        products: Any = None,
        products_callable: Callable[..., Iterable[Mapping[str, Any]]] | None = None,
        match_by: str = "ExternalReference",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.require_one_source(products, products_callable)
        self.products = products
        self.products_callable = products_callable
        self.match_by = match_by

    def work(self, batches: "Batches", items: Iterable[Any], **options: Any) -> dict[str, Any]:
        """Process the list."""
        return batches.products(items, match_by=self.match_by, **options)


class DineroAddPaymentsOperator(DineroBatchOperator):
    """Registers a list of payments, for example from a bank or a payment provider: each once, however often it runs.

    An item of the list is a dict:

    - `invoice` (a Guid), `number` or `external_reference`: exactly one of them, to identify the invoice
    - `payment`: dict like Dinero's PaymentCreateModel
    - `idempotency_key`: identifies the payment, such as its number at the bank

    A payment fails, and is reported as failed, if it matches no invoice or several, or if the invoice is a draft or
    already paid by another payment.

    Dinero: `GET /v1/{organizationId}/invoices`, then as `DineroAddPaymentOperator`.

    :param payments: list of items. Templated; Airflow stores only how many items there are, not their content.
    :param payments_callable: callable that yields the items, called in the worker; it can take Airflow's context as
        `**context`
    :param payment: dict of what the payments have in common, such as DepositAccountNumber and Description; default
        nothing. Templated.
    :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat", "Report"}`; a row of the report has
        Item, Key, Guid and Number of the invoice, PaymentGuid, Change, and Error and Message if the item failed
    """

    resource = "invoices"
    listed = "payments"
    template_fields: Sequence[str] = (*DineroBatchOperator.template_fields, "payments", "payment")
    template_fields_renderers: ClassVar[dict[str, str]] = {"payment": "json"}

    def __init__(
        self,
        *,
        payments: Any = None,
        payments_callable: Callable[..., Iterable[Mapping[str, Any]]] | None = None,
        payment: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.require_one_source(payments, payments_callable)
        self.payments = payments
        self.payments_callable = payments_callable
        self.payment = payment

    def work(self, batches: "Batches", items: Iterable[Any], **options: Any) -> dict[str, Any]:
        """Process the list."""
        return batches.payments(items, payment=self.payment, **options)
