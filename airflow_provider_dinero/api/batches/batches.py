"""The list operations of a client."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.ports import StateStore
from airflow_provider_dinero.api.session import Session

Row = dict[str, Any]
ON_ERROR = ("continue", "stop")


class Batches:
    """The operations that write a whole list.

    :param session: Session
    :param store: StateStore that records what was written: any object with `get(key)` and `set(key, value)` for JSON
        of at most 64 KB, such as Airflow's state store of an asset
    """

    def __init__(self, session: Session, store: StateStore) -> None:
        self._session = session
        self._store = store

    def invoices(
        self,
        items: Iterable[Any],
        *,
        book: bool = False,
        send: str | None = None,
        mailout: Mapping[str, Any] | None = None,
        payment: Mapping[str, Any] | None = None,
        match_by: str = "ExternalReference",
        on_other_name: str = "fail",
        on_error: str = "continue",
        report: Callable[[Row], None] = lambda row: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        done: Mapping[int, Row] | None = None,
    ) -> Row:
        """Create the invoices of a list and, if asked, book, pay and send them: each once, however often you call it.

        An item is a mapping, or its JSON:

        - `idempotency_key`: identifies the invoice, such as an order number. The same key with different content is a
          conflict.
        - `invoice`: an InvoiceCreateModel without Guid
        - `contact`: optionally the customer, a ContactCreateModel, which is created or updated first. `match_by` names
          the property to match by. If two items have the same contact, the later content applies from the later
          invoice on.
        - `expected_total`: optionally the total that the invoice must have, including VAT; checked before booking
        - `send`, `mailout`, `payment`: override the arguments of the same name for this item
        - `generation`, `resend`: as the operators take them

        Invoices are booked in the order of the list. At most four requests run at once. An invoice that is created,
        booked and e-mailed takes three requests, or four with a payment. In addition, the run takes one request per
        thousand invoices between the first and the last date of the list. Items that the store records as done take no
        further requests.

        :param items: iterable of mappings, or of their JSON as text or bytes; an iterable that isn't a sequence is read
            only once
        :param book: bool, whether to book the invoices; default False
        :param send: str or None: email, einvoice or sms; default None: don't send them
        :param mailout: mapping as Dinero's model for that channel; default Dinero's template, to the contact
        :param payment: mapping as PaymentCreateModel, which needs DepositAccountNumber and Description; Amount is the
            invoice's total, ExternalReference the key. Default None: register no payment
        :param match_by: str, the property to match a contact by: ExternalReference, VatNumber or Email
        :param on_other_name: str, fail, update or create, as `contacts.upsert` takes it; default fail
        :param on_error: str, continue (with the other items) or stop; default continue
        :param report: callable that receives a row for each item, in the order of the list: Item (from 1), Key, Guid,
            Number, TotalInclVat, Currency, Change (created, updated, unchanged or failed), Error and Message
        :param progress: callable that receives the number of items done, and the number of all items
        :param done: mapping of index to row, the results that an earlier part of the same run reported: failed items
            aren't retried, and created items count as created; default none
        :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat"}`: the counts, and the totals by
            currency. A dry run returns what they would be, with `requests` and the `minutes` that these take; it asks
            Dinero for the total of each invoice that it would create, with one request each
        :raises DineroItemsFailed: some items failed, and the error names the first ten; the others succeeded
        :raises DineroUnavailable: the same, but a retry may succeed for some of them
        """
        from airflow_provider_dinero.api.batches.invoices import InvoiceRun
        from airflow_provider_dinero.api.batches.items import Options
        from airflow_provider_dinero.api.batches.run_context import RunContext

        with self._session.show_errors():
            how = {"match_by": match_by, "on_other_name": on_other_name}
            options = Options(book=book, send=send, mailout=mailout or {}, payment=payment, **how)
            context = RunContext(self._store, report, progress, _stops(on_error), done or {})
            return InvoiceRun(self._session, items, options, context).perform()

    def contacts(
        self,
        items: Iterable[Any],
        *,
        match_by: str = "ExternalReference",
        on_other_name: str = "fail",
        only_create: bool = False,
        on_error: str = "continue",
        report: Callable[[Row], None] = lambda row: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Row:
        """Create the contacts of a list, or update what differs, as `contacts.upsert` does for one contact.

        Existing contacts are found with one list request per thousand contacts, or with one lookup each if that takes
        fewer requests. A property that Dinero's list leaves out, such as UseCvr, takes one more request. If a contact
        is in the list twice, the later item wins.

        :param items: iterable of mappings as ContactCreateModel, or of their JSON
        :param match_by: str, the property to match a contact by: ExternalReference, VatNumber or Email
        :param on_other_name: str, fail, update or create, as `contacts.upsert` takes it; default fail
        :param only_create: bool, don't change existing contacts; default False
        :param on_error: str, continue or stop; default continue
        :param report: callable that receives a row for each item: Item, Key (the value it is matched by), Guid, Change,
            Error, Message
        :param progress: callable that receives the number of items done, and the number of all items
        :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat"}`
        :raises DineroItemsFailed: some items failed, and the error names the first ten; the others succeeded
        """
        from airflow_provider_dinero.api.batches.run_context import RunContext
        from airflow_provider_dinero.api.batches.upserts import ContactsRun

        with self._session.show_errors():
            context = RunContext(self._store, report, progress, _stops(on_error))
            how = {"match_by": match_by, "on_other_name": on_other_name, "only_create": only_create}
            return ContactsRun(self._session, context, how).perform(items)

    def products(
        self,
        items: Iterable[Any],
        *,
        match_by: str = "ExternalReference",
        on_error: str = "continue",
        report: Callable[[Row], None] = lambda row: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Row:
        """Create the products of a list, or update what differs, as `products.upsert` does for one product.

        Existing products are found in the same way as contacts. If a product isn't found, it is looked up once more
        right before it is created.

        :param items: iterable of mappings as ProductCreateModel, or of their JSON
        :param match_by: str, the property to match a product by: ExternalReference or ProductNumber
        :param on_error: str, continue or stop; default continue
        :param report: callable that receives a row for each item: Item, Key (the value it is matched by), Guid, Change,
            Error, Message
        :param progress: callable that receives the number of items done, and the number of all items
        :return: as `contacts`
        :raises DineroItemsFailed: some items failed, and the error names the first ten; the others succeeded
        """
        from airflow_provider_dinero.api.batches.run_context import RunContext
        from airflow_provider_dinero.api.batches.upserts import ProductsRun

        with self._session.show_errors():
            context = RunContext(self._store, report, progress, _stops(on_error))
            return ProductsRun(self._session, context, match_by).perform(items)

    def payments(
        self,
        items: Iterable[Any],
        *,
        payment: Mapping[str, Any] | None = None,
        on_error: str = "continue",
        report: Callable[[Row], None] = lambda row: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Row:
        """Register the payments of a list, each once, as `invoices.add_payment_once` does for one payment.

        An item is a mapping, or its JSON:

        - `invoice` (a Guid), `number` or `external_reference`: exactly one of them, to identify the invoice
        - `payment`: a PaymentCreateModel
        - `idempotency_key`: identifies the payment, such as its number at the bank; or give an ExternalReference

        A payment fails, and is reported as failed, if it matches no invoice or several, or if the invoice is a draft or
        already paid by another payment.

        :param items: iterable of mappings, or of their JSON
        :param payment: mapping of what the payments have in common, such as DepositAccountNumber and Description
        :param on_error: str, continue or stop; default continue
        :param report: callable that receives a row for each item: Item, Key, Guid and Number of the invoice,
            PaymentGuid, Change, Error, Message
        :param progress: callable that receives the number of items done, and the number of all items
        :return: as `contacts`
        :raises DineroItemsFailed: some items failed, and the error names the first ten; the others succeeded
        """
        from airflow_provider_dinero.api.batches.payments import PaymentsRun
        from airflow_provider_dinero.api.batches.run_context import RunContext

        with self._session.show_errors():
            context = RunContext(self._store, report, progress, _stops(on_error))
            return PaymentsRun(self._session, context, payment or {}).perform(items)


def _stops(on_error: str) -> bool:
    if on_error not in ON_ERROR:
        raise DineroInvalidBody(f"on_error can't be {on_error!r}.", f"Use {' or '.join(ON_ERROR)}; nothing was sent.")
    return on_error == "stop"
