"""Files, against the sandbox: what is not what its name says never leaves."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.uploads import LARGEST

PDF = b"%PDF-1.4 receipt"
WRONG: dict[str, tuple[bytes, str, str]] = {
    "png as pdf": (b"\x89PNG\r\n\x1a\n", "a.pdf", "it is a png file"),
    "text as pdf": (b"hello", "a.pdf", "its content is none of"),
    "empty": (b"", "a.pdf", "its content is none of"),
    "other type": (PDF, "a.docx", "not of a type that Dinero takes"),
    "no type": (PDF, "receipt", "not of a type that Dinero takes"),
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
