"""One module a Dinero resource: its operations as methods, and what is done once."""
