"""One look at what has changed, for both sensor and trigger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.feeds.feeds import follow
from airflow_provider_dinero.api.feeds.windows import fields_of
from airflow_provider_dinero.api.lists.changes import OVERLAP
from airflow_provider_dinero.hooks.dinero import DineroHook


@dataclass(frozen=True)
class Look:
    """What changed at or after an instant.

    :param organization: int or None, the organization of the rows
    :param since: datetime
    :param until: datetime, the watermark to continue from
    :param rows: list of dicts, with the properties that a `Consumer` needs
    """

    organization: int | None
    since: datetime
    until: datetime
    rows: list[dict[str, Any]]


def look(
    resource: str,
    since: datetime,
    *,
    include_deleted: bool,
    dinero_conn_id: str,
    organization_id: int | str | None,
) -> Look:
    """Return what changed.

    :param resource: str, as in `api.feeds`
    :param since: datetime
    :param include_deleted: bool
    :param dinero_conn_id: str
    :param organization_id: int, digits as str, or None
    :raises DineroError: marked for Airflow
    """
    client = DineroHook(dinero_conn_id, organization_id).get_conn()
    try:
        with client.show_errors():
            fields = fields_of(resource)
            changes = follow(client, resource, since, fields=fields, include_deleted=include_deleted)
            rows = [change.row for change in changes]
            # A watermark in the server's future would leave out changes until then.
            return Look(client.organization_id, since, min(changes.until, changes.read_at - OVERLAP), rows)
    finally:
        client.close()
