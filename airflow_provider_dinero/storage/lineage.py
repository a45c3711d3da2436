"""The lineage of files that operators write, under the names that Spark, DuckDB and others use."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_dinero.storage.store import Store


class WritesFiles:
    """Reports files to Airflow and OpenLineage, except SFTP files, which have no name that others would recognize."""

    hook: Any
    _datasets: "list[tuple[str, str]] | None" = None

    def report(self, store: "Store", path: str) -> None:
        """Report a file that was written.

        :param store: Store
        :param path: str, as the store takes it
        """
        from airflow.sdk.lineage import get_hook_lineage_collector

        dataset = store.dataset(path)
        if dataset is not None:
            get_hook_lineage_collector().add_output_asset(context=self.hook, uri=store.uri(path))
            self._datasets = [*(self._datasets or []), dataset]

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> "OperatorLineage | None":
        """Return the files that the task has written, since not every storage provider reports its files.

        :param task_instance: the task instance
        """
        if not self._datasets:
            return None
        from airflow.providers.common.compat.openlineage.facet import Dataset
        from airflow.providers.openlineage.extractors import OperatorLineage

        return OperatorLineage(outputs=[Dataset(namespace=namespace, name=name) for namespace, name in self._datasets])
