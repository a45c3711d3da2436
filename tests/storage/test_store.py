"""Files: written completely or not at all, in limited time; leftovers of killed runs are deleted after a day."""

import errno
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.io import attach
from fsspec import AbstractFileSystem
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.storage.failures import told
from airflow_provider_dinero.storage.store import Store

LEFT = f".7.pdf.{'0' * 32}.part"
OLD = (datetime.now(UTC) - timedelta(days=1, minutes=1)).timestamp()


class Disk(LocalFileSystem):
    """A server's disk, which shows what is written there as it comes."""

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        self.begun.append(path.rpartition("/")[2])
        super().pipe_file(path, value, mode, **options)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A folder of a file system that isn't local, renames, and doesn't put files whole."""
    system = Disk(skip_instance_cache=True)
    monkeypatch.setattr(Disk, "begun", [], raising=False)
    attach("ftp", "disk", alias="ftp-disk", fs=DirFileSystem(str(tmp_path), system, skip_instance_cache=True))
    store = Store("ftp://disk@/")
    monkeypatch.setattr(store, "_fs", system)
    monkeypatch.setattr(store, "_root", str(tmp_path))
    return store


def test_a_file_is_written_beside_and_renamed(disk: Store, tmp_path: Path) -> None:
    disk.write("2026/7.pdf", b"one")
    disk.write("2026/7.pdf", b"two")
    assert {each.name: each.read_bytes() for each in (tmp_path / "2026").iterdir()} == {"7.pdf": b"two"}
    assert all(name.startswith(".7.pdf.") for name in Disk.begun)


def test_what_is_half_goes(disk: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.write("7.pdf", b"one")

    def full(self: Disk, path: str, value: bytes, **options: Any) -> None:
        Path(path).write_bytes(value[:1])
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Disk, "pipe_file", full)
    with pytest.raises(DineroUnavailable, match=r"could not write ftp://disk@.*7\.pdf \(the connection disk\): .*no"):
        disk.write("7.pdf", b"two")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"7.pdf": b"one"}


def test_what_can_not_be_renamed_in_one_step_is_refused(
    disk: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "mv", AbstractFileSystem.mv)
    with pytest.raises(DineroConfigurationError, match="can't rename"):
        disk.write("7.pdf", b"one")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("local", [True, False])
def test_leftovers_go_when_they_are_a_day_old(disk: Store, tmp_path: Path, local: bool) -> None:
    store = Store(str(tmp_path)) if local else disk
    for folder in ("2026", "2027"):
        (tmp_path / folder).mkdir()
        for name in (LEFT, ".hidden", "7.pdf"):
            (tmp_path / folder / name).write_bytes(b"x")
    for name in (LEFT, ".hidden", "7.pdf"):
        os.utime(tmp_path / "2026" / name, (OLD, OLD))
    store.list("")
    assert {each.name for each in (tmp_path / "2026").iterdir()} == {".hidden", "7.pdf"}
    assert {each.name for each in (tmp_path / "2027").iterdir()} == {LEFT, ".hidden", "7.pdf"}  # its run may live
    os.utime(tmp_path / "2027" / LEFT, (OLD, OLD))
    store.tidy("2027")
    assert {each.name for each in (tmp_path / "2027").iterdir()} == {".hidden", "7.pdf"}


def test_a_file_system_that_hangs(disk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_provider_dinero.storage.store.GRACE", 0.1)
    monkeypatch.setattr(disk, "_timeout", 0.1)
    monkeypatch.setattr(Disk, "cat_file", lambda *arguments, **options: time.sleep(60))
    with pytest.raises(DineroUnavailable, match=r"could not read ftp://disk@.*7\.pdf within 0 s"):
        disk.read("7.pdf")


SECRETS = (
    "https://a.blob.core.windows.net/c/x?sig=hunter2%3D&se=2026",
    "AccountName=a;AccountKey=hunter2==;EndpointSuffix=core",
    "sftp://user:hunter2@host/x",
    "https://b.s3.amazonaws.com/x?X-Amz-Security-Token=hunter2&X-Amz-Date=1",
)


@pytest.mark.parametrize("text", SECRETS)
def test_what_a_storage_says_is_told_without_secrets(text: str) -> None:
    with pytest.raises(DineroUnavailable, match=r"\*\*\*") as caught, told("write", "s3://c@b/x", "c", 1.0):
        raise RuntimeError(text)
    assert "hunter2" not in str(caught.value)


REFUSED = (PermissionError(errno.EACCES, "Permission denied"), OSError(errno.EROFS, "Read-only file system"))


@pytest.mark.parametrize("error", [*REFUSED, RuntimeError("SFTPPermissionDenied: Permission denied")])
def test_a_right_that_is_missing_is_for_a_person(error: Exception) -> None:
    with pytest.raises(DineroConfigurationError) as caught, told("write", "/data/7.pdf", None, 1.0):
        raise error
    assert str(caught.value).startswith("This worker's own account isn't allowed to write /data/7.pdf: ")
