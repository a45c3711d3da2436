"""Checks a body before it is sent. Dinero silently drops unknown properties: a misspelt amount is a zero invoice."""

import math
import re
import types
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dinero.api.bodies import texts
from airflow_provider_dinero.api.bodies.numbers import POINT, misread
from airflow_provider_dinero.api.errors import DineroInvalidBody

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


# Plain value types: what Dinero uses if a body leaves them out, although the document calls them required.
FILLED_IN: dict[str, Any] = {
    "IsMember": False,
    "UseCvr": False,
    "ShouldAddTrustPilotEmailAsBcc": False,
    "Discount": 0,
    "PaymentMeanEnum": "Domestic",
}
# The content of a body's lines is three levels down.
MOST_NESTED = 8
# Properties that end up in the header of an e-mail, or in the address of a text message.
ONE_LINE = frozenset({"Email", "Receiver", "ReceiverName", "ReceiverPhoneNumber", "Sender", "Subject"})
# What names or reaches somebody: a blank around it, as a form or a file leaves it, would make it another one.
STRIPPED = frozenset({"EanNumber", "VatNumber", "SENumber", "PNumber", "Email", "Phone", "ReceiverEanNumber"})
# Amounts of which Dinero keeps two places. Unit prices and quantities have as many as their author gives.
TWO_PLACES = frozenset({"Amount", "AmountInForeignCurrency"})
HALF = "half a character (a lone surrogate)"


class CheckedBody(dict[str, Any]):
    """A checked body, which isn't checked again when it is sent.

    `|` adds values that need no check: a Guid, a Timestamp or an amount that this package creates. For any other value,
    build a plain dict, which is checked when it is sent.

    :param model: str, the class of `models.py` against which it was checked
    :param content: mapping
    """

    __slots__ = ("model",)

    def __init__(self, model: str, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self.model = model

    def __or__(self, other: Mapping[str, Any]) -> "CheckedBody":  # type: ignore[override]
        return CheckedBody(self.model, {**self, **other})

    def without(self, *names: str) -> "CheckedBody":
        """Return the body without some of its properties.

        :param names: str
        """
        return CheckedBody(self.model, {name: value for name, value in self.items() if name not in names})


def check(model_name: str, body: Any) -> Any:
    """Return the body as its model reads it, with the properties that you gave and no others.

    It accepts Decimal, date, UUID and their text forms, since templates and XComs are text.

    :param model_name: str, a class of `models.py`; in brackets for a list of them
    :param body: mapping with Dinero's property names; for a list, an iterable of them or a single one
    :return: CheckedBody, a dict of Python values, or a list of them, ready for `encode`; a checked one unchanged
    :raises DineroInvalidBody: it names each unknown, missing or ill-typed property
    """
    if not model_name.startswith("["):
        return _checked(model_name, body, _called(model_name))
    member = _called(model_name[1:-1])
    if isinstance(body, str) or not isinstance(body, Iterable):
        raise DineroInvalidBody(
            f"{member}: this must be a list of dicts, not {type(body).__name__}.", "Nothing was sent."
        )
    members = [body] if isinstance(body, Mapping) else list(body)
    if not members:
        raise DineroInvalidBody(f"{member}: the list is empty.", "Nothing was sent.")
    return [_checked(model_name[1:-1], each, f"{member} {index}") for index, each in enumerate(members)]


def _called(model_name: str) -> str:
    """Return what people call a body: "purchase voucher", not PurchaseVoucherCreateModelV2."""
    bare = re.sub(r"(Create|Update|Send|Api)?Model(V\d+)?$", "", model_name.removeprefix("Api"))
    bare = bare.replace("Manuel", "Manual")  # Dinero's spelling
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).lower()


def _checked(model_name: str, body: Any, place: str) -> CheckedBody:
    if isinstance(body, CheckedBody) and body.model == model_name:
        return body
    return CheckedBody(model_name, _validated(model_name, body, place))


