"""Responses in Dinero's form: JSON with exact decimals, bytes, and an HTML page for unknown routes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from starlette.responses import Response

JsonObject = dict[str, Any]

TENTH = Decimal("0.1")

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> bytes:
    """Encode JSON; a Decimal becomes an exact number, written as Dinero writes it: 29.7 and 1.0."""
    return _encoder.encode(_written(value))


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        short = value.normalize()
        exponent = short.as_tuple().exponent
        return short.quantize(TENTH) if isinstance(exponent, int) and exponent > -1 else short
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item) for item in value]
    return value


def decode(raw: bytes | str) -> Any:
    """Decode JSON; a number with a fraction becomes a Decimal."""
    return _decoder.decode(raw)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(encode(value), status, headers, "application/json")


def empty() -> Response:
    """Return success without a body, as for updates and deletions of contacts."""
    return Response(status_code=200)


def page(status: int) -> Response:
    """Return the HTML page for an unknown route."""
    html = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status} - Not found</h1></body></html>"
    return Response(html, status, media_type="text/html")
