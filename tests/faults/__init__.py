"""Programs that take longer than tests, and print numbers: `make faults` runs them all."""
