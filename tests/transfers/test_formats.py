"""Parquet and NDJSON: columns have types, amounts are exact, row groups are small."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroUnexpectedAnswer
from airflow_provider_dinero.api.feeds.feeds import FEEDS
from airflow_provider_dinero.transfers import formats
from tests.operators.bench import Bench
from tests.transfers.conftest import booked, contact, draft, transfer


def test_parquet_has_typed_columns(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    import pyarrow.parquet

    guid = draft(beside, "0.1")
    told = bench.run(transfer(bench, str(tmp_path), "invoices", format="parquet"))["it"].returned
    table = pyarrow.parquet.read_table(told["files"][0]["path"])
    (row,) = table.to_pylist()
    assert told["files"][0]["path"].endswith(".parquet")
    assert (row["Guid"], row["TotalExclVat"], row["Change"]) == (guid, Decimal("0.1"), "created")
    assert isinstance(row["Date"], date)
    assert row["CreatedAt"].utcoffset().total_seconds() == 0
    assert row["DeletedAt"] is None


@pytest.mark.parametrize("resource", FEEDS)
def test_every_feed_fits_into_parquet(bench: Bench, beside: DineroClient, tmp_path: Path, resource: str) -> None:
    import pyarrow.parquet

    guid = contact(beside, "a")
    draft(beside)
    booked(beside)
    beside.products.create({"BaseAmountValue": "0.1", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"})
    line = {"Description": "x", "BaseAmountValue": "1", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
    beside.credit_notes.create({"ContactGuid": guid, "ProductLines": [line]})
    beside.trade_offers.create({"ContactGuid": guid, "ProductLines": [line]})
    told = bench.run(transfer(bench, str(tmp_path), resource, format="parquet"))["it"].returned
    table = pyarrow.parquet.read_table(told["files"][0]["path"])
    assert table.num_rows == told["rows"] > 0


def test_parquet_in_row_groups(bench: Bench, beside: DineroClient, tmp_path: Path, monkeypatch: Any) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(formats, "ROW_GROUP", 2)
    for name in "abc":
        contact(beside, name)
    told = bench.run(transfer(bench, str(tmp_path), format="parquet"))["it"].returned
    assert pyarrow.parquet.ParquetFile(told["files"][0]["path"]).metadata.num_row_groups == 2


def test_a_missing_package_and_a_wrong_format_are_told(bench: Bench, tmp_path: Path, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "pyarrow", None)
        told = bench.run(transfer(bench, str(tmp_path), format="parquet", retries=2))["it"]
        assert (told.state, len(told.errors)) == ("failed", 1)
        assert "airflow-provider-dinero[parquet]" in told.error
    assert "ndjson or parquet" in bench.run(transfer(bench, str(tmp_path), format="csv"))["it"].error


def test_object_storage_with_a_scheme(bench: Bench, beside: DineroClient, memory: Any) -> None:
    dag, guid = transfer(bench, ObjectStoragePath("memory://books/dinero")), contact(beside, "a")
    told = bench.run(dag)["it"].returned
    assert told["files"][0]["path"].startswith("memory://books/dinero/contacts/100001/full--")
    (path,) = memory.find("/books")
    assert json.loads(memory.cat_file(path))["ContactGuid"] == guid
    assert hashlib.sha256(memory.cat_file(path)).hexdigest() == told["files"][0]["sha256"]


def test_amounts_are_exact(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    draft(beside, "1234567.10")
    told = bench.run(transfer(bench, str(tmp_path), "invoices"))["it"].returned
    text = Path(told["files"][0]["path"]).read_text()
    assert json.loads(text, parse_float=Decimal)["TotalExclVat"] == Decimal("1234567.1")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "2026-13-45"), ("date", 5), ("instant", "soon"), ("instant", "9999-12-31T23:59:59-10:00"),
        ("integer", "x"), ("integer", Decimal("Infinity")), ("decimal", "1,5"), ("decimal", []),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_told(kind: str, value: Any) -> None:
    with pytest.raises(DineroUnexpectedAnswer, match=f"that is not a valid {kind}"):
        formats.value_of(kind, value)


def products(path: Path, *prices: str) -> None:
    """Write a product of each price to a file, three of each."""
    file = formats.row_file("parquet", path, "products")
    for number, price in enumerate(prices):
        file.write({"ProductGuid": f"p{number}", "BaseAmountValue": Decimal(price), "Quantity": Decimal(3)})
    file.close()


PRODUCTS_OF = "select cast(sum(BaseAmountValue * Quantity) as varchar) from"


def test_price_times_quantity_in_engines(tmp_path: Path) -> None:
    import duckdb
    import pyarrow.compute
    import pyarrow.parquet

    products(tmp_path / "a.parquet", "99.95", "-0.000001", "9999999999999.999999")
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    product = pyarrow.compute.multiply(table["BaseAmountValue"], table["Quantity"]).to_pylist()
    assert product == [Decimal("299.85"), Decimal("-0.000003"), Decimal("29999999999999.999997")]
    ((total,),) = duckdb.sql(f"{PRODUCTS_OF} '{tmp_path}/a.parquet'").fetchall()
    assert Decimal(total) == sum(product)


@pytest.mark.parametrize("odd", ["0.0000001", "10000000000000"])
def test_a_number_without_room_widens_its_column(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture, odd: str
) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(formats, "ROW_GROUP", 2)
    products(tmp_path / "a.parquet", "1", "2", "3", odd, "4", odd)
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert table["BaseAmountValue"].to_pylist() == [Decimal(each) for each in ("1", "2", "3", odd, "4", odd)]
    assert (table.schema.field("BaseAmountValue").type, table.schema.field("Quantity").type) == (
        pyarrow.decimal128(38, 18),
        pyarrow.decimal128(18, 6),
    )
    assert [each.args[:2] for each in caplog.records] == [("BaseAmountValue", "p3")]
    assert [each.name for each in tmp_path.iterdir()] == ["a.parquet"]


def test_files_of_earlier_runs_are_read_beside_new_ones(tmp_path: Path) -> None:
    import duckdb
    import pyarrow
    import pyarrow.dataset

    products(tmp_path / "b.parquet", "2.5")
    old = pyarrow.parquet.read_table(tmp_path / "b.parquet")
    wide = [
        field.with_type(pyarrow.decimal128(38, 18)) if pyarrow.types.is_decimal(field.type) else field
        for field in old.schema
    ]
    pyarrow.parquet.write_table(old.cast(pyarrow.schema(wide)), tmp_path / "a.parquet")
    table = pyarrow.dataset.dataset(tmp_path, schema=pyarrow.schema(wide)).to_table()
    assert table["BaseAmountValue"].to_pylist() == [Decimal("2.5")] * 2
    files = f"read_parquet('{tmp_path}/*.parquet', union_by_name=true)"
    ((total,),) = duckdb.sql(f"select cast(sum(BaseAmountValue) as varchar) from {files}").fetchall()
    assert Decimal(total) == 5
