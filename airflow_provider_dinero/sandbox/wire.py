"""The sandbox's connections below HTTP, so that faults can break them."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from starlette.types import Scope

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger for 0 seconds: unsent data is dropped, and the peer gets an RST


class Wire:
    """The open connections by their client's address, and whether the server is stopping."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._transports: dict[tuple[str, int] | None, asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return the HTTP protocol for uvicorn that registers its connections here."""
        from uvicorn.protocols.http.h11_impl import H11Protocol

        transports = self._transports

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.client, None)
                super().connection_lost(exc)

        return Protocol

    async def pause(self, seconds: float) -> bool:
        """Wait, but no longer than the server runs.

        :return: whether it is still running
        """
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return True
        return False

    def reset(self, scope: Scope) -> None:
        """Break the connection of a request with a TCP reset."""
        transport = self._transports.get(scope["client"])
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            transport.abort()

    def close(self, scope: Scope) -> None:
        """Close the connection of a request after what has been sent."""
        transport = self._transports.get(scope["client"])
        if transport is not None:
            transport.close()
