"""Many at a time: invoices, contacts, products and payments, in as few requests as can be."""
