"""Mirrors a resource in a table of any database for which Airflow has a connection."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.transfers.base import DineroTransferOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.transfers.mirror import Mirror

# A sync keeps up to this many bytes in memory, and the rest on disk.
IN_MEMORY = 8 * 1024 * 1024
GROUP = 1000


class DineroToSqlOperator(DineroTransferOperator):
    """Mirrors a resource in a table: everything the first time, then only changes. Needs the extra `sql`.

    It creates a missing table, with a column for each property of Dinero's list, under Dinero's name, and
    OrganizationId; the key is OrganizationId and the Guid. A deleted row stays, with its DeletedAt. Your own columns
    keep their values. The watermark is in the table `dinero_marks` beside it, written in the same transaction, or last
    if the database has none: delete its row to load everything again. Two runs at once do no harm: the second one
    defers until the first one is done. If they don't share a lock, the slower one writes nothing, fails, and is
    retried.

    Dinero: `GET /v1/{organizationId}/invoices` and similar operations, with `changesSince` and `deletedOnly`; `GET
    /v2/{organizationId}/contacts`; `GET /v1/{organizationId}/entries`, and `.../entries/changes`.

    :param resource: str, invoices, contacts, products, sales, credit_notes, trade_offers or entries
    :param conn_id: str, a connection of SQLite, Postgres or any other database with a common.sql hook. Templated.
    :param table: str, or `schema.table`. Templated.
    :param schema: str; default the connection's own. Templated.
    :param include_deleted: bool, whether to mark deleted rows, which takes a second request, except for contacts;
        default True
    :param deletes_every: int, make that request only every n-th time: rows are then marked up to n-1 runs later;
        default 1
    :param lock_timeout: float, how many seconds the task waits for another one that writes the same table; default 3600
    :raises DineroConfigurationError: the connection, the table or the database can't hold the mirror; the error has the
        SQL to run, if that helps
    :raises DineroUnavailable: another run was faster, or the database can't be reached
    :return: `{"table", "resource", "organization", "since", "until", "rows", "created", "updated", "deleted"}`; `since`
        is None for a full load
    """

    template_fields: Sequence[str] = (*DineroTransferOperator.template_fields, "conn_id", "table", "schema")

    def __init__(
        self,
        *,
        resource: str,
        conn_id: str,
        table: str,
        schema: str | None = None,
        include_deleted: bool = True,
        deletes_every: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.resource = resource
        self.conn_id = conn_id
        self.table = table
        self.schema = schema
        self.include_deleted = include_deleted
        self.deletes_every = deletes_every

    def lock_name(self, context: "Context") -> str:
        """Return the name of this mirror."""
        return f"mirror/{self.conn_id}/{self.schema}/{self.table}/{self.client.organization_id}"

    def transfer(self, context: "Context") -> dict[str, Any]:
        """Read what changed, and write it with the watermark; a dry run only reads."""
        from airflow.sdk import BaseHook

        from airflow_provider_dinero.transfers.databases import engine_of
        from airflow_provider_dinero.transfers.mirror import Mirror

        client = self.client
        organization = client.organization_id
        engine = engine_of(BaseHook.get_connection(self.conn_id))
        lock = self.lock_name(context)
        try:
            mirror = Mirror(
                engine, self.resource, organization, self.table, self.schema, lock=lambda: client.lock.hold(lock)
            )
            told = sync(
                client,
                self.resource,
                mirror,
                include_deleted=self.include_deleted,
                deletes_every=self.deletes_every,
                writes=not self.is_dry_run,
            )
        finally:
            engine.dispose()
        self.log.info("%d %s changed since %s", told["rows"], self.resource, told["since"] or "the beginning")
        return {"table": mirror.table.fullname, "resource": self.resource, "organization": organization, **told}


def sync(
    client: "DineroClient",
    resource: str,
    mirror: "Mirror",
    *,
    include_deleted: bool = True,
    deletes_every: int = 1,
    writes: bool = True,
) -> dict[str, Any]:
    """Read what changed in a resource, and write it to its mirror.

    :param client: DineroClient
    :param resource: str, as in `api.feeds`
    :param mirror: Mirror
    :param include_deleted: bool; default True
    :param deletes_every: int; default 1
    :param writes: bool, whether to write, instead of only reading; default True
    :return: the summary, see `Reading.told`
    :raises DineroUnavailable: another sync was faster; nothing was written
    """
    from itertools import islice
    from tempfile import SpooledTemporaryFile

    from airflow_provider_dinero.adapters.progress import Progress
    from airflow_provider_dinero.transfers.reading import Reading

    if writes:
        mirror.prepare()
    state = mirror.find()
    reading = Reading(client, resource, state.standing, include_deleted=include_deleted, deletes_every=deletes_every)
    reading.begin()
    # Everything is read before the first row is written: a transaction must not wait for Dinero.
    with SpooledTemporaryFile(IN_MEMORY) as spool:
        progress = Progress(client, f"{resource} read")
        rows = (change.row for change in reading)
        while group := list(islice(rows, GROUP)):
            spool.write(mirror.lines.block(group))
            progress.step(len(group))
        told = reading.told()
        if writes:
            progress = Progress(client, f"{resource} written", told["rows"])
            mirror.write(state, spool, reading.end(), progress.step)
    return told