def _validated(model_name: str, body: Any, place: str) -> dict[str, Any]:
    from pydantic import ValidationError

    model = _model(model_name)
    if not isinstance(body, Mapping):
        raise DineroInvalidBody(
            f"{place}: this must be a dict, not {type(body).__name__}.",
            "A template renders text: pass another task's result instead, as operator.output or what a @task returned.",
        )
    if nested := _too_deep(body):
        raise DineroInvalidBody(f"{place}: {nested} is nested more than {MOST_NESTED} deep.", "Nothing was sent.")
    given = _as_text(body)
    inexact = _inexact(given, "")
    if inexact:
        raise DineroInvalidBody(
            f"{place}: {', '.join(inexact)}: this float is the inexact result of a calculation.",
            "Use Decimal or text for amounts; nothing was sent.",
        )
    if "TimeStamp" in given and "Timestamp" in model.model_fields:
        # What Dinero's responses call TimeStamp, its bodies call Timestamp.
        given = {"Timestamp" if name == "TimeStamp" else name: value for name, value in given.items()}
    given = texts.numbers_as_text(model, given)
    try:
        checked: dict[str, Any] = model.model_validate(given).model_dump(exclude_unset=True)
        wrong = "; ".join(_misread(given, checked, ""))
    except ValidationError as error:
        # Never the values: a body may contain something that must not be logged.
        wrong = "; ".join(_told(model, detail) for detail in error.errors(include_url=False))
    if wrong:
        raise DineroInvalidBody(f"{place}: {wrong}{'' if wrong.endswith('?') else '.'}", "Nothing was sent.")
    return checked


def complete(model_name: str, checked: Any) -> Any:
    """Return a checked body with the properties that the document requires and Dinero fills in.

    :param model_name: str, as for `check`
    :param checked: what `check` returned
    """
    if isinstance(checked, list):
        return [complete(model_name.strip("[]"), each) for each in checked]
    return _completed(_model(model_name), checked)


def _completed(model: "type[BaseModel]", checked: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in FILLED_IN.items() if name in model.model_fields}
    for name, value in checked.items():
        if isinstance(value, list):
            inner = _model_in(model.model_fields[name].annotation)
            found[name] = [_completed(inner, each) for each in value]
        else:
            found[name] = value
    return found


def _as_text(value: Any) -> Any:
    """Return a body as dicts and lists, dates as ISO 8601 text: the document types some of them as plain strings."""
    if isinstance(value, Mapping):
        return {
            name: inner.strip() if name in STRIPPED and isinstance(inner, str) else _as_text(inner)
            for name, inner in value.items()
            if inner is not None or name not in FILLED_IN  # left out, Dinero fills it in; None it refuses
        }
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray):
        return [_as_text(each) for each in value]
    if isinstance(value, Integral) and not isinstance(value, int):  # numpy's
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def _model(model_name: str) -> "type[BaseModel]":
    from airflow_provider_dinero.api.bodies import models

    model: type[BaseModel] = getattr(models, model_name)
    return model


def encode(body: Any) -> bytes:
    """Return the JSON of a checked body: Decimal as a number, digit for digit; date and UUID as text.

    :param body: dict or list
    :return: bytes
    """
    import msgspec

    return msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode(body)


def encodable(name: str, text: str) -> str:
    """Return a text that can be sent: half of a surrogate pair, as in broken JSON, has no bytes.

    :param name: str, named in the error
    :param text: str
    :raises DineroInvalidBody: it can't be sent
    """
    if not _is_encodable(text):
        raise DineroInvalidBody(f"{name} contains {HALF}.", "Nothing was sent.")
    return text


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_list(given: str | Iterable[str]) -> list[str]:
    """Return names as a list, even if only one was given.

    :param given: str, or iterable of str
    """
    return [given] if isinstance(given, str) else list(given)


