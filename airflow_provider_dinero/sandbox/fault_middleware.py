"""The middleware that injects faults."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.faults import Fault, Faults
from airflow_provider_dinero.sandbox.wire import Wire

DRIPS = 20
GARBAGE = b'\x00\xff{"Guid": ]]'
LENGTH = str(len(GARBAGE)).encode()
MAINTENANCE = "<!DOCTYPE html><html><head><title>Dinero</title></head><body><h1>Vi er straks tilbage</h1></body></html>"
ERROR_CODES = {401: 41, 403: 41, 404: 40, 500: 50}


class FaultMiddleware:
    """Injects the faults that were ordered.

    :param app: the wrapped application
    :param faults: the orders
    :param wire: the connections
    :param spared: paths without faults
    :param note: records a request that the application never sees, with its status (0 for none)
    :param expire: expires the token of a request
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        wire: Wire,
        spared: Callable[[str], bool],
        note: Callable[[Scope, int], None],
        expire: Callable[[Scope], None],
    ) -> None:
        self._app, self._faults, self._wire = app, faults, wire
        self._spared, self._note, self._expire = spared, note, expire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, with or without a fault."""
        spared = scope["type"] != "http" or self._spared(scope["path"])
        fault = None if spared else self._faults.strike(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope["dinero.fault"], era = fault.effect, self._faults.era
        body = await _body(receive)
        if body is None:  # the client disconnected while sending
            return

        async def again() -> Message:  # ruff: ignore[unused-async] (ASGI requires it)
            return {"type": "http.request", "body": body}

        if fault.effect in ("status", "html", "redirect"):
            response = _instead(fault)
            self._note(scope, response.status_code)
            await response(scope, receive, send)
        elif fault.effect == "reset":
            self._note(scope, 0)
            await self._reset(scope, receive)
        elif fault.effect in ("delay", "expired-token"):
            if fault.effect == "expired-token":
                self._expire(scope)
            if fault.effect == "expired-token" or await self._waited(fault, era):
                await self._app(scope, again, send)
            else:
                await self._reset(scope, receive)
        elif fault.effect != "late" or await self._gone(fault, era, scope, receive):
            head, content = await _handled(self._app, scope, again)
            if fault.effect == "reset-after":
                await self._reset(scope, receive)
            elif fault.effect != "late":
                await self._spoil(fault, head, content, send)
            if fault.effect == "truncate":
                self._wire.close(scope)
                await _disconnected(receive)

    async def _reset(self, scope: Scope, receive: Receive) -> None:
        self._wire.reset(scope)
        await _disconnected(receive)

    async def _waited(self, fault: Fault, era: int) -> bool:
        """Wait as long as the fault says.

        :param era: the era in which the fault struck
        :return: whether the sandbox is still the same: neither stopped nor reset
        """
        return await self._wire.pause(fault.seconds) and era == self._faults.era

    async def _gone(self, fault: Fault, era: int, scope: Scope, receive: Receive) -> bool:
        """Wait until the client has disconnected, and then for the fault's seconds."""
        if fault.gone == "reset":
            self._wire.reset(scope)
        await _disconnected(receive)
        return await self._waited(fault, era)

    async def _spoil(self, fault: Fault, head: Message, content: bytes, send: Send) -> None:
        """Send the response, damaged."""
        if fault.effect == "truncate":
            if content:
                await send(head)
                await send(_part(content[: len(content) // 2]))
        elif fault.effect == "garbage":
            await send({**head, "headers": [(b"content-type", b"application/json"), (b"content-length", LENGTH)]})
            await send({"type": "http.response.body", "body": GARBAGE})
        elif fault.effect == "drip":
            await send(head)
            size = max(1, -(-len(content) // DRIPS))
            for at in range(0, len(content), size):
                await send(_part(content[at : at + size]))
                await self._wire.pause(fault.seconds / DRIPS)
            await send({"type": "http.response.body"})


def _instead(fault: Fault) -> Response:
    """Return the response that replaces the handling of a request."""
    if fault.effect == "redirect":
        return RedirectResponse(fault.location, fault.status or 307)
    if fault.effect == "html":
        return HTMLResponse(MAINTENANCE, fault.status or 200)
    status = fault.status or 500
    if fault.body is None and status in ERROR_CODES:
        response = ApiError(ERROR_CODES[status], status=status).response()
    elif isinstance(fault.body, str) or fault.body is None:
        texts = {429: "API calls quota exceeded! maximum admitted 100 per 1m."}
        response = PlainTextResponse(fault.body or texts.get(status, ""), status)
    else:
        response = answer(fault.body, status)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


async def _handled(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Handle a request without sending anything; return the head and the body of the response."""
    sent: list[Message] = []

    async def keep(message: Message) -> None:  # ruff: ignore[unused-async] (ASGI requires it)
        sent.append(message)

    await app(scope, receive, keep)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request, None if the client disconnected before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _disconnected(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(content: bytes) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": True}
