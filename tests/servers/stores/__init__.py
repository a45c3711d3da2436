"""Files on real servers: `make stores-test`."""
