"""Bodies: their models, and how they are checked and compared."""
