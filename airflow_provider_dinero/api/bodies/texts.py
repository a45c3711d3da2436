"""Text properties given as numbers, as a template or a JSON file produces them: a zip code, a phone, an EAN."""

from collections.abc import Mapping
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dinero.api.errors import DineroInvalidBody

if TYPE_CHECKING:
    from pydantic import BaseModel

# A Danish zip code has four digits, the first of which may be 0; a number loses that.
SMALLEST_ZIP_CODE = 1000
# Any text property is shorter.
LARGEST = 10**128


def numbers_as_text(model: "type[BaseModel]", given: Any) -> Any:
    """Return a body with whole numbers as text where the model has text; other values are left for the check.

    :param model: class of `models.py`
    :param given: dict with plain dicts and lists inside, or any other value
    :raises DineroInvalidBody: a number may differ from the original text
    """
    if not isinstance(given, dict):
        return given
    texts, inner = _properties(model)
    if _whole(given.get("ZipCode")) and given["ZipCode"] < SMALLEST_ZIP_CODE and given.get("CountryKey", "DK") == "DK":
        raise DineroInvalidBody(
            "ZipCode: a number loses leading zeros, so this may not be the original text.",
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
    """Return why a value isn't valid text, without the value itself.

    :param value: anything but text
    """
    if isinstance(value, float):
        return (
            "this must be text, not a float, whose digits may differ from the original text: quote it, or use str(...)"
        )
    if isinstance(value, bool | Mapping | list):
        return (
            f"this must be text, not {type(value).__name__}. With render_template_as_native_obj, a template that is "
            "one expression returns its value: add `| string`"
        )
    return f"this must be text, not {type(value).__name__}: use str(...)"


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) < LARGEST


@cache
def _properties(model: "type[BaseModel]") -> "tuple[frozenset[str], dict[str, type[BaseModel]]]":
    """Return the names of a model's text properties except dates, and the models inside it by name."""
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
