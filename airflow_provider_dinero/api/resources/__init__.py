"""One module per Dinero resource: its operations as methods, and their idempotent forms."""
