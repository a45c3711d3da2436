"""Lists of invoices, contacts, products and payments, written in as few requests as possible."""
