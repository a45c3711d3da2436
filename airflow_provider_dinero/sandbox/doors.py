"""Who may ask the sandbox at all: programs of this machine, and a browser only for the sandbox's own pages."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# What a program sends to `/_sandbox/…`. No form of a web page can, and a script of one has to ask first and is refused.
HEADER = "X-Dinero-Sandbox"
CONTROL = {HEADER: "1"}
# What a browser, or whoever waits for the start, asks for without it.
PAGES = ("/_sandbox/ui/", "/_sandbox/style.css", "/_sandbox/health")
READING = ("GET", "HEAD")


class Doors:
    """Refuses what a web page in the browser of a developer may try with a sandbox on the same machine.

    :param app: the application behind it
    :param hosts: names and addresses by which the sandbox may be called, beside those of this machine
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = {each.lower() for each in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may not come in; let the others pass."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        host, origin = headers.get("host", ""), headers.get("origin")
        # A name that is not ours leads here by somebody's DNS: its pages could read what the sandbox answers.
        if not self._is_ours(_name(host)):
            text = (
                f"This sandbox doesn't answer to the name {_name(host)!r}. Give it as --allowed-host, if it is yours."
            )
            return PlainTextResponse(text, 421)
        is_own = origin is not None and origin.partition("://")[2] == host
        if method not in READING and origin is not None and not is_own:
            return PlainTextResponse("A page of another site may change nothing in this sandbox.", 403)
        is_page = path.startswith(PAGES) and (method in READING or is_own)
        if path.startswith("/_sandbox/") and not is_page and headers.get(HEADER) != CONTROL[HEADER]:
            sent = f"{HEADER}: {CONTROL[HEADER]}"
            return PlainTextResponse(f"/_sandbox wants the header {sent} (with curl: -H '{sent}').", 403)
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
