"""An idempotency key becomes a Guid, and a document that is there is compared with what its author wants."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from airflow_provider_dinero.api.errors import DineroConflict

NAMESPACE = UUID("5d7f0c34-6c0b-5d4e-9f43-0c8f6f2f1a6e")


def guid_for(organization_id: int, resource: str, key: str, generation: int = 0) -> str:
    """Return the Guid that a key always gets.

    :param organization_id: int
    :param resource: str, such as invoices
    :param key: str, the idempotency key, such as an order number
    :param generation: int, raised by the author to start anew after a document was deleted; default 0
    """
    return str(uuid5(NAMESPACE, f"{organization_id}/{resource}/{generation}/{key}"))


def require_same(what: str, wanted: Mapping[str, Any], existing: Mapping[str, Any]) -> None:
    """Make sure that an existing document is the wanted one, on the properties that its author gave.

    :param what: str, names the document in the error
    :param wanted: mapping, the checked body
    :param existing: mapping, the document as Dinero gives it
    :raises DineroConflict: shows the differences, or says that the document was deleted
    """
    if existing.get("DeletedAt"):
        raise DineroConflict(
            f"{what} was made before and then deleted; its Guid stays used.",
            "To make it anew on purpose, pass another generation.",
        )
    found = differences(wanted, existing)
    if found:
        shown = "; ".join(f"{name}: there is {there!r}, wanted is {want!r}" for name, (there, want) in found.items())
        raise DineroConflict(
            f"{what} exists with other content: {shown}.",
            "Use another idempotency key for another document, or correct the one in Dinero.",
        )


def differences(wanted: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by property: (there, wanted). What Dinero doesn't give back can't differ.

    :param wanted: mapping, the checked body; None means Dinero's default and differs from nothing
    :param existing: mapping, the document as Dinero gives it
    """
    found: dict[str, tuple[Any, Any]] = {}
    including_vat = bool(wanted.get("ShowLinesInclVat"))
    for name, want in wanted.items():
        if want is None or name not in existing:
            continue
        there = existing[name]
        if isinstance(want, list):
            if len(want) != len(there or []):
                found[name] = (f"{len(there or [])} lines", f"{len(want)} lines")
                continue
            for index, (wanted_line, line) in enumerate(zip(want, there, strict=True)):
                if including_vat:  # Dinero gives the unit amount back under two names
                    line = {**line, "BaseAmountValue": line.get("BaseAmountValueInclVat")}
                for inner, pair in differences(wanted_line, line).items():
                    found[f"{name}[{index}].{inner}"] = pair
        elif _plain(want) != _plain(there):
            found[name] = (_plain(there), _plain(want))
    return found


def _plain(value: Any) -> Any:
    """Return a value in the form in which Dinero's and the author's spelling of it are equal."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return format(Decimal(str(value)).normalize(), "f")
    if isinstance(value, UUID | date):
        return str(value)
    return str(value).replace("\r\n", "\n").strip()
