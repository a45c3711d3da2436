"""The bookkeeping modules: accounts, entries, reports, purchases, manual vouchers, the ledger."""

from airflow_provider_dinero.sandbox.resources import (
    books,
    chart,
    entries,
    ledger,
    manual_vouchers,
    purchase_credit_notes,
    purchase_payments,
    purchase_vouchers,
    reports,
)

MODULES = (
    books,
    chart,
    entries,
    reports,
    manual_vouchers,
    ledger,
    purchase_vouchers,
    purchase_credit_notes,
    purchase_payments,
)
