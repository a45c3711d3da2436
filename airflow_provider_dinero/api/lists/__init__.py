"""Lists: pages, filters, changes."""
