"""A request whose client is gone before it has sent the whole body, such as that of a killed worker."""

from __future__ import annotations

import logging

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)


class DisconnectMiddleware:
    """Drops a request of which only a part arrived, with one line in the log: the server would log a traceback.

    :param app: what handles the request; it reads the whole body before it does anything
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            log.warning(
                "%s %s: the client disconnected before it had sent the whole request; nothing was done.",
                scope["method"],
                scope["path"],
            )
