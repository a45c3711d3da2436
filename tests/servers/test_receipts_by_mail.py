"""The example `dinero_receipts_by_mail`, on a real Dovecot: mails as people and their programs send them."""

import imaplib
import importlib.util
import io
import json
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError
from PIL import Image
from pypdf import PdfReader
from services import dovecot

from airflow_provider_dinero.api import DineroClient
from tests.operators.bench import Bench, Run
from tests.operators.conftest import bench, beside, execution_api, hurried

__all__ = ["bench", "beside", "execution_api", "hurried"]

EXAMPLE = Path(__file__).parents[2] / "example_dags" / "dinero_receipts_by_mail.py"
PDF = b"%PDF-1.4 receipt "


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with dovecot(tmp_path_factory.mktemp("dovecot")) as port:
        yield port


@pytest.fixture
def mailbox(port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[imaplib.IMAP4]:
    """A new empty mailbox, to which the connection of the example leads."""
    user = tmp_path.name.lower()[-20:]
    given = {"conn_type": "imap", "host": "127.0.0.1", "port": port, "login": user, "password": "any"}
    monkeypatch.setenv("AIRFLOW_CONN_RECEIPTS_MAIL", json.dumps({**given, "extra": {"use_ssl": False}}))
    server = imaplib.IMAP4("127.0.0.1", port)
    server.login(user, "any")
    yield server
    server.logout()


def dag() -> Any:
    spec = importlib.util.spec_from_file_location("receipts_by_mail", EXAMPLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.dag


@pytest.fixture
def example(bench: Bench, tmp_path: Path) -> Any:
    made = dag()

    def run() -> Run:
        return bench.run(made, store=str(tmp_path / "store"), inbox="INBOX", done="Booked")

    return run


def mail(number: int, *attachments: tuple[str | None, bytes, str], **headers: str) -> bytes:
    made = EmailMessage()
    for name, value in {"Subject": f"Kvittering nr. {number} på køb", "Message-ID": f"<{number}@example.dk>"}.items():
        made[name] = headers.get(name, value)
    made.set_content("Hej, her er bilaget.")
    for name, content, kind in attachments:
        main, _, sub = kind.partition("/")
        made.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return made.as_bytes()


def pdf(text: str) -> bytes:
    return PDF + text.encode()


def deliver(server: imaplib.IMAP4, *mails: bytes, flags: str = "") -> None:
    for each in mails:
        assert server.append("INBOX", flags, "", each)[0] == "OK"  # type: ignore[arg-type]


def subjects(server: imaplib.IMAP4, folder: str, criteria: str = "ALL") -> int:
    if server.select(f'"{folder}"', readonly=True)[0] != "OK":
        return 0
    return len(server.search(None, criteria)[1][0].split())


def files(client: DineroClient) -> dict[str, bytes]:
    return {f"{each['Name']}/{each['FileGuid']}": client.files.get(each["FileGuid"]) for each in client.files.list()}


@pytest.mark.parametrize("name", ["inbox", "done"])
@pytest.mark.parametrize("given", ['Mails" x', "Mails\r\nx", "Mails\n", "Mails\\", ""])
def test_the_name_of_a_folder_is_no_command(name: str, given: str) -> None:
    """Whoever may trigger the DAG chooses it, and it reaches the mail server in quotes."""
    param = dag().params.get_param(name)
    assert param.resolve("Bilag/2026 (1)") == "Bilag/2026 (1)"
    with pytest.raises(ParamValidationError):
        param.resolve(given)


LATIN_1 = b"From: bo@example.dk\r\nSubject: K\xf8b p\xe5 \xc6r\xf8\r\nMessage-ID: <latin@example.dk>\r\n"
ALONE = b"Subject: scan\r\nMessage-ID: <scan@example.dk>\r\nContent-Type: application/pdf\r\n"
BROKEN = (
    b'Content-Type: image/jpeg; name="x.jpg"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xff\xd8\xff' + b"x" * 60_000
)


def test_each_attachment_becomes_a_voucher_once_and_then_its_mail_is_put_away(
    example: Any, mailbox: imaplib.IMAP4, beside: DineroClient
) -> None:
    kind = "application/pdf"
    forwarded = EmailMessage()
    forwarded["Subject"], forwarded["Message-ID"] = "Fwd", "<fwd@example.dk>"
    forwarded.set_content("see there")
    inner = EmailMessage()
    inner["Subject"] = "inside"
    inner.set_content("here")
    inner.add_attachment(pdf("inner"), maintype="application", subtype="pdf", filename="inner.pdf")
    forwarded.add_attachment(inner)
    deliver(
        mailbox,
        mail(1, ("faktura.pdf", pdf("a"), kind)),
        mail(2, ("faktura.pdf", pdf("b"), kind), ("Faktura 10/2026.pdf", pdf("c"), "application/octet-stream")),
        ALONE + b"\r\n" + pdf("alone"),
        LATIN_1 + b'Content-Type: application/pdf; name="K\xf8b.pdf"\r\n\r\n' + pdf("latin"),
        mail(3, ("same.pdf", pdf("d"), kind), ("again.pdf", pdf("d"), kind)),
        forwarded.as_bytes(),
        mail(4),
        mail(5, ("notes.txt", b"text", "text/plain"), ("logo.png", b"\x89PNG\r\n\x1a\n", "image/png")),
    )
    deliver(mailbox, mail(6, ("deleted by somebody.pdf", b"text", "text/plain")), flags=r"\Deleted")
    first = example()
    assert first["put_away"].state == "success", first["put_away"].error
    made = [each for place, each in first.tasks.items() if place[0] == "voucher"]
    assert [each.returned["Change"] for each in made] == ["created"] * 7
    contents = sorted(files(beside).values())
    assert contents == sorted(pdf(each) for each in ("a", "b", "c", "alone", "latin", "d", "inner"))
    assert any("Faktura 10-2026.pdf" in name for name in files(beside))
    assert (subjects(mailbox, "Booked"), subjects(mailbox, "INBOX")) == (6, 3)
    assert subjects(mailbox, "INBOX", "SEEN") == 0  # those that stay are still unread
    assert subjects(mailbox, "Booked", "SEEN") == 0
    again = example()
    assert again["voucher"].state == "skipped"
    assert len(files(beside)) == 7


def test_a_mail_that_cant_be_read_or_booked_stays_and_is_named(
    example: Any, bench: Bench, mailbox: imaplib.IMAP4, beside: DineroClient
) -> None:
    deliver(mailbox, BROKEN, mail(1, ("a.pdf", pdf("a"), "application/pdf")), mail(2, ("b.pdf", pdf("b"), "x/y")))
    bench.sandbox.fault("status", status=400, method="POST", path="/v1.2/*/vouchers/purchase", times=1)
    run = example()
    assert [run["voucher", index].state for index in range(2)] == ["failed", "success"]
    assert run["put_away"].state == "failed"
    assert "without their vouchers ['2'], unreadable ['1']" in run["put_away"].error
    assert (subjects(mailbox, "Booked"), subjects(mailbox, "INBOX")) == (1, 2)
    run = example()
    assert (run["voucher", 0].state, run["voucher", 0].returned["Change"]) == ("success", "created")
    assert (subjects(mailbox, "Booked"), subjects(mailbox, "INBOX")) == (2, 1)
    assert len(files(beside)) == 2


def test_a_run_that_died_before_it_put_a_mail_away_makes_nothing_twice(
    example: Any, mailbox: imaplib.IMAP4, beside: DineroClient
) -> None:
    one = mail(1, ("a.pdf", pdf("a"), "application/pdf"))
    deliver(mailbox, one)
    example()
    deliver(mailbox, one)  # as if it were there still
    assert example()["voucher", 0].returned["Change"] == "unchanged"
    assert (len(files(beside)), subjects(mailbox, "Booked")) == (1, 2)


def test_a_photo_becomes_an_upright_pdf(example: Any, mailbox: imaplib.IMAP4, beside: DineroClient) -> None:
    photo = io.BytesIO()
    picture = Image.effect_noise((600, 300), 200).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    picture.save(photo, "JPEG", quality=95, exif=exif)
    deliver(mailbox, mail(1, (None, photo.getvalue(), "image/jpeg")))
    assert example()["voucher", 0].state == "success"
    (content,) = files(beside).values()
    (page,) = PdfReader(io.BytesIO(content)).pages
    assert page.rotation == 90
