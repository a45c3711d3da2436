from __future__ import annotations

import re
from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, Clock, personal_token

# Line ends and zero bytes that a careless parser would change.
CONTENT = b"%PDF-1.4\r\n\x00\xff\n--boundary\r\r\n"


def upload(call: Caller, name: str = "bilag.pdf", content: bytes = CONTENT, part: str = "file") -> str:
    return str(call("POST", "/files", files={part: (name, content)})["FileGuid"])


@pytest.mark.parametrize("part", ["file", "image", "whatever"])
def test_bytes_come_back_whatever_the_part_is_called(call: Caller, part: str) -> None:
    guid = upload(call, part=part)
    assert re.fullmatch(r"[0-9a-z]{32}", guid)
    assert call.raw("GET", f"/files/{guid}").content == CONTENT


def test_path_of_the_documents_sample(call: Caller) -> None:
    call("POST", "/files/?fileName=sample-invoice.jpg", files={"image": ("sample.jpg", CONTENT)})


def test_archive_lists_newest_first(call: Caller, clock: Clock) -> None:
    upload(call)
    clock.forward(seconds=1)
    guid = upload(call, "Kvittering æ.JPG", b"1234")
    call("POST", "/files/attachment", files={"file": ("vilkår.pdf", b"1")})
    newest, oldest = call("GET", "/files")
    assert oldest["Name"] == "bilag.pdf"
    assert newest == {
        "FileGuid": guid,
        "Name": "Kvittering æ.JPG",
        "Extension": "jpg",
        "Size": 4,
        "UploadedAt": "2026-03-10T12:00:01.000",
        "Note": None,
        "NumberOfPages": None,
        "Linked": [],
        "UploadedBy": "Ida Holm",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"extensions": "pdf,gif"}, ["new.gif", "old.pdf"]),
        ({"extensions": "PNG"}, ["middle.png"]),
        ({"uploadedAfter": "2026/03/11"}, ["new.gif", "middle.png"]),
        ({"uploadedBefore": "2026/03/11"}, ["old.pdf"]),
        ({"uploadedAfter": "2026/03/11", "uploadedBefore": "2026/03/12"}, ["middle.png"]),
        ({"fileStatus": "Used"}, []),
        ({"fileStatus": "unused", "pageSize": 2}, ["new.gif", "middle.png"]),
        ({"page": 1, "pageSize": 2}, ["old.pdf"]),
    ],
)
def test_archive_filters(call: Caller, clock: Clock, query: dict[str, Any], found: list[str]) -> None:
    for name in ("old.pdf", "middle.png", "new.gif"):
        upload(call, name)
        clock.forward(days=1)
        call.session.headers["Authorization"] = f"Bearer {personal_token(call.sandbox)}"
    assert [row["Name"] for row in call("GET", "/files", params=query)] == found


@pytest.mark.parametrize(
    ("query", "code"),
    [({"uploadedAfter": "2026-03-11"}, 44), ({"fileStatus": "Lost"}, 42), ({"pageSize": 1001}, 43)],
)
def test_archive_refuses(call: Caller, query: dict[str, Any], code: int) -> None:
    assert call.code("GET", "/files", params=query) == code


@pytest.mark.parametrize(("name", "code"), [("notes.txt", 67), ("bilag", 68), ("bilag.", 68)])
def test_type_is_taken_from_the_name(call: Caller, name: str, code: int) -> None:
    assert call.code("POST", "/files", files={"file": (name, CONTENT, "application/pdf")}) == code


def test_no_multipart_is_69(call: Caller) -> None:
    assert call.code("POST", "/files", json={"file": "x"}) == 69
    assert call.code("POST", "/files", data=CONTENT, headers={"Content-Type": "multipart/form-data"}) == 69
    assert call.code("POST", "/files", data=CONTENT, headers={"Content-Type": "multipart/form-data; boundary=x"}) == 69


def test_no_file_in_the_form_is_68(call: Caller) -> None:
    assert call.code("POST", "/files", files={"file": (None, "text")}) == 68


def test_six_megabytes_are_the_limit(call: Caller) -> None:
    largest = 6 * 1024 * 1024
    guid = upload(call, content=b"x" * largest)
    assert len(call.raw("GET", f"/files/{guid}").content) == largest
    assert call.code("POST", "/files", files={"file": ("a.pdf", b"x" * (largest + 1))}) == 43


def test_status_of_a_large_file_is_a_switch() -> None:
    with running(large_file_status=413) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            files = {"file": ("a.pdf", b"x" * (6 * 1024 * 1024 + 1))}
            assert call.code("POST", "/files", 413, files=files) == 43


def test_unknown_file_is_404(call: Caller) -> None:
    assert call.code("GET", "/files/" + "0" * 32, 404) == 40


def test_the_body_of_a_refused_upload_is_a_switch() -> None:
    with running(upload_error_body="string") as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            refused = call.raw("POST", "/files", files={"file": ("notes.txt", CONTENT)})
            assert (refused.status_code, isinstance(refused.json(), str)) == (400, True)
