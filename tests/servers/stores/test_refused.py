"""What a store refuses: the error names the file, the connection and what to do, and stops no other document."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroNotFound
from tests.servers.stores.conftest import Place, archive, index_of, invoice
from tests.servers.stores.rights import connect, move_to_archive_tier, read_only, sas

ADVICE = "It needs permission to list, read and write there; a SAS or another temporary key may have expired."


@pytest.mark.parametrize("kind", ["local", "s3", "azure", "sftp"])
def test_credentials_that_may_only_read(
    place_in: Callable[[str], Place], dinero: DineroClient, tmp_path: Path, kind: str
) -> None:
    place = place_in(kind)
    invoice(dinero)
    archive(place)
    before = place.files()
    with read_only(place, tmp_path) as reader:
        assert archive(reader)["documents"] == {"invoices": 1}  # there is nothing to write
        path = invoice(dinero)
        with pytest.raises(DineroConfigurationError) as caught:
            archive(reader)
        told = str(caught.value)
    who = "This worker's own account" if kind == "local" else f"The connection {kind}_reader"
    assert told.startswith(f"{who} isn't allowed to write {reader.path}/100001/{path}: ")
    assert told.endswith(ADVICE)
    assert place.files() == before


def test_a_sas_that_has_expired(place_in: Callable[[str], Place], dinero: DineroClient) -> None:
    place = place_in("azure")
    invoice(dinero)
    connect("azure_expired", sas(place, timedelta(days=-1)))
    path = place.path.replace("azure@", "azure_expired@")
    with pytest.raises(DineroConfigurationError) as caught:
        archive(Place("azure", path, place.line))
    told = str(caught.value)
    assert told.startswith(f"The connection azure_expired isn't allowed to list {path}/100001/invoices: ")
    assert told.endswith(ADVICE)
    assert "sig=" not in told.replace("sig=***", "")


@pytest.mark.parametrize("kind", ["s3", "azure", "gcs"])
def test_a_bucket_that_is_missing(place_in: Callable[[str], Place], dinero: DineroClient, kind: str) -> None:
    invoice(dinero)
    scheme = place_in(kind).path.partition("@")[0]
    with pytest.raises(DineroConfigurationError) as caught:
        archive(Place(kind, f"{scheme}@nope/o", None))
    told = str(caught.value)
    assert told.startswith(f"{scheme}@nope/o/100001/")
    assert f" can't be reached: its bucket or container doesn't exist for the connection {kind} (" in told
    assert told.endswith("Create it, or correct the path or the connection.")


@pytest.mark.parametrize("kind", ["s3", "azure"])
def test_an_archived_document_without_its_line(
    place_in: Callable[[str], Place], dinero: DineroClient, kind: str
) -> None:
    place = place_in(kind)
    paths = [invoice(dinero) for _ in range(3)]
    archive(place)
    move_to_archive_tier(place, f"100001/{paths[1]}")
    archive(place)  # its line is there, so nobody reads it
    place.put("100001/index/invoices.ndjson", b"")
    paths.append(invoice(dinero))
    with pytest.raises(DineroNotFound) as caught:
        archive(place)
    told = str(caught.value)
    assert f"{place.path}/100001/{paths[1]} is archived and can't be read (the connection {kind}): " in told
    assert "Restore it from the archive tier, or restore its line in the index." in told
    assert [each["path"] for each in index_of(place)] == sorted([paths[0], *paths[2:]])
