"""One look at what changed, for sensor and trigger alike."""

from typing import Any

from airflow_provider_dinero.api.changes import window
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.hooks.failures import mark

# The resources whose changes can be waited for, and what identifies a row.
WITH_CHANGES = {"contacts": "ContactGuid", "invoices": "Guid"}


def look(
    *,
    resource: str,
    changes_since: str,
    include_deleted: bool,
    limit: int,
    dinero_conn_id: str,
    organization_id: int | str | None,
) -> dict[str, Any]:
    """Return the window of changes, which may be empty.

    :param resource: str, contacts or invoices
    :param changes_since: str, an ISO 8601 instant
    :param include_deleted: bool
    :param limit: int, how many Guids of each kind are listed
    :param dinero_conn_id: str
    :param organization_id: int, digits as str, or None
    :return: dict, as `api.changes.window` gives it
    :raises DineroError: marked for Airflow
    """
    if resource not in WITH_CHANGES:
        error = DineroInvalidBody(f"{resource!r} has no changes to wait for.", f"Use {' or '.join(WITH_CHANGES)}.")
        mark(error)
        raise error
    client = DineroHook(dinero_conn_id, organization_id).get_conn()
    try:
        with client.guard():
            key = WITH_CHANGES[resource]
            changes = getattr(client, resource).changes(changes_since, fields=[key], include_deleted=include_deleted)
            return window(changes, key, limit)
    finally:
        client.close()
