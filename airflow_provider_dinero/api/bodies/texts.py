"""Text properties that are given as numbers, as a template or a JSON file makes them: a zip code, a phone, an EAN."""

from collections.abc import Mapping
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dinero.api.errors import DineroInvalidBody

if TYPE_CHECKING:
    from pydantic import BaseModel

# A Danish zip code has four digits, of which the first may be 0; a number has lost it.
SMALLEST_ZIP_CODE = 1000
# The longest text that a body keeps is shorter.
LARGEST = 10**128


def numbers_as_text(model: "type[BaseModel]", given: Any) -> Any:
    """Return a body with whole numbers as their digits, where the model has a text; all else stays for the check.

    :param model: class of `models.py`
    :param given: dict or whatever else was given, with plain dicts and lists inside
    :raises DineroInvalidBody: a number may not be what the text was
    """
    if not isinstance(given, dict):
        return given
    texts, inner = _properties(model)
    if _whole(given.get("ZipCode")) and given["ZipCode"] < SMALLEST_ZIP_CODE and given.get("CountryKey", "DK") == "DK":
        raise DineroInvalidBody(
            "ZipCode: a number has no leading zero, so it may have been another text.",
            'Write the zip code as text, such as "0800"; nothing was sent.',
        )
    found = {name: str(value) if name in texts and _whole(value) else value for name, value in given.items()}
    for name in inner.keys() & found.keys():
        value = found[name]
        found[name] = (
            [numbers_as_text(inner[name], each) for each in value]
            if isinstance(value, list)
            else numbers_as_text(inner[name], value)
        )
    return found


def told(value: Any) -> str:
    """Return what is wrong with a value where text is needed, without the value.

    :param value: anything but text
    """
    if isinstance(value, float):
        return "text is needed, not a float, whose digits may not be those of the text: write it in quotes, or str(...)"
    if isinstance(value, bool | Mapping | list):
        return (
            f"text is needed, not {type(value).__name__}. Where render_template_as_native_obj is set, a template that "
            "is one expression gives what it evaluates to: add `| string`"
        )
    return f"text is needed, not {type(value).__name__}: str(...) makes it"


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) < LARGEST


@cache
def _properties(model: "type[BaseModel]") -> "tuple[frozenset[str], dict[str, type[BaseModel]]]":
    """Return the names of a model's texts that are no dates, and the models inside it by name."""
    from pydantic import BaseModel

    texts, inner = set(), {}
    for name, field in model.model_fields.items():
        types = _types(field.annotation)
        if str in types and not name.endswith("Date"):
            texts.add(name)
        for each in types:
            if isinstance(each, type) and issubclass(each, BaseModel):
                inner[name] = each
    return frozenset(texts), inner


def _types(annotation: Any) -> set[Any]:
    arguments = get_args(annotation)
    return {annotation} if not arguments else {each for inner in arguments for each in _types(inner)}
