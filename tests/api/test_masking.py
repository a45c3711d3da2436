"""Our secrets are removed from any text of others before it is shown."""

import logging
import secrets
import socket
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, VismaConnect, errors, masking
from airflow_provider_dinero.api.auth.consent import begin, code_of
from airflow_provider_dinero.api.masking import MASK, hidden, remember
from airflow_provider_dinero.api.ports import MemoryTokenStore, Token
from tests.leaks import search

SECRET = f'{secrets.token_urlsafe(24)}/+%&"\\= {secrets.token_urlsafe(24)}'
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a sentence": lambda secret: f"the secret {secret}, twice: {secret}{secret}",
    "at the end of what was cut": lambda secret: f"client_secret={secret[:20]}",
    "its last part": lambda secret: secret[-13:],
    "in an address": lambda secret: f"?client_secret={quote(secret, safe='')}&a=b",
    "in a form": lambda secret: f"client_secret={quote_plus(secret)}&a=b",
    "as Basic": lambda secret: f"Basic {b64encode(f'client:{secret}'.encode()).decode()}",
    "in base64 for addresses": lambda secret: urlsafe_b64encode(f"ab{secret}".encode()).decode(),
    "encoded, then Basic": lambda secret: f"Basic {b64encode(f'id:{quote_plus(secret)}'.encode()).decode()}",
    "as HTML": lambda secret: f"<b>{secret.replace('&', '&amp;').replace(chr(34), '&quot;')}</b>",
    "as JSON": lambda secret: secret.replace("\\", "\\\\").replace('"', '\\"'),
}


def leaks(text: str, secret: str, folder: Any) -> bool:
    (folder / "told").write_text(text)
    return bool(search({"secret": secret}, [folder]))


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_each_form(form: str, tmp_path: Any) -> None:
    told = f"before {FORMS[form](SECRET)} after"
    assert leaks(told, SECRET, tmp_path) or "HTML" in form or "JSON" in form
    remember(SECRET)
    assert not leaks(hidden(told), SECRET, tmp_path)
    assert hidden(told).startswith("before ")
    assert hidden(told).endswith(" after")


def test_what_is_no_secret_stays(tmp_path: Any) -> None:
    remember(SECRET, "12345678", "short", "", None, "\ud800 half a character", "æ" * 20)
    for text in ("", "short", SECRET[:11], "A sentence of ordinary words, long enough to be looked through.", "æ" * 11):
        assert hidden(text) == text
    assert hidden("a 12345678 b") == f"a {MASK} b"
    assert hidden({"a": [SECRET, 7, None], SECRET: 1.5}) == {"a": [MASK, 7, None], MASK: 1.5}


def test_twelve_characters_are_taken_out_wherever_they_stand() -> None:
    remember(SECRET)
    for start in range(len(SECRET) - masking.RUN + 1):
        for before in ("", "#", "#!#"):
            run = SECRET[start : start + masking.RUN]
            assert hidden(f"{before}{run}.") == f"{before}{MASK}."


def test_a_secret_has_an_end() -> None:
    """Looking for one of millions of characters would take a process's time and memory."""
    secret = secrets.token_urlsafe(15000)
    remember(secret)
    assert hidden(f"a {secret[:8192]} b") == f"a {MASK} b"
    assert hidden(secret[8192:]) == secret[8192:]


def test_a_long_text_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_secrets", {})
    remember(*(secrets.token_urlsafe(700) for _ in range(masking.MOST)))
    began = time.thread_time()
    hidden("x" * 1_000_000)
    assert time.thread_time() - began < 2
    assert len(masking._secrets) == masking.MOST


def given(sign: str) -> str:
    """A secret of a client, with a sign that has several spellings."""
    return f"{secrets.token_urlsafe(12)}{sign}{secrets.token_urlsafe(12)}"


