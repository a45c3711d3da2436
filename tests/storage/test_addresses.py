"""Addresses: one that would be understood as another place is refused, and the error has the right form."""

import logging
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.storage.addresses import dataset_of, place_of, uri_of
from airflow_provider_dinero.storage.store import Store, file_store

# What an author wrote, and the right form that the error names.
REFUSED = {
    "abfss://archive@acme.dfs.core.windows.net/dinero": "abfss://CONN_ID@archive/dinero",
    "abfs://archive@acme.blob.core.windows.net/dinero": "abfs://CONN_ID@archive/dinero",
    "abfss://acme.dfs.core.windows.net/dinero": "abfss://CONN_ID@CONTAINER/dinero",
    "wasb://wasb_default@archive/dinero": "abfs://wasb_default@archive/dinero",
    "wasbs://archive@acme.blob.core.windows.net/dinero": "abfs://CONN_ID@archive/dinero",
    "az://archive/dinero": "abfs://CONN_ID@archive/dinero",
    "sftp://bank/data/lake": "sftp://bank@/data/lake",
    "sftp://bank@data/lake": "sftp://bank@/data/lake",
    "ssh://bank@data/lake": "ssh://bank@/data/lake",
    "file://data/lake": "file:///data/lake",
    "s3://aws_default@/dinero": "s3://aws_default@BUCKET/dinero",
    "gs:///dinero": "gs://CONN_ID@BUCKET/dinero",
}


@pytest.mark.parametrize("address", REFUSED)
def test_what_would_be_another_place_is_refused(address: str) -> None:
    with pytest.raises(DineroConfigurationError) as caught:
        place_of(address)
    assert str(caught.value).endswith(f"Write {REFUSED[address]}")
    assert address in str(caught.value)


@pytest.mark.parametrize("scheme", ["s3", "sftp", "abfs", "gs", "ftp"])
def test_a_password_is_refused_and_never_shown(scheme: str) -> None:
    with pytest.raises(DineroConfigurationError) as caught:
        place_of(f"{scheme}://user:hunter2secret@host/path")
    assert "hunter2" not in str(caught.value)
    assert f"{scheme}://CONN_ID@host/path" in str(caught.value)


@pytest.mark.parametrize("scheme", ["s3", "sftp"])
def test_a_password_with_a_slash_is_not_shown_either(scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DineroConfigurationError, match="contains a password or a port") as caught:
        place_of(f"{scheme}://user:hunter2/secret@host/path")
    for each in ("hunter2", "secret"):
        assert each not in f"{caught.value}{caplog.text}"


def test_local_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ("books/a.pdf", str(tmp_path / "books/a.pdf"), f"file://{tmp_path}/books//a.pdf"):
        place = place_of(address)
        assert (place.path, uri_of(place)) == (str(tmp_path / "books/a.pdf"), f"file://{tmp_path}/books/a.pdf")
        assert dataset_of(place) == ("file", str(tmp_path / "books/a.pdf"))


def test_slashes_of_a_template_that_rendered_to_nothing_are_one(memory: Any) -> None:
    assert place_of("memory://conn@bucket//dinero///2026").path == place_of("memory://conn@bucket/dinero/2026").path


def test_whose_credentials_are_used_without_a_connection(memory: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        place_of("memory://bucket/dinero")
    assert (
        "memory://bucket is reached without an Airflow connection, with the worker's own credentials."
        in caplog.messages
    )


def test_a_file_system_that_is_not_installed() -> None:
    with pytest.raises(DineroConfigurationError, match="Install airflow-provider-dinero with the extra"):
        Store("s3://conn@bucket/path").read("a")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert file_store(str(tmp_path / "a.pdf"))[1] == "a.pdf"
    with pytest.raises(DineroConfigurationError, match="names no file"):
        file_store("/")
