"""All of Dinero's resources, as attributes of a client. Each is imported and created when it is first used."""

from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_dinero.api.session import Session

if TYPE_CHECKING:
    from airflow_provider_dinero.api.resources.accounts import Accounts
    from airflow_provider_dinero.api.resources.attachments import Attachments
    from airflow_provider_dinero.api.resources.base import Resource
    from airflow_provider_dinero.api.resources.contact_notes import ContactNotes
    from airflow_provider_dinero.api.resources.contacts import Contacts
    from airflow_provider_dinero.api.resources.credit_notes import CreditNotes
    from airflow_provider_dinero.api.resources.entries import Entries
    from airflow_provider_dinero.api.resources.files import Files
    from airflow_provider_dinero.api.resources.invoices import Invoices
    from airflow_provider_dinero.api.resources.ledger_items import LedgerItems
    from airflow_provider_dinero.api.resources.lookups import AccountingYears, Countries, VatTypes
    from airflow_provider_dinero.api.resources.manual_vouchers import ManualVouchers
    from airflow_provider_dinero.api.resources.organizations import Organizations
    from airflow_provider_dinero.api.resources.products import Products
    from airflow_provider_dinero.api.resources.purchase_credit_notes import PurchaseCreditNotes
    from airflow_provider_dinero.api.resources.purchase_vouchers import PurchaseVouchers
    from airflow_provider_dinero.api.resources.reminders import Reminders
    from airflow_provider_dinero.api.resources.reports import Reports
    from airflow_provider_dinero.api.resources.sales import Sales
    from airflow_provider_dinero.api.resources.sms import Sms
    from airflow_provider_dinero.api.resources.state_of_account import StateOfAccount
    from airflow_provider_dinero.api.resources.trade_offers import TradeOffers
    from airflow_provider_dinero.api.resources.webhooks import Webhooks


class Resources:
    """All of Dinero's resources, as attributes."""

    session: Session

    @cached_property
    def accounting_years(self) -> "AccountingYears":
        from airflow_provider_dinero.api.resources.lookups import AccountingYears

        return AccountingYears(self.session)

    @cached_property
    def accounts(self) -> "Accounts":
        from airflow_provider_dinero.api.resources.accounts import Accounts

        return Accounts(self.session)

    @cached_property
    def attachments(self) -> "Attachments":
        from airflow_provider_dinero.api.resources.attachments import Attachments

        return Attachments(self.session, self.files)

    @cached_property
    def contact_notes(self) -> "ContactNotes":
        from airflow_provider_dinero.api.resources.contact_notes import ContactNotes

        return ContactNotes(self.session)

    @cached_property
    def contacts(self) -> "Contacts":
        from airflow_provider_dinero.api.resources.contacts import Contacts

        return Contacts(self.session)

    @cached_property
    def countries(self) -> "Countries":
        from airflow_provider_dinero.api.resources.lookups import Countries

        return Countries(self.session)

    @cached_property
    def credit_notes(self) -> "CreditNotes":
        from airflow_provider_dinero.api.resources.credit_notes import CreditNotes

        return CreditNotes(self.session, self.invoices, self.contacts)

    @cached_property
    def entries(self) -> "Entries":
        from airflow_provider_dinero.api.resources.entries import Entries

        return Entries(self.session, self.accounting_years)

    @cached_property
    def files(self) -> "Files":
        from airflow_provider_dinero.api.resources.files import Files

        return Files(self.session)

    @cached_property
    def invoices(self) -> "Invoices":
        from airflow_provider_dinero.api.resources.invoices import Invoices

        return Invoices(self.session, self.contacts)

    @cached_property
    def ledger_items(self) -> "LedgerItems":
        from airflow_provider_dinero.api.resources.ledger_items import LedgerItems

        return LedgerItems(self.session)

    @cached_property
    def manual_vouchers(self) -> "ManualVouchers":
        from airflow_provider_dinero.api.resources.manual_vouchers import ManualVouchers

        return ManualVouchers(self.session, self.files, self.entries, self.accounts)

    @cached_property
    def organizations(self) -> "Organizations":
        from airflow_provider_dinero.api.resources.organizations import Organizations

        return Organizations(self.session)

    @cached_property
    def products(self) -> "Products":
        from airflow_provider_dinero.api.resources.products import Products

        return Products(self.session)

    @cached_property
    def purchase_credit_notes(self) -> "PurchaseCreditNotes":
        from airflow_provider_dinero.api.resources.purchase_credit_notes import PurchaseCreditNotes

        return PurchaseCreditNotes(self.session, self.purchase_vouchers)

    @cached_property
    def purchase_vouchers(self) -> "PurchaseVouchers":
        from airflow_provider_dinero.api.resources.purchase_vouchers import PurchaseVouchers

        return PurchaseVouchers(self.session, self.files)

    @cached_property
    def reminders(self) -> "Reminders":
        from airflow_provider_dinero.api.resources.reminders import Reminders

        return Reminders(self.session, self.invoices, self.contacts)

    @cached_property
    def reports(self) -> "Reports":
        from airflow_provider_dinero.api.resources.reports import Reports

        return Reports(self.session)

    @cached_property
    def sales(self) -> "Sales":
        from airflow_provider_dinero.api.resources.sales import Sales

        return Sales(self.session)

    @cached_property
    def sms(self) -> "Sms":
        from airflow_provider_dinero.api.resources.sms import Sms

        return Sms(self.session, self.invoices, self.contacts)

    @cached_property
    def state_of_account(self) -> "StateOfAccount":
        from airflow_provider_dinero.api.resources.state_of_account import StateOfAccount

        return StateOfAccount(self.session)

    @cached_property
    def trade_offers(self) -> "TradeOffers":
        from airflow_provider_dinero.api.resources.trade_offers import TradeOffers

        return TradeOffers(self.session, self.invoices)

    @cached_property
    def vat_types(self) -> "VatTypes":
        from airflow_provider_dinero.api.resources.lookups import VatTypes

        return VatTypes(self.session)

    @cached_property
    def webhooks(self) -> "Webhooks":
        from airflow_provider_dinero.api.resources.webhooks import Webhooks

        return Webhooks(self.session)


def resources_of(client: Resources) -> dict[str, "Resource"]:
    """Return all resources of a client, by name.

    :param client: DineroClient
    """
    names = sorted(name for name, value in vars(Resources).items() if isinstance(value, cached_property))
    return {name: getattr(client, name) for name in names}
