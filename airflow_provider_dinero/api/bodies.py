"""Checks a body before it is sent. Dinero drops unknown properties in silence: a misspelt amount is a zero invoice."""

import math
import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dinero.api.errors import DineroInvalidBody

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


def check(model_name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body as its model understands it, with the properties that the author gave and no others.

    Decimal, date, UUID and their texts are accepted, since templates and XComs carry text.

    :param model_name: str, a class of `models.py`
    :param body: mapping in Dinero's own property names
    :return: dict of Python values, ready for `encode`
    :raises DineroInvalidBody: names each unknown, missing or ill-typed property
    """
    from pydantic import ValidationError

    from airflow_provider_dinero.api import models

    model: type[BaseModel] = getattr(models, model_name)
    if not isinstance(body, Mapping):
        raise DineroInvalidBody(
            f"{model_name}: a dict is needed, not {type(body).__name__}.",
            "Template fields that give a dict need render_template_as_native_obj, or an XComArg.",
        )
    inexact = _inexact(body, "")
    if inexact:
        raise DineroInvalidBody(
            f"{model_name}: {', '.join(inexact)}: a float that was calculated with.",
            "Amounts are Decimal, or text; nothing was sent.",
        )
    try:
        return model.model_validate(dict(body)).model_dump(exclude_unset=True)
    except ValidationError as error:
        # Never the values: a body may hold what doesn't belong into a log.
        wrong = "; ".join(_told(model, detail) for detail in error.errors(include_input=False, include_url=False))
        raise DineroInvalidBody(
            f"{model_name}: {wrong}{'' if wrong.endswith('?') else '.'}", "Nothing was sent."
        ) from None


def encode(body: Any) -> bytes:
    """Return the JSON of a checked body: Decimal as number, digit for digit; date and UUID as text.

    :param body: dict or list
    :return: bytes
    """
    import msgspec

    return msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode(body)


def as_list(given: str | Iterable[str]) -> list[str]:
    """Return names as a list, also when one alone was given.

    :param given: str, or iterable of str
    """
    return [given] if isinstance(given, str) else list(given)


def nearest(name: str, known: "list[str]") -> str:
    """Return the known name that was probably meant, or an empty text.

    :param name: str, as it was given
    :param known: list of names
    """
    by_lower = {other.lower(): other for other in known}
    longer = [other for other in by_lower if name.lower() in other]  # Amount: BaseAmountValue
    found = longer or get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else ""


def _inexact(value: Any, place: str) -> list[str]:
    """Return the places of floats that no author has written: 0.1 + 0.2 is 0.30000000000000004."""
    if isinstance(value, float):
        return [place] if math.isfinite(value) and round(value, 6) != value else []
    if isinstance(value, Mapping):
        return [each for name, inner in value.items() for each in _inexact(inner, f"{place}.{name}".lstrip("."))]
    if isinstance(value, list):
        return [each for index, inner in enumerate(value) for each in _inexact(inner, f"{place}[{index}]")]
    return []


def _told(model: "type[BaseModel]", detail: "ErrorDetails") -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    if detail["type"] == "extra_forbidden":
        known = list(_model_at(model, detail["loc"][:-1]).model_fields)
        meant = nearest(str(detail["loc"][-1]), known)
        return f"{place} is unknown to Dinero" + (f", did you mean {meant}?" if meant else f" ({', '.join(known)})")
    if detail["type"] == "missing":
        return f"{place} is missing"
    if detail["type"].startswith("uuid"):
        return f'{place}: a Guid is needed, as text, such as what operator.output["ContactGuid"] gives'
    return f"{place}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _model_at(model: "type[BaseModel]", place: "tuple[int | str, ...]") -> "type[BaseModel]":
    for part in place:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return model


def _model_in(annotation: Any) -> "type[BaseModel]":
    """Return the model inside `Model | None` and `list[Model]`."""
    while not isinstance(annotation, type) or isinstance(annotation, types.GenericAlias):
        annotation = next(arg for arg in get_args(annotation) if arg is not type(None))
    return annotation
