"""Bodies: their models, how they are checked and compared."""