def canonical(given: Iterable[str], allowed: Collection[str]) -> list[str]:
    """Return names in Dinero's spelling, which its responses repeat.

    :param given: names of properties, in any case
    :param allowed: collection of str, the names that can be requested
    :raises DineroInvalidBody: a name isn't one of them
    """
    spelt = {name.lower(): name for name in allowed}
    found = []
    for name in given:
        if name.lower() not in spelt:
            meant = nearest(name, list(allowed)) or ", ".join(allowed)
            raise DineroInvalidBody(f"This list has no field {name}.", f"It has {meant}.")
        found.append(spelt[name.lower()])
    return found


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
    """Return the places of floats that nobody would write: 0.1 + 0.2 is 0.30000000000000004."""
    if isinstance(value, float):
        return [place] if math.isfinite(value) and round(value, 6) != value else []
    if isinstance(value, Mapping):
        return [each for name, inner in value.items() for each in _inexact(inner, f"{place}.{name}".lstrip("."))]
    if isinstance(value, list | tuple):
        return [each for index, inner in enumerate(value) for each in _inexact(inner, f"{place}[{index}]")]
    return []


def _too_deep(value: Any, place: str = "", left: int = MOST_NESTED) -> str:
    """Return the place of a value nested deeper than in any body of Dinero, or an empty text."""
    if not isinstance(value, Mapping | list | tuple):
        return ""
    if not left:
        return place
    named = (
        ((f"{place}.{name}".lstrip("."), inner) for name, inner in value.items())
        if isinstance(value, Mapping)
        else ((f"{place}[{index}]", inner) for index, inner in enumerate(value))
    )
    return next(filter(None, (_too_deep(inner, where, left - 1) for where, inner in named)), "")


def _misread(given: Any, checked: Any, place: str) -> Iterator[str]:
    """Yield what the model accepts but Dinero or a mail server would read differently than you meant."""
    if isinstance(checked, Mapping):
        for name, inner in checked.items():
            yield from _misread(given[name], inner, f"{place}.{name}".lstrip("."))
    elif isinstance(checked, list):
        for index, (each, inner) in enumerate(zip(given, checked, strict=True)):
            yield from _misread(each, inner, f"{place}[{index}]")
    elif isinstance(checked, Decimal | int) and not isinstance(checked, bool):
        if wrong := misread(given, Decimal(checked), two_places=place.rpartition(".")[2] in TWO_PLACES):
            yield f"{place}: {wrong}"
    elif isinstance(checked, str):
        if not _is_encodable(checked):
            yield f"{place}: this contains {HALF}"
        elif place.rpartition(".")[2] in ONE_LINE and _has_line_break(checked):
            yield f"{place}: this contains a line break or another control character"


def _has_line_break(text: str) -> bool:
    return any(unicodedata.category(each) in {"Cc", "Zl", "Zp"} for each in text)


def _told(model: "type[BaseModel]", detail: "ErrorDetails") -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    if detail["type"] == "extra_forbidden":
        known = list(_model_at(model, detail["loc"][:-1]).model_fields)
        meant = nearest(str(detail["loc"][-1]), known)
        return f"{place} is unknown to Dinero" + (f", did you mean {meant}?" if meant else f" ({', '.join(known)})")
    if detail["type"] == "missing":
        return f"{place} is missing"
    if detail["input"] is None:
        return f"{place} is None: give it a value"
    if detail["type"] == "string_type":
        return f"{place}: {texts.told(detail['input'])}"
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][-1] == "Message":
        return f"{place}: this must contain [link-to-pdf], in the place of the link to the document"
    if detail["type"] == "decimal_parsing":
        given = str(detail["input"])
        return f"{place}: {POINT}, and not {given!r:.40}" if given.strip() else f"{place} is empty"
    if detail["type"].startswith("uuid"):
        return f'{place}: this must be a Guid as text, such as operator.output["ContactGuid"]'
    if detail["type"] == "too_short":
        wanted = detail["ctx"]["min_length"]
        return f"{place}: this must have at least {wanted} {'member' if wanted == 1 else 'members'}"
    said = re.sub(r"^(Input|String|Value|Decimal input) should", "this must", detail["msg"]).removesuffix(
        " after validation"
    )
    return f"{place}: {said[0].lower()}{said[1:]}"


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
