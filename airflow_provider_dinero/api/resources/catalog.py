"""All of Dinero's resources, as the attributes of a client."""

from typing import TYPE_CHECKING

from airflow_provider_dinero.api.resources.accounts import Accounts
from airflow_provider_dinero.api.resources.attachments import Attachments
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

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient


class Resources:
    """All of Dinero's resources, as attributes."""

    def __init__(self, client: "DineroClient") -> None:
        self.accounting_years = AccountingYears(client)
        self.accounts = Accounts(client)
        self.attachments = Attachments(client)
        self.contact_notes = ContactNotes(client)
        self.contacts = Contacts(client)
        self.countries = Countries(client)
        self.credit_notes = CreditNotes(client)
        self.entries = Entries(client)
        self.files = Files(client)
        self.invoices = Invoices(client)
        self.ledger_items = LedgerItems(client)
        self.manual_vouchers = ManualVouchers(client)
        self.organizations = Organizations(client)
        self.products = Products(client)
        self.purchase_credit_notes = PurchaseCreditNotes(client)
        self.purchase_vouchers = PurchaseVouchers(client)
        self.reminders = Reminders(client)
        self.reports = Reports(client)
        self.sales = Sales(client)
        self.sms = Sms(client)
        self.state_of_account = StateOfAccount(client)
        self.trade_offers = TradeOffers(client)
        self.vat_types = VatTypes(client)
        self.webhooks = Webhooks(client)
