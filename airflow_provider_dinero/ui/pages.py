"""The pages: rendered templates, with headers that stop other sites from framing or reading them."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent / "templates"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def render(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page.

    :param name: str, name of the template
    :param status: int, the HTTP status; default 200
    :param values: variables of the template
    """
    html = _environment().get_template(name).render(values)
    # JSON in the database, which people can edit, may contain half a character: no text of one entry hides the others.
    return HTMLResponse(html.encode(errors="replace"), status, HEADERS)


def style() -> str:
    """Return the style sheet."""
    return (FOLDER / "style.css").read_text(encoding="utf-8")


def _ago(moment: datetime) -> str:
    """Return how far away an instant is, such as "3 hours ago"."""
    import pendulum

    return pendulum.instance(moment).diff_for_humans()


def _ticks(text: str) -> Markup:
    """Return a text with its `commands` marked as code."""
    pieces = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(piece) if odd % 2 else piece for odd, piece in pieces)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(ago=_ago, ticks=_ticks)
    return environment
