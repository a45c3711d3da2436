"""Who may call the sandbox: programs on this machine, and a browser only from the sandbox's own pages."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# Required for `/_sandbox/…`. A form can't send it; a script of another site needs a preflight, which is refused.
HEADER = "X-Dinero-Sandbox"
CONTROL = {HEADER: "1"}
# Works without it, for a browser or for a program that waits for the start.
PAGES = ("/_sandbox/ui/", "/_sandbox/style.css", "/_sandbox/health")
READING = ("GET", "HEAD")
# What no browser has to open. Reading it isn't harmless: it uses up faults and the request limit.
API = "/v"
# What a browser says of a request that a page of another site has caused.
FOREIGN = ("cross-site", "same-site")


class SameOriginMiddleware:
    """Refuses what a web page in a developer's browser might try against a sandbox on the same machine.

    :param app: the wrapped application
    :param hosts: names and addresses by which the sandbox may be called, besides those of this machine
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = {each.lower() for each in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request from elsewhere; pass the others on."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        host, origin = headers.get("host", ""), headers.get("origin")
        # A foreign name can be pointed here by somebody's DNS; its pages could then read the sandbox's responses.
        if not self._is_ours(_name(host)):
            text = f"This sandbox doesn't accept the host name {_name(host)!r}. If it is yours, add --allowed-host."
            return PlainTextResponse(text, 421)
        is_own = origin is not None and origin.partition("://")[2] == host
        if method not in READING and origin is not None and not is_own:
            return PlainTextResponse("A page of another site can't change anything in this sandbox.", 403)
        if path.lower().startswith(API) and headers.get("sec-fetch-site") in FOREIGN:
            return PlainTextResponse("A page of another site can't use this sandbox.", 403)
        is_page = path.startswith(PAGES) and (method in READING or is_own)
        if path.startswith("/_sandbox/") and not is_page and headers.get(HEADER) != CONTROL[HEADER]:
            sent = f"{HEADER}: {CONTROL[HEADER]}"
            return PlainTextResponse(f"Calls of /_sandbox need the header {sent} (with curl: -H '{sent}').", 403)
        return None

    def _is_ours(self, name: str) -> bool:
        if name == "localhost" or name in self._hosts:
            return True
        with suppress(ValueError):
            return ipaddress.ip_address(name).is_loopback
        return False


def _name(host: str) -> str:
    """Return a Host header without its port."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")
