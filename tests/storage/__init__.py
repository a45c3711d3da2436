"""Tests of the files on storages; those on real servers are in tests/servers/stores."""
