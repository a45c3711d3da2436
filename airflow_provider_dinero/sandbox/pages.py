"""HTML pages from templates, with headers that keep other sites from framing them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

FOLDER = Path(__file__).parent / "templates"
SUBMIT = "document.forms[0].submit()"
_SUBMIT_HASH = b64encode(hashlib.sha256(SUBMIT.encode()).digest()).decode()
HEADERS = {
    "X-Frame-Options": "DENY",
    # No form-action: Chromium would apply it to the redirect to the client that follows the consent.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    f"base-uri 'none'; script-src 'sha256-{_SUBMIT_HASH}'",
    # With no-referrer a browser would not show us that a form is our own.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def render(name: str, status: int = 200, **values: Any) -> Response:
    """Render a page.

    :param name: name of the template
    :param status: HTTP status
    :param values: variables of the template
    """
    return HTMLResponse(_environment().get_template(name).render(values), status, HEADERS)


def kroner(ore: int) -> str:
    """Format an amount the Danish way: 1.234,50."""
    return f"{Decimal(ore) / 100:,.2f}".translate(str.maketrans(",.", ".,"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kroner"] = kroner
    environment.globals["submit_script"] = SUBMIT
    return environment