# How an endpoint may answer, with a text in which it echoes.
ECHOES: dict[str, Callable[[str], dict[str, Any]]] = {
    "error": lambda text: {"status": 400, "body": {"error": text}},
    "description": lambda text: {"status": 400, "body": {"error": "invalid_client", "error_description": text}},
    "message": lambda text: {"status": 403, "body": {"message": text, "code": 41}},
    "validation": lambda text: {"status": 400, "body": {"code": 42, "validationErrors": {text: text, "a": [text]}}},
    "text": lambda text: {"status": 404, "body": text},
    "another host": lambda text: {"status": 307, "location": f"https://{quote_plus(text)}.example/"},
}


@pytest.mark.parametrize("grant", [PersonalIntegration, VismaConnect])
@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("path", ["token", "/v1.1/organizations"])
def test_what_an_endpoint_echoes_is_not_told(sandbox: Any, tmp_path: Any, grant: Any, echo: str, path: str) -> None:
    known = [given("/+"), given("& ")]
    client = DineroClient(
        100001, grant("id", *known, sandbox.url), base_url=sandbox.url, token_store=MemoryTokenStore()
    )
    if path == "token":
        path = urlsplit(client.grant.request(None).url).path
    else:  # the API receives a bearer token, and may know the rest
        known.append(given("."))
        client.tokens.adopt(Token(known[-1], time.time() + 3600, known[1]))
    fault = ECHOES[echo](" ".join(known))
    effect = "redirect" if echo == "another host" else "status"
    sandbox.fault(effect, path=path, **fault)
    with pytest.raises(errors.DineroError) as raised:
        client.organizations.subscriptions()
    assert sandbox.faults()[0]["struck"]
    error = raised.value
    told = f"{error} {error.args} {vars(error)} {error!r}"
    chain: BaseException | None = error
    while chain := chain and (chain.__cause__ or chain.__context__):
        told += f"{chain} {vars(chain)}"
    for secret in known:
        assert not leaks(told, secret, tmp_path)
    client.close()


def test_what_is_used_is_kept_out_however_much_was_used_before(sandbox: Any, tmp_path: Any) -> None:
    """As in a triggerer that serves many connections for months."""
    known = [given("/+"), given("& "), given(".")]
    grant = VismaConnect("id", *known[:2], sandbox.url)
    client = DineroClient(100001, grant, base_url=sandbox.url, token_store=MemoryTokenStore())
    client.tokens.adopt(Token(known[2], time.time() + 3600, known[1]))
    for path, used in (("/v1.1/organizations", known[2:]), ("/connect/token", known[:2])):
        remember(*(secrets.token_urlsafe(24) for _ in range(masking.MOST)))
        sandbox.fault("status", status=400, body={"error": " ".join(used)}, path=path)
        with pytest.raises(errors.DineroError) as raised:
            client.organizations.subscriptions() if path.startswith("/v") else client.tokens.renew(known[2])
        for secret in used:
            assert not leaks(str(raised.value), secret, tmp_path)
    client.close()


def test_what_the_browser_brings_is_told_without_the_secrets_of_the_consent(tmp_path: Any) -> None:
    grant = VismaConnect("id", "s" * 20, auth_url="https://connect.visma.com")
    consent = begin(grant, "http://localhost/callback")
    answer = {
        "state": consent.state,
        "error": "server_error",
        "error_description": f"{consent.verifier} {consent.nonce}",
    }
    with pytest.raises(errors.DineroRefused) as raised:
        code_of(consent, answer)
    for secret in (consent.verifier, consent.nonce, consent.state):
        assert not leaks(str(raised.value), secret, tmp_path)


def test_headers_that_can_not_be_read_are_logged_without_secrets(caplog: Any, tmp_path: Any) -> None:
    """urllib3 logs them, as a warning, with the line that it can't read."""
    secret = secrets.token_urlsafe(30)

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 400 Bad\r\nno header {secret}\r\nA: b\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listening, caplog.at_level(logging.DEBUG):
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        grant = PersonalIntegration("id", secret, "the api key", url)
        with pytest.raises(errors.DineroError):
            DineroClient(1, grant, base_url=url, token_store=MemoryTokenStore(), attempts=1).organizations.list()
    assert "Failed to parse headers" in caplog.text
    assert not leaks(caplog.text, secret, tmp_path)
