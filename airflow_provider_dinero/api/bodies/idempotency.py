"""The Guid and the ExternalReference that an idempotency key always gives."""

from uuid import UUID, uuid5

from airflow_provider_dinero.api.bodies.validation import encodable

LONGEST_REFERENCE = 128
NAMESPACE = UUID("5d7f0c34-6c0b-5d4e-9f43-0c8f6f2f1a6e")


def guid_for(organization_id: int, resource: str, key: str, generation: int = 0) -> str:
    """Return the Guid that a key always gets.

    :param organization_id: int
    :param resource: str, such as invoices
    :param key: str, the idempotency key, such as an order number
    :param generation: int, raised by the author to start anew after a document was deleted; default 0
    :raises DineroInvalidBody: the key is no text that can be sent
    """
    return str(uuid5(NAMESPACE, encodable("The key", f"{organization_id}/{resource}/{generation}/{key}")))


def reference_for(key: str) -> str:
    """Return a key as an ExternalReference, which has at most 128 characters.

    :param key: str, the idempotency key
    """
    return key if len(key) <= LONGEST_REFERENCE else str(uuid5(NAMESPACE, encodable("The key", key)))
