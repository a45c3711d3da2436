"""What others do with the plain address of a file: engines read it, and OpenLineage names it."""

import importlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import stores

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator
from airflow_provider_dinero.transfers.object_storage import DineroChangesToObjectStorageOperator
from tests.servers.stores.conftest import Place, invoice


def in_pandas(uri: str) -> list[Any]:
    import pandas

    return list(pandas.read_parquet(uri)["TotalInclVat"])


def in_pyarrow(uri: str) -> list[Any]:
    from pyarrow import parquet

    return list(parquet.read_table(uri)["TotalInclVat"].to_pylist())


def in_polars(uri: str) -> list[Any]:
    import polars

    return polars.read_parquet(uri)["TotalInclVat"].to_list()


def in_duckdb(uri: str) -> list[Any]:
    """DuckDB, with s3fs in the place of its extension httpfs, which PyPI doesn't have for this version."""
    import duckdb
    import fsspec

    with duckdb.connect() as connection:
        if uri.startswith("s3:"):
            connection.register_filesystem(fsspec.filesystem("s3"))
        return [row[0] for row in connection.execute(f"SELECT TotalInclVat FROM '{uri}'").fetchall()]


def in_fsspec(uri: str) -> list[Any]:
    """S3fs, or fsspec's own file system of the disk."""
    import fsspec
    from pyarrow import parquet

    with fsspec.open(uri, "rb") as stream:
        return list(parquet.read_table(stream)["TotalInclVat"].to_pylist())


READERS = (in_pandas, in_pyarrow, in_polars, in_duckdb, in_fsspec)


def written(place: Place) -> dict[str, Any]:
    """Write the invoices of today as Parquet, and return the file."""
    now = datetime.now(UTC)
    window = {"since": str(now - timedelta(days=1)), "until": str(now + timedelta(days=1)), "resource": "invoices"}
    operator = DineroChangesToObjectStorageOperator(
        task_id="files", resource="invoices", path=place.path, format="parquet", changes=window
    )
    (file,) = operator.transfer({})["files"]  # type: ignore[arg-type]
    return dict(file)


@pytest.mark.parametrize("kind", ["local", "s3"])
def test_engines_read_the_plain_address(
    place_in: Callable[[str], Place], dinero: DineroClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """They know whose bucket it is as engines do: from their environment, and not from Airflow's connection."""
    place = place_in(kind)
    for _ in range(2):
        invoice(dinero)
    uri = written(place)["uri"]
    assert uri.startswith("file:///" if kind == "local" else f"s3://{stores.BUCKET}/")
    if kind == "s3":
        connection = json.loads(os.environ["AIRFLOW_CONN_S3"])
        environment = {
            "AWS_ACCESS_KEY_ID": connection["login"],
            "AWS_SECRET_ACCESS_KEY": connection["password"],
            "AWS_ENDPOINT_URL": connection["extra"]["endpoint_url"],
            "AWS_DEFAULT_REGION": stores.REGION,
            "AWS_ALLOW_HTTP": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
    for reader in READERS:
        assert reader(uri) == [Decimal("125.00")] * 2, reader.__name__


def names(place: Place, path: str) -> list[tuple[str, str]]:
    """Return how OpenLineage names a file: as other engines do, or not at all."""
    path = f"{place.at().path}/{path}"
    account = "devstoreaccount1.dfs.core.windows.net"
    namespace = {"local": "file", "s3": "s3://{}", "gcs": "gs://{}", "azure": f"abfss://{{}}@{account}"}
    if place.kind == "sftp":
        return []
    key = path if place.kind == "local" else path.removeprefix(f"{stores.BUCKET}/")
    return [(namespace[place.kind].format(stores.BUCKET), key)]


def test_names_in_openlineage(place: Place, dinero: DineroClient) -> None:
    """As the provider of OpenLineage takes them from a task, when it has ended."""
    manager = importlib.import_module("airflow.providers.openlineage.extractors.manager").ExtractorManager()
    states = importlib.import_module("airflow.utils.state").TaskInstanceState
    invoice(dinero)
    operator = DineroArchiveOperator(task_id="archive", path=place.path, kinds="invoices")
    operator.transfer({})  # type: ignore[typeddict-item]
    run: Any = SimpleNamespace(run_id="it")
    found = manager.extract_metadata(run, operator, states.SUCCESS, SimpleNamespace(task=operator))
    told = [(each.namespace, each.name) for each in found.outputs]
    assert (told, found.inputs) == (names(place, "100001/index/invoices.ndjson"), [])
