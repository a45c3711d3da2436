"""The Guid and the ExternalReference that an idempotency key always gives."""

from numbers import Integral
from uuid import UUID, uuid5

from airflow_provider_dinero.api.bodies.validation import encodable
from airflow_provider_dinero.api.errors import DineroInvalidBody

LONGEST_REFERENCE = 128
NAMESPACE = UUID("5d7f0c34-6c0b-5d4e-9f43-0c8f6f2f1a6e")


def key_text(key: str | int) -> str:
    """Return a key as text: a text as it is, a whole number (also one of numpy) in its decimal digits.

    :param key: str or int
    :raises DineroInvalidBody: it is anything else: 1.10 and 1.1 are one float, and two order numbers
    """
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, Integral) and not isinstance(key, bool):
        return str(int(key))
    raise DineroInvalidBody(
        f"An idempotency key is a str or an int, not {type(key).__name__}.",
        "Pass the text that names the document in your system, such as str(order_number); nothing was sent.",
    )


def guid_for(organization_id: int, resource: str, key: str | int, generation: int = 0) -> str:
    """Return the Guid that a key always gets.

    :param organization_id: int
    :param resource: str, such as invoices
    :param key: str or int, the idempotency key, such as an order number
    :param generation: int, raised by the author to start anew after a document was deleted; default 0
    :raises DineroInvalidBody: the key is neither str nor int, or no text that can be sent
    """
    return str(uuid5(NAMESPACE, encodable("The key", f"{organization_id}/{resource}/{generation}/{key_text(key)}")))


def reference_for(key: str) -> str:
    """Return a key as an ExternalReference, which has at most 128 characters.

    :param key: str, the idempotency key
    """
    return key if len(key) <= LONGEST_REFERENCE else str(uuid5(NAMESPACE, encodable("The key", key)))
