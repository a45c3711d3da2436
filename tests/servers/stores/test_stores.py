"""What holds on each store: documents whole or not at all, an index that mends itself, folders that others made."""

import hashlib
import json
import os
import resource
import signal
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.errors import DineroNotFound, DineroUnavailable
from airflow_provider_dinero.storage.store import Store
from airflow_provider_dinero.transfers.archive_files import Archive
from airflow_provider_dinero.transfers.archive_index import new_line, rendered
from tests.servers.stores.conftest import KINDS, Place, archive, forget, index_of, invoice

PART = 300_000


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were written."""
    seen: list[str] = []
    write = Store.write

    def noted(store: Store, path: str, content: Any) -> None:
        seen.append(path)
        write(store, path, content)

    monkeypatch.setattr(Store, "write", noted)
    return seen


def sizes(files: dict[str, bytes]) -> dict[str, int]:
    """Return the sizes of documents: a PDF that Dinero makes again tells another second."""
    return {name: len(content) for name, content in files.items() if "/index/" not in name}


def test_runs_of_two_years(place: Place, dinero: DineroClient, written: list[str]) -> None:
    first = invoice(dinero)
    assert archive(place)["new"] == {"invoices": 1}
    del written[:]
    told = archive(place)
    assert (told["new"], told["documents"], written) == ({"invoices": 0}, {"invoices": 1}, [])
    second = invoice(dinero, "2027-01-02")  # the folder of another year
    assert archive(place)["new"] == {"invoices": 1}
    files = place.files()
    assert set(files) == {f"100001/{each}" for each in (first, second, "index/invoices.ndjson")}
    for each in index_of(place):
        content = files[f"100001/{each['path']}"]
        assert (each["bytes"], each["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_what_tools_and_people_put_there(place: Place, dinero: DineroClient) -> None:
    """As a portal makes folders, and as others leave files."""
    path = invoice(dinero)
    for name in ("Thumbs.db", "README.txt", "2026_$folder$", "2026/README.txt"):
        place.put(f"100001/invoices/{name}", b"of somebody else")
    if place.kind in {"s3", "azure", "gcs"}:
        for name in ("", "2026/"):
            folder = place.at("100001/invoices")
            folder.fs.pipe_file(f"{folder.path}/{name}", b"")
    for new in (1, 0):
        told = archive(place)
        assert (told["new"], told["documents"]) == ({"invoices": new}, {"invoices": 1})
    assert [each["path"] for each in index_of(place)] == [path]


def test_a_size_that_changed_is_fetched_again(
    place: Place, dinero: DineroClient, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [invoice(dinero) for _ in range(3)]
    archive(place)
    whole = place.files()
    place.put(f"100001/{paths[0]}", whole[f"100001/{paths[0]}"][:300])
    place.put(f"100001/{paths[1]}", b"")
    assert archive(place)["new"] == {"invoices": 2}
    assert sizes(place.files()) == sizes(whole)
    assert caplog.text.count("it is fetched again") == 2


def test_a_file_without_a_line_is_read_once(
    place: Place, dinero: DineroClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, half, foreign = (invoice(dinero) for _ in range(3))
    archive(place)
    before = place.files()
    place.put(f"100001/{half}", before[f"100001/{half}"][:700])
    place.put(f"100001/{foreign}", b"a note of mine")
    place.put("100001/index/invoices.ndjson", b"")
    read: list[str] = []
    monkeypatch.setattr(Archive, "read", lambda self, path, real=Archive.read: read.append(path) or real(self, path))
    for _ in range(2):
        with pytest.raises(
            DineroNotFound, match=rf"1 documents could not be fetched: {foreign.replace('/', ' ', 1)} \("
        ):
            archive(place)
    after = place.files()
    assert after[f"100001/{foreign}"] == b"a note of mine"
    assert sizes(after)[f"100001/{half}"] == sizes(before)[f"100001/{half}"]
    assert sorted(each["path"] for each in index_of(place)) == sorted([whole, half])
    assert len(read) == 3 + 1  # the foreign file is looked at in each run, until somebody takes it away


def test_lines_of_earlier_builds(place: Place, dinero: DineroClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they could write half a document, its line has the size and the digest of the half."""
    paths = [invoice(dinero) for _ in range(2)]
    archive(place)
    before = place.files()
    rows = [{name: value for name, value in row.items() if name != "whole"} for row in index_of(place)]
    half = before[f"100001/{paths[0]}"][:700]
    place.put(f"100001/{paths[0]}", half)
    (row,) = [row for row in rows if row["path"] == paths[0]]
    row.update(bytes=len(half), sha256=hashlib.sha256(half).hexdigest())
    place.put("100001/index/invoices.ndjson", b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    read: list[str] = []
    monkeypatch.setattr(Archive, "read", lambda self, path, real=Archive.read: read.append(path) or real(self, path))
    assert [archive(place)["new"]["invoices"] for _ in range(2)] == [1 if place.kind == "sftp" else 0, 0]
    assert len(read) == (2 if place.kind == "sftp" else 0)
    assert (sizes(place.files()) == sizes(before)) == (place.kind == "sftp")


def test_an_index_that_was_damaged(place: Place, dinero: DineroClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        invoice(dinero)
    archive(place)
    before = place.files()
    lines = before["100001/index/invoices.ndjson"].splitlines()
    place.put("100001/index/invoices.ndjson", b"\xef\xbb\xbf" + lines[0] + b"\n" + lines[1][:100] + b"\n\n")
    invoice(dinero)
    assert archive(place)["new"] == {"invoices": 1}
    assert [json.loads(each) for each in lines] == index_of(place)[:2]
    assert caplog.text.count("can't be read") == 1
    assert f"Line 2 of {place.path}/100001/index/invoices.ndjson" in caplog.text


@pytest.mark.parametrize("shared", [True, False])
def test_two_runs_at_once(place: Place, dinero: DineroClient, monkeypatch: pytest.MonkeyPatch, shared: bool) -> None:
    """The slower one has listed the archive before the other one writes its documents and its index."""
    paths = [invoice(dinero)]
    archive(place)
    paths.append(invoice(dinero))
    add = Archive.add
    with monkeypatch.context() as patch:

        def slowly(self: Archive, *arguments: Any) -> None:
            patch.setattr(Archive, "add", add)
            paths.append(invoice(dinero))
            archive(place)
            if not shared:  # as where the other one writes its index at the very moment
                patch.setattr(Archive, "_join", lambda *arguments: None)
            add(self, *arguments)

        patch.setattr(Archive, "add", slowly)
        archive(place)
    lines = sorted(paths) if shared else sorted(paths[:2])
    assert [each["path"] for each in index_of(place)] == lines
    assert archive(place)["documents"] == {"invoices": 3}
    assert [each["path"] for each in index_of(place)] == sorted(paths)
    files = place.files()
    for each in index_of(place):
        assert each["sha256"] == hashlib.sha256(files[f"100001/{each['path']}"]).hexdigest()


@pytest.mark.parametrize("kind", ["local", "s3", "azure", "sftp"])  # the emulator of GCS takes minutes to store them
def test_1500_objects_in_a_folder(
    place_in: Callable[[str], Place], dinero: DineroClient, written: list[str], kind: str
) -> None:
    """More than a store lists in one answer: S3 gives 1,000."""
    place = place_in(kind)
    content, known = b"%PDF-1.4\n%%EOF", {}
    for number in range(1500):
        path = f"invoices/2026/{number}-{uuid4()}.pdf"
        known[path] = new_line(path, {}, content)
    contents = dict.fromkeys(known, content) | {"index/invoices.ndjson": rendered(known)}
    place.put_all({f"100001/{path}": each for path, each in contents.items()})
    assert archive(place)["documents"] == {"invoices": 1500}
    assert written == []


def killed(place: Place, size: int) -> None:
    """Archive in a process that is killed when so many bytes of the upload have gone over the line, or to the disk."""
    if place.line is None:
        process = get_context("fork").Process(target=_archive_receipts, args=(place, size))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGXFSZ
        assert size in {each.stat().st_size for each in Path(place.path).rglob(".*.part")}
        return
    process = get_context("fork").Process(target=_archive_receipts, args=(place,))
    forget(place)
    place.line.die_after(size, lambda: os.kill(process.pid or 0, signal.SIGKILL))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    place.line.die_after(None)
    forget(place)


def _archive_receipts(place: Place, longest: int | None = None) -> None:
    """Archive; where a file gets longer than so many bytes, the system kills the process."""
    if longest is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
        for stream in (1, 2):  # pytest's files, which may be longer
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    archive(place, "files")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_at_ten_places(place_in: Callable[[str], Place], dinero: DineroClient, kind: str) -> None:
    place = place_in(kind)
    content = b"%PDF-1.4\n" + os.urandom(PART) + b"\n%%EOF\n"
    guid = dinero.files.upload(content, "receipt.pdf")["FileGuid"]
    archive(place)  # the token is there
    for number in range(10):
        killed(place, 5_000 + number * PART // 10)
        documents = {name: each for name, each in place.files().items() if name.endswith(f"{guid}.pdf")}
        # GCS shows an object when it is whole; its emulator also keeps what came of one that breaks off.
        assert set(documents.values()) <= {content} or kind == "gcs"
    assert archive(place, "files")["documents"] == {"files": 1}
    assert [each for name, each in place.files().items() if name.endswith(f"/{guid}.pdf")] == [content]
    (row,) = index_of(place, "files")
    assert row["bytes"] == len(content)


@pytest.mark.parametrize("kind", ["s3", "azure", "gcs", "sftp"])
def test_a_line_that_goes_dead(place_in: Callable[[str], Place], dinero: DineroClient, kind: str) -> None:
    place, part = place_in(kind), PART // 10  # the limit is longer by a second for each 100 kB
    content = b"%PDF-1.4\n" + os.urandom(part) + b"\n%%EOF\n"
    dinero.files.upload(content, "receipt.pdf")
    archive(place)  # the connection is there
    assert place.line
    place.line.die_after(part // 2)
    with pytest.raises(DineroUnavailable, match=r"within \d+ s"):
        archive(place, "files", storage_timeout=1)
    place.line.die_after(None)
    forget(place)
    assert kind == "gcs" or not [name for name in place.files() if name.endswith(".pdf")]
    assert archive(place, "files")["new"] == {"files": 1}
