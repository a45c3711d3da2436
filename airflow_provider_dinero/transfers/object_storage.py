"""Writes the changes of a resource to object storage: one file per window."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.base import require_mapping
from airflow_provider_dinero.storage.lineage import WritesFiles
from airflow_provider_dinero.transfers.base import DineroTransferOperator

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_dinero.transfers.progress_store import Kept
    from airflow_provider_dinero.transfers.reading import Reading, Standing


class DineroChangesToObjectStorageOperator(WritesFiles, DineroTransferOperator):
    """Writes what changed in a resource to a file in object storage: everything the first time, then only changes.

    It remembers how far its consumer has got, in the state of the asset `dinero://<conn_id>/<resource>`; the watermark
    moves when the file is in place. A file is written completely or not at all, and after an interruption the next try
    repeats the same window under the same name. Rows in the overlap of two windows can be in both: the key of a row and
    its UpdatedAt tell which one counts.

    The file is `<path>/<resource>/<organization>/<since or "full">--<until>.ndjson`; each row has all properties of
    Dinero's list and `Change`: created, updated or deleted. Without rows, there is no file.

    Dinero: `GET /v1/{organizationId}/invoices` and similar operations, with `changesSince` and `deletedOnly`; `GET
    /v2/{organizationId}/contacts`; `GET /v1/{organizationId}/entries`, and `.../entries/changes`.

    :param resource: str, invoices, contacts, products, sales, credit_notes, trade_offers or entries
    :param path: str or ObjectStoragePath, a folder: a local path, or one with a scheme, such as
        s3://conn_id@bucket/dinero. Each consumer needs one of its own. Templated.
    :param storage_timeout: float, the time limit of the storage in seconds for a file, plus a second for each 100 kB;
        default 120
    :param format: str, ndjson or, with the extra `parquet`, parquet; default ndjson
    :param changes: dict, a window from a DineroChangesSensor, `sensor.output`; this writes all rows that changed in
        it, without a watermark. Default None, the consumer's own watermark. Templated.
    :param consumer: str, the name of the watermark; default dag_id.task_id. Templated.
    :param include_deleted: bool, whether to include deleted rows, which takes a second request, except for contacts;
        default True
    :param deletes_every: int, make that request only every n-th time: deleted rows are then seen up to n-1 runs later;
        default 1
    :param lock_timeout: float, how many seconds the task waits for another one that writes the same files; default 3600
    :return: `{"resource", "organization", "since", "until", "rows", "created", "updated", "deleted", "files"}`: since
        is None for a full load, files is a list of `{"path", "uri", "rows", "bytes", "sha256"}`: uri is the plain
        address, without the connection, as other programs take it
    """

    template_fields: Sequence[str] = (*DineroTransferOperator.template_fields, "path", "changes", "consumer")

    def __init__(
        self,
        *,
        resource: str,
        path: "str | ObjectStoragePath",
        format: str = "ndjson",
        changes: Mapping[str, Any] | None = None,
        consumer: str | None = None,
        include_deleted: bool = True,
        deletes_every: int = 1,
        storage_timeout: float = 120.0,
        dinero_conn_id: str = "dinero_default",
        **kwargs: Any,
    ) -> None:
        self.asset = dinero_asset(dinero_conn_id, resource) if changes is None else None
        # Not a parameter: its default would replace Airflow's own for mapped tasks.
        inlets = [*(kwargs.pop("inlets", None) or []), *([self.asset] if self.asset else [])]
        super().__init__(dinero_conn_id=dinero_conn_id, inlets=inlets, **kwargs)
        self.resource = resource
        self.path = path
        self.format = format
        self.changes = changes
        self.consumer = consumer
        self.include_deleted = include_deleted
        self.deletes_every = deletes_every
        self.storage_timeout = storage_timeout

    def lock_name(self, context: "Context") -> str:
        """Return the name of this consumer, or of the window that was given."""
        if self.asset is None:
            window = require_mapping("changes", self.changes)
            place = f"{window.get('since')}/{window.get('until')}"
        else:
            place = self._consumer(context)
        return f"files/{self.path}/{self.resource}/{self.client.organization_id}/{place}"

    def transfer(self, context: "Context") -> dict[str, Any]:
        """Read the window, write its file, move the watermark; a dry run only reads."""
        from airflow_provider_dinero.transfers.reading import Reading

        kept = self._kept(context)
        standing, until = kept.load() if kept else self._window()
        reading = Reading(
            self.client,
            self.resource,
            standing,
            include_deleted=self.include_deleted,
            deletes_every=self.deletes_every if kept else 1,
            until=until,
            sharp=True,
        )
        reading.begin()
        if kept and not self.is_dry_run:
            reading.until = kept.begin(standing, reading.until)
        files = self._write(reading)
        if kept and not self.is_dry_run:
            kept.end(standing, reading.end())
        told = reading.told()
        self.log.info("%d %s changed since %s", told["rows"], self.resource, told["since"] or "the beginning")
        return {"resource": self.resource, "organization": self.client.organization_id, **told, "files": files}

    def _kept(self, context: "Context") -> "Kept | None":
        from airflow_provider_dinero.transfers.progress_store import kept_of

        return kept_of(context, self.asset, self.client, self._consumer(context)) if self.asset else None

    def _consumer(self, context: "Context") -> str:
        ti = context["ti"]
        return self.consumer or f"{ti.dag_id}.{ti.task_id}"

    def _window(self) -> "tuple[Standing, datetime]":
        """Return where the given window starts and ends."""
        from airflow_provider_dinero.adapters.watermarks import Watermark
        from airflow_provider_dinero.api.errors import DineroInvalidBody
        from airflow_provider_dinero.api.lists.changes import as_utc
        from airflow_provider_dinero.transfers.reading import Standing

        window = require_mapping("changes", self.changes)
        if not window.get("since") or not window.get("until") or window.get("resource", self.resource) != self.resource:
            raise DineroInvalidBody(
                f"The changes are not a window of {self.resource}.", "Pass the output of a DineroChangesSensor for it."
            )
        since = Watermark(as_utc(window["since"]))
        return Standing(since, since), as_utc(window["until"])

    def _write(self, reading: "Reading") -> list[dict[str, Any]]:
        """Write the rows of a window to a local file, and move it to its place."""
        import hashlib
        from contextlib import closing
        from pathlib import Path
        from tempfile import TemporaryDirectory

        from airflow_provider_dinero.adapters.progress import Progress
        from airflow_provider_dinero.storage.store import Store
        from airflow_provider_dinero.transfers.formats import CHANGE, row_file

        store = Store(self.path, self.storage_timeout)  # before Dinero is read: it may be wrong
        folder_of = f"{self.resource}/{self.client.organization_id}"
        with TemporaryDirectory(prefix="dinero-") as folder:
            local = Path(folder, "rows")
            local.touch(0o600)
            progress = Progress(self.client, self.resource)
            with closing(row_file(self.format, local, self.resource)) as file:
                for change in reading:
                    file.write({**change.row, CHANGE: change.kind})
                    progress.step()
            told = reading.told()
            if not told["rows"] or self.is_dry_run:
                return []
            name = f"{told['since'] or 'full'}--{told['until']}.{self.format}".replace(":", "")
            target = f"{folder_of}/{name}"
            store.tidy(folder_of)
            store.write(target, local)
            self.report(store, target)
            with local.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            where = {"path": str(store.below(target)), "uri": store.uri(target)}
            return [{**where, "rows": told["rows"], "bytes": local.stat().st_size, "sha256": digest}]


class DineroEntriesToObjectStorageOperator(DineroChangesToObjectStorageOperator):
    """Writes the entries of the books to a file in object storage: everything the first time, then only new ones.

    An opening entry keeps its EntryGuid when its total changes, and is written again. Entries have no time of change,
    so a repeated full load also contains what was booked meanwhile.

    Dinero: `GET /v1/{organizationId}/entries` the first time, one request per accounting year; then `GET
    /v1/{organizationId}/entries/changes`, one per 31 days.

    :param path: as for `DineroChangesToObjectStorageOperator`, like all other arguments
    """

    def __init__(self, *, path: "str | ObjectStoragePath", resource: str = "entries", **kwargs: Any) -> None:
        super().__init__(path=path, resource=resource, **kwargs)
