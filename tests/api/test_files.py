"""Files, against the sandbox: a file whose content doesn't match its name is never sent."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.errors import DineroInvalidBody, DineroUnavailable
from airflow_provider_dinero.api.http.uploads import LARGEST

PDF = b"%PDF-1.4 receipt"
WRONG: dict[str, tuple[bytes, str, str]] = {
    "png as pdf": (b"\x89PNG\r\n\x1a\n", "a.pdf", "it is a png file"),
    "pdf far below": (b" " * 1020 + PDF, "a.pdf", "it is none of"),
    "pdf in a picture": (b"\x89PNG\r\n\x1a\n" + PDF, "a.pdf", "it is a png file"),
    "text as pdf": (b"hello", "a.pdf", "it is none of"),
    "empty": (b"", "a.pdf", "it is none of"),
    "other type": (PDF, "a.docx", "doesn.t accept a.docx.s type"),
    "no type": (PDF, "receipt", "doesn.t accept receipt.s type"),
    "path": (PDF, "../a.pdf", "is not a file name"),
    "windows path": (PDF, "c:\\a.pdf", "is not a file name"),
    "line break": (PDF, "a\r\nX: y.pdf", "is not a file name"),
    "too large": (PDF + b"x" * LARGEST, "a.pdf", "larger than 6 MB"),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused_before_it_is_sent(client: Any, sandbox: Any, tmp_path: Path, name: str) -> None:
    content, file_name, told = WRONG[name]
    with pytest.raises(DineroInvalidBody, match=told):
        client.files.upload(content, file_name)
    path = tmp_path / "source"
    path.write_bytes(content)
    with pytest.raises(DineroInvalidBody, match=told):
        client.files.upload_once(path, file_name)
    assert sandbox.requests() == []


@pytest.mark.parametrize(
    ("name", "begin"),
    [("Kvittering æøå.PDF", PDF), ("a.png", b"\x89PNG\r\n\x1a\n"), ("a.gif", b"GIF89a"), ("a.jpeg", b"\xff\xd8\xff")],
)
def test_all_types_go_up_and_come_back(client: Any, name: str, begin: bytes) -> None:
    guid = client.files.upload(begin + b"rest", name)["FileGuid"]
    assert client.files.get(guid) == begin + b"rest"


@pytest.mark.parametrize(
    "before",
    [b"\xef\xbb\xbf", b"\r\n", b"\x1b%-12345X@PJL JOB\r\n", b"Content-Type: application/pdf\r\n\r\n", b" " * 1019],
)
def test_a_pdf_may_begin_within_1024_bytes_as_readers_allow(client: Any, before: bytes) -> None:
    assert client.files.get(client.files.upload(before + PDF, "a.pdf")["FileGuid"]) == before + PDF
    with pytest.raises(DineroInvalidBody, match="it is a pdf file"):
        client.files.upload(before + PDF, "a.png")


def test_the_largest_file_goes_up(client: Any) -> None:
    content = PDF + b"x" * (LARGEST - len(PDF))
    assert client.files.get(client.files.upload(content, "large.pdf")["FileGuid"]) == content


def test_the_same_file_is_uploaded_once(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(PDF)
    first = client.files.upload_once(path)
    assert client.files.upload_once(path) == {**first, "Change": "unchanged"}
    path.write_bytes(PDF.replace(b"receipt", b"another"))  # the same name and size
    assert client.files.upload_once(path)["FileGuid"] != first["FileGuid"]
    assert len(list(client.files.list())) == 2


def test_a_missing_file_is_named(client: Any, tmp_path: Path) -> None:
    with pytest.raises(DineroInvalidBody, match=r"There is no file .*nothing\.pdf"):
        client.files.upload_once(tmp_path / "nothing.pdf")


class Once(io.RawIOBase):
    """A file that can be read once, such as a socket."""

    def __init__(self, content: bytes) -> None:
        self._left = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._left.readinto(buffer)


def test_open_files_go_up_from_their_start(client: Any, tmp_path: Path, sandbox: Any) -> None:
    path = tmp_path / "bilag.pdf"
    path.write_bytes(PDF)
    sandbox.fault("expired-token", method="POST", path="/v1/*/files", times=1)  # so that it is sent twice
    with path.open("rb") as stream:
        stream.read(3)
        assert client.files.get(client.files.upload(stream)["FileGuid"]) == PDF
    assert client.files.get(client.files.upload(Once(PDF), "bilag.pdf")["FileGuid"]) == PDF
    assert [row["Name"] for row in client.files.list()] == ["bilag.pdf", "bilag.pdf"]


def test_a_file_is_downloaded_whole(client: Any, tmp_path: Path, sandbox: Any) -> None:
    guid = client.files.upload(PDF, "a.pdf")["FileGuid"]
    target = tmp_path / "a.pdf"
    target.write_bytes(b"what was there")
    sandbox.fault("truncate", method="GET", path="/v1/*/files/*", times=1)
    assert client.files.download(guid, target) == target
    assert target.read_bytes() == PDF
    assert list(tmp_path.iterdir()) == [target]


def test_or_not_at_all(make_client: Any, tmp_path: Path, sandbox: Any) -> None:
    client = make_client(sleep=lambda seconds: None)
    guid = client.files.upload(PDF, "a.pdf")["FileGuid"]
    target = tmp_path / "a.pdf"
    target.write_bytes(b"what was there")
    sandbox.fault("truncate", method="GET", path="/v1/*/files/*")
    with pytest.raises(DineroUnavailable):
        client.files.download(guid, target)
    with pytest.raises(DineroInvalidBody, match="There is no folder"):
        client.files.download(guid, tmp_path / "nowhere" / "a.pdf")
    assert target.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [target]


UPLOADED = """
import sys, tracemalloc
from airflow_provider_dinero.api import DineroClient, PersonalIntegration
client = DineroClient(100001, PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", sys.argv[1]),
                      base_url=sys.argv[1])
client.organizations.list()  # so that nothing has to be imported any more
tracemalloc.start()
client.files.upload(sys.argv[2])
print(tracemalloc.get_traced_memory()[1])
"""


def test_it_is_never_in_memory_whole(sandbox: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(PDF + b"x" * (LARGEST - len(PDF)))
    command = [sys.executable, "-c", UPLOADED, sandbox.url, str(path)]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peak < LARGEST / 4
