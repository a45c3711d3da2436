"""What a client does with lists."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.ports import StateStore
from airflow_provider_dinero.api.session import Session

Row = dict[str, Any]
ON_ERROR = ("continue", "stop")


class Batches:
    """What is done with lists.

    :param session: Session
    :param store: StateStore, where it is kept what was written: whatever has `get(key)` and `set(key, value)` for JSON
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
        """Make invoices of a list, and book, pay and send them as far as asked: each once, however often it is called.

        An item is a mapping, or its JSON:

        - `idempotency_key`: what the invoice is for, such as an order number. The same key with other content is a
          conflict.
        - `invoice`: as InvoiceCreateModel, without Guid
        - `contact`: optionally the customer, as ContactCreateModel, who is created or changed first. Of two items with
          one contact, the later one's content holds from its own invoice on. `match_by` names what finds it
        - `expected_total`: optionally what the invoice has to come to, VAT included; it is compared before the booking
        - `send`, `mailout`, `payment`: in place of those of all items
        - `generation`, `resend`: as the operators take them

        Invoices are booked in the order of the list. Four requests are under way at most. It takes three requests an
        invoice that is made, booked and e-mailed, four with a payment, and one for each thousand invoices between the
        first and the last date of the list. What is done already costs nothing more, where the store knows it.

        :param items: iterable of mappings, or of their JSON as text or bytes; what isn't a sequence is read once
        :param book: bool, whether to book them; default False
        :param send: str or None: email, einvoice or sms; default None: they aren't sent
        :param mailout: mapping as Dinero's model for that way; default Dinero's template, to the contact
        :param payment: mapping as PaymentCreateModel, of which DepositAccountNumber and Description are needed; Amount
            is the invoice's total, ExternalReference the key. Default None: they aren't paid
        :param match_by: str, the property that finds a contact: ExternalReference, VatNumber or Email
        :param on_other_name: str, fail, update or create, as `contacts.upsert` takes it; default fail
        :param on_error: str, continue: go on with the other items; or stop; default continue
        :param report: callable that takes a row for each item, in the order of the list: Item (from 1), Key, Guid,
            Number, TotalInclVat, Currency, Change (created, updated, unchanged or failed), Error and Message
        :param progress: callable that takes how many items are done, and how many there are
        :param done: mapping of index to row, what an earlier part of the same run has told: what failed isn't tried
            again, and what was made counts as made; default none
        :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat"}`: the counts, and the totals by
            currency. In a dry run what they would be, with `requests` and the `minutes` that these take; Dinero is
            asked what each invoice that would be made comes to, a request each
        :raises DineroItemsFailed: some items failed, the first ten of which are named; the others were done
        :raises DineroUnavailable: likewise, and some may well work later
        """
        from airflow_provider_dinero.api.batches.invoices import InvoiceRun
        from airflow_provider_dinero.api.batches.items import Options
        from airflow_provider_dinero.api.batches.surroundings import Surroundings

        with self._session.show_errors():
            how = {"match_by": match_by, "on_other_name": on_other_name}
            options = Options(book=book, send=send, mailout=mailout or {}, payment=payment, **how)
            around = Surroundings(self._store, report, progress, _stops(on_error), done or {})
            return InvoiceRun(self._session, items, options, around).perform()

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
        """Create the contacts of a list, or change what differs, as `contacts.upsert` does with one.

        They are found by one list a thousand, or by a look-up each where that is fewer requests. What a list leaves
        out, such as UseCvr, takes a request more. One that is in the list twice ends as the later one says.

        :param items: iterable of mappings as ContactCreateModel, or of their JSON
        :param match_by: str, the property that finds a contact: ExternalReference, VatNumber or Email
        :param on_other_name: str, fail, update or create, as `contacts.upsert` takes it; default fail
        :param only_create: bool, leave contacts that are there as they are; default False
        :param on_error: str, continue or stop; default continue
        :param report: callable that takes a row for each: Item, Key (the value that finds it), Guid, Change, Error,
            Message
        :param progress: callable that takes how many are done, and how many there are
        :return: `{"items", "created", "updated", "unchanged", "failed", "TotalInclVat"}`
        :raises DineroItemsFailed: some failed, the first ten of which are named; the others were done
        """
        from airflow_provider_dinero.api.batches.surroundings import Surroundings
        from airflow_provider_dinero.api.batches.upserts import ContactsRun

        with self._session.show_errors():
            around = Surroundings(self._store, report, progress, _stops(on_error))
            how = {"match_by": match_by, "on_other_name": on_other_name, "only_create": only_create}
            return ContactsRun(self._session, around, how).perform(items)

    def products(
        self,
        items: Iterable[Any],
        *,
        match_by: str = "ExternalReference",
        on_error: str = "continue",
        report: Callable[[Row], None] = lambda row: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Row:
        """Create the products of a list, or change what differs, as `products.upsert` does with one.

        They are found as contacts are. One that isn't there is looked for once more right before it is made.

        :param items: iterable of mappings as ProductCreateModel, or of their JSON
        :param match_by: str, the property that finds a product: ExternalReference or ProductNumber
        :param on_error: str, continue or stop; default continue
        :param report: callable that takes a row for each: Item, Key (the value that finds it), Guid, Change, Error,
            Message
        :param progress: callable that takes how many are done, and how many there are
        :return: as `contacts`
        :raises DineroItemsFailed: some failed, the first ten of which are named; the others were done
        """
        from airflow_provider_dinero.api.batches.surroundings import Surroundings
        from airflow_provider_dinero.api.batches.upserts import ProductsRun

        with self._session.show_errors():
            around = Surroundings(self._store, report, progress, _stops(on_error))
            return ProductsRun(self._session, around, match_by).perform(items)

    def payments(
        self,
        items: Iterable[Any],
        *,
        payment: Mapping[str, Any] | None = None,
        on_error: str = "continue",
        report: Callable[[Row], None] = lambda row: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Row:
        """Register the payments of a list, each once, as `invoices.add_payment_once` does with one.

        An item is a mapping, or its JSON:

        - `invoice` (a Guid), `number` or `external_reference`: one of them, which names the invoice
        - `payment`: as PaymentCreateModel
        - `idempotency_key`: what tells it from others, such as the bank's number of it; or give an ExternalReference

        A payment whose invoice isn't found, is a draft, is paid already, or fits two, is a failed row of the report.

        :param items: iterable of mappings, or of their JSON
        :param payment: mapping, what the payments have in common, such as DepositAccountNumber and Description
        :param on_error: str, continue or stop; default continue
        :param report: callable that takes a row for each: Item, Key, Guid and Number of the invoice, PaymentGuid,
            Change, Error, Message
        :param progress: callable that takes how many are done, and how many there are
        :return: as `contacts`
        :raises DineroItemsFailed: some failed, the first ten of which are named; the others were done
        """
        from airflow_provider_dinero.api.batches.payments import PaymentsRun
        from airflow_provider_dinero.api.batches.surroundings import Surroundings

        with self._session.show_errors():
            around = Surroundings(self._store, report, progress, _stops(on_error))
            return PaymentsRun(self._session, around, payment or {}).perform(items)


def _stops(on_error: str) -> bool:
    if on_error not in ON_ERROR:
        raise DineroInvalidBody(f"on_error is {on_error!r}: {' or '.join(ON_ERROR)}.", "Nothing was sent.")
    return on_error == "stop"
