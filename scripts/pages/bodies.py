"""The dicts that operators and the client accept: each body of Dinero, property by property."""

import re
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from airflow_provider_dinero.api.__main__ import operations
from airflow_provider_dinero.api.bodies import models

HEAD = """# Bodies

The dicts that operators and the client take, in Dinero's own property names. Amounts are numbers, exact as text or
`Decimal`; dates are `YYYY-MM-DD`. A property that isn't here is refused before anything is sent. A *yes* marks what
is required.
"""

# What the document doesn't say, but was measured on the real Dinero: docs/fidelity.md.
FACTS = {
    ("LedgerItemLineModelV2", "Amount"): "Includes VAT: Dinero takes it out by the VAT code of the account.",
    ("LedgerItemModelV2", "VoucherNumber"): "Voucher numbers start at 1 in each accounting year.",
    (
        "BookModel",
        "Number",
    ): "Numbers of invoices and credit notes continue over the years; those of vouchers start at 1 "
    "in each accounting year.",
    ("InvoiceCreateModel", "PaymentConditionType"): "Paid settles nothing: the invoice stays open until a payment is "
    "registered.",
    ("InvoiceUpdateModel", "PaymentConditionType"): "Paid settles nothing: the invoice stays open until a payment is "
    "registered.",
    ("PaymentCreateModel", "Amount"): "Includes VAT. A negative amount on an invoice is a refund.",
    ("ContactCreateModel", "VatNumber"): "For a Danish contact, a valid CVR number: eight digits, without DK.",
    ("ContactUpdateModel", "VatNumber"): "For a Danish contact, a valid CVR number: eight digits, without DK.",
}


def page() -> str:
    """Return `reference/bodies.md`: each body that an operation accepts, with its properties."""
    calls: dict[str, list[str]] = {}
    for call, operation in operations().items():
        if operation.body:
            calls.setdefault(operation.body.strip("[]"), []).append(call)
    wanted = set(calls)
    while more := {each for name in wanted for each in inner(getattr(models, name))} - wanted:
        wanted |= more
    return HEAD + "".join(section(name, calls.get(name, [])) for name in sorted(wanted))


def inner(model: type[BaseModel]) -> list[str]:
    """Return the models inside a model.

    :param model: class
    """
    return [
        each.__name__ for field in model.model_fields.values() for each in leaves(field.annotation) if is_model(each)
    ]


def is_model(value: Any) -> bool:
    """Tell whether a type is a body of Dinero."""
    return isinstance(value, type) and issubclass(value, BaseModel)


def leaves(annotation: Any) -> list[Any]:
    """Return the types inside a union or a list.

    :param annotation: type
    """
    inside = get_args(annotation)
    if not inside or getattr(annotation, "__name__", "") == "Literal":
        return [annotation]
    return [leaf for each in inside for leaf in leaves(each)]


def section(name: str, calls: list[str]) -> str:
    """Return the table of one body.

    :param name: str
    :param calls: list of str, the calls that accept it
    """
    model: type[BaseModel] = getattr(models, name)
    taken = f"\nTaken by {', '.join(f'`{each}`' for each in calls)}.\n" if calls else ""
    if list(model.model_fields) == ["root"]:
        return f"\n## {name}\n{taken}\n{typed(model.model_fields['root'].annotation)}\n"
    rows = "".join(
        f"| `{property_name}` | {typed(field.annotation)} | {'yes' * field.is_required()} "
        f"| {described(field, FACTS.get((name, property_name), ''))} |\n"
        for property_name, field in model.model_fields.items()
    )
    return f"\n## {name}\n{taken}\n| property | type | required | |\n|---|---|---|---|\n{rows}"


def typed(annotation: Any) -> str:
    """Return a type in words for readers.

    :param annotation: type
    """
    words = {"Decimal": "amount", "UUID": "Guid", "str": "text", "int": "integer", "bool": "true or false"}
    if str(get_origin(annotation)) == "typing.Literal":
        return ", ".join(f"`{each}`" for each in get_args(annotation) if each is not None)
    if get_origin(annotation) is list:
        return f"list of {typed(get_args(annotation)[0])}"
    if get_origin(annotation) is not None or get_args(annotation):
        return " or ".join(typed(each) for each in get_args(annotation) if is_shown(each))
    if is_model(annotation):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return words.get(annotation.__name__, str(annotation.__name__))


def is_shown(value: Any) -> bool:
    """Tell whether a type is useful to readers, unlike null and constraints."""
    return value is not type(None) and not isinstance(value, FieldInfo)


def described(field: FieldInfo, fact: str = "") -> str:
    """Return the description of a property for a table.

    :param field: FieldInfo
    :param fact: str, a measured fact; default none
    """
    return re.sub(r"\s+", " ", f"{field.description or ''} {fact}".strip()).replace("|", "\\|").replace("<", "&lt;")
