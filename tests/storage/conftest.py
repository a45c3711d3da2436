"""Object storage in memory."""

from tests.transfers.conftest import memory

__all__ = ["memory"]
