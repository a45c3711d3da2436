"""The Guid and the ExternalReference that are derived from an idempotency key."""

from numbers import Integral
from uuid import UUID, uuid5

from airflow_provider_dinero.api.bodies.validation import encodable
from airflow_provider_dinero.api.errors import DineroInvalidBody

LONGEST_REFERENCE = 128
NAMESPACE = UUID("5d7f0c34-6c0b-5d4e-9f43-0c8f6f2f1a6e")


def key_text(key: str | int) -> str:
    """Return a key as text: text unchanged, a whole number (also numpy's) in decimal digits.

    :param key: str or int
    :raises DineroInvalidBody: it is anything else, such as a float: 1.10 and 1.1 are one float, but two order numbers
    """
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, Integral) and not isinstance(key, bool):
        return str(int(key))
    raise DineroInvalidBody(
        f"An idempotency key must be a str or an int, not {type(key).__name__}.",
        "Pass the text that identifies the document in your system, such as str(order_number); nothing was sent.",
    )


def guid_for(organization_id: int, resource: str, key: str | int, generation: int = 0) -> str:
    """Return the Guid of a key, always the same one.

    :param organization_id: int
    :param resource: str, such as invoices
    :param key: str or int, the idempotency key, such as an order number
    :param generation: int, raised to start again after a document was deleted; default 0
    :raises DineroInvalidBody: the key is neither str nor int, or can't be sent
    """
    return str(uuid5(NAMESPACE, encodable("The key", f"{organization_id}/{resource}/{generation}/{key_text(key)}")))


def reference_for(key: str) -> str:
    """Return a key as an ExternalReference, which has at most 128 characters.

    :param key: str, the idempotency key
    """
    return key if len(key) <= LONGEST_REFERENCE else str(uuid5(NAMESPACE, encodable("The key", key)))


class DefaultReference(str):
    """An ExternalReference that the author of a document didn't set: it is sent, but never compared.

    :param key: str, the idempotency key, or the result of `reference_for`
    """

    __slots__ = ()
