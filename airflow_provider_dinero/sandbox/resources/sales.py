"""The modules of all that is sold: documents, what is sent of them, what is paid."""

from airflow_provider_dinero.sandbox.resources import (
    attachments,
    contact_notes,
    credit_note_mail,
    credit_notes,
    invoice_mail,
    invoices,
    mail,
    payments,
    products,
    sales_list,
    webhooks,
)

MODULES = (
    products,
    invoices,
    invoice_mail,
    payments,
    credit_notes,
    credit_note_mail,
    sales_list,
    mail,
    attachments,
    contact_notes,
    webhooks,
)
