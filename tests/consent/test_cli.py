"""`airflow dinero …` as typed by a user."""

import base64
import contextlib
import hashlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import requests
from local import free_port

from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from airflow_provider_dinero.sandbox.server import running
from tests.consent.conftest import BIN, described, extra_of, variables
from tests.sandbox.browser import CALLBACK, answered

Add = Callable[..., str]
GOOD = {"refresh_token": REFRESH_TOKEN, "organization_id": 100001}
LINK = re.compile(r"^ +(\S+/connect/authorize\S+)$", re.MULTILINE)


class Browsing(io.StringIO):
    """Somebody who follows the link that is printed, and pastes where the browser ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], sandbox: Any, decision: str = "allow") -> None:
        super().__init__()
        self.printed = ""
        self.pasted = ""
        self._capsys, self._sandbox, self._decision = capsys, sandbox, decision

    def readline(self, size: int | None = -1, /) -> str:
        self.printed = self._capsys.readouterr().out
        (link,) = LINK.findall(self.printed)
        self.pasted = f"{CALLBACK}?{urlencode(answered(self._sandbox, link, self._decision))}#\n"
        return self.pasted


def spread(secret: str) -> set[str]:
    """A secret in the forms in which it could leak."""
    plain = secret.encode()
    return {secret, secret[:24], quote(secret, safe=""), base64.b64encode(plain).decode()[:-4], plain.hex()}


def leaks(text: str, secrets: list[str]) -> list[str]:
    return [form for secret in secrets for form in spread(secret) if form in text]


def verifiers(text: str, link: str) -> list[str]:
    """What in a text is the verifier of a link."""
    challenge = parse_qs(urlsplit(link).query)["code_challenge"][0]

    def hashed(word: str) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(word.encode()).digest()).decode().rstrip("=")

    return [word for word in re.findall(r"[A-Za-z0-9_-]{43,128}", text) if hashed(word) == challenge]


def test_authorize_waits_for_the_browser_and_gives_nothing_away(database: None, tmp_path: Path) -> None:
    """In a separate process, by form_post, with a redirect URI from the configuration."""
    uri = f"http://localhost:{free_port()}/back"
    with running(redirect_uris=[uri], require_pkce=True, refresh_tokens="one-time") as box:
        made = json.dumps(described(box.url, organization_id=100001))
        environment = {**os.environ, "AIRFLOW_CONN_CLI": made, "AIRFLOW__DINERO__REDIRECT_URI": uri}
        environment["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "INFO"
        command = [str(BIN / "airflow"), "dinero", "authorize", "cli", "--no-browser", "--response-mode", "form_post"]
        err = tmp_path / "err"
        with (
            err.open("w") as errors,
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            assert process.stdout
            out = ""
            while "Waiting" not in out:
                line = process.stdout.readline()
                assert line, err.read_text()
                out += line
            (link,) = LINK.findall(out)
            fields = answered(box, link)
            requests.post(uri, data={**fields, "state": "of an attacker"}, timeout=10)
            arguments = Path(f"/proc/{process.pid}/cmdline").read_text()
            page = requests.post(uri, data=fields, timeout=10).text
            out += process.stdout.read()
        assert process.returncode == 0, err.read_text()
        stored = json.loads(next(iter(variables().values())))
    assert f"\n    {uri}\n" in out
    assert "The consent for cli is stored." in out
    assert "Organization: 100001 (Nørrebro Cykler ApS)" in out
    everything = out + err.read_text() + arguments + page + audit()
    secrets = [fields["code"], stored["access_token"], stored["refresh_token"], "sandbox-secret"]
    assert leaks(everything, secrets) == []
    assert verifiers(everything, link) == []
    for secret in secrets:  # the search finds existing duplicates
        assert leaks(everything + secret[:24], [secret])


def on_a_terminal(answer: Callable[[str], bytes]) -> tuple[int, str]:
    """Run `authorize cli --paste` on a terminal, and return its exit code and what the terminal showed.

    :param answer: callable that returns what a person types after what was shown so far; empty for nothing
    """
    process, terminal = pty.fork()
    if process == 0:
        os.execv(BIN / "airflow", ["airflow", "dinero", "authorize", "cli", "--paste"])
    shown = ""
    with contextlib.suppress(OSError), os.fdopen(terminal, "r+b", buffering=0) as screen:
        while piece := screen.read(4096).decode():
            shown += piece.replace("\r", "")
            if typed := answer(shown):
                screen.write(typed)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), shown


def pasted(sandbox: Any, shown: str) -> tuple[bytes, dict[str, str]]:
    """What a person pastes after they have consented, and its fields."""
    (link,) = LINK.findall(shown)
    fields = answered(sandbox, link)
    return f"{CALLBACK}?{urlencode(fields)}\n".encode(), fields


def test_what_is_pasted_into_a_terminal_is_not_shown(add: Add, sandbox: Any) -> None:
    add("cli", organization_id=100001)
    fields: dict[str, str] = {}

    def answer(shown: str) -> bytes:
        if not shown.endswith("Address: "):
            return b""
        typed, given = pasted(sandbox, shown)
        fields.update(given)
        return typed

    code, shown = on_a_terminal(answer)
    assert code == 0, shown
    assert "The consent for cli is stored." in shown
    assert leaks(shown, [fields["code"], extra_of("cli")["refresh_token"]]) == []


@pytest.mark.parametrize("wrong", [["4711", "all of them"], ["", "100001.5"]])
def test_the_organization_is_asked_for_again_after_a_wrong_number(add: Add, sandbox: Any, wrong: list[str]) -> None:
    add("cli")
    numbers = [*wrong, "100001"]

    def answer(shown: str) -> bytes:
        if shown.endswith("Address: "):
            return pasted(sandbox, shown)[0]
        return f"{numbers.pop(0)}\n".encode() if shown.endswith("organization to use: ") else b""

    code, shown = on_a_terminal(answer)
    assert code == 0, shown
    assert ("don't reach organization 4711" in shown) is ("4711" in wrong)
    assert "Organization: 100001 (Nørrebro Cykler ApS)" in shown
    assert extra_of("cli")["organization_id"] == "100001"


def test_the_end_of_the_input_is_told(add: Add) -> None:
    add("cli", organization_id=100001)
    code, shown = on_a_terminal(lambda shown: b"\x04" if shown.endswith("Address: ") else b"")  # Ctrl-D
    assert code == 1, shown
    assert "airflow dinero authorize: The input ended too early. Start again." in shown
    assert "Traceback" not in shown


def audit() -> str:
    """What Airflow noted of the commands."""
    from airflow.models.log import Log
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return "\n".join(f"{each.event} {each.extra}" for each in session.scalars(select(Log)))


def test_authorize_takes_a_pasted_address(
    add: Add, airflow: Any, sandbox: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Browsing(capsys, sandbox)
    monkeypatch.setattr(sys, "stdin", person)
    add("twin", refresh_token="dead")
    code, out, err = airflow(
        "dinero", "authorize", add("cli", refresh_token="dead"), "--paste", "--organization", "100001"
    )
    assert (code, err) == (0, "")
    assert f"\n    {CALLBACK}\n" in person.printed
    assert "Organization: 100001 (Nørrebro Cykler ApS)" in out
    assert extra_of("cli")["organization_id"] == "100001"
    assert "These connections share it: twin." in out


def test_authorize_tells_who_may_choose_where_nobody_can_be_asked(
    add: Add, airflow: Any, sandbox: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Browsing(capsys, sandbox))
    code, out, _ = airflow("dinero", "authorize", add("cli"), "--paste")
    assert code == 0
    assert "100002  Østerbro Blomster  (no Pro subscription)" in out
    assert "`airflow dinero organizations cli --choose NUMBER`" in out
    assert airflow("dinero", "organizations", "cli", "--choose", "100001")[0] == 0
    assert extra_of("cli")["organization_id"] == "100001"


def test_authorize_fails_where_the_consent_misses_the_organization(
    add: Add, airflow: Any, sandbox: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Browsing(capsys, sandbox))
    code, _, err = airflow("dinero", "authorize", add("cli", organization_id=4711), "--paste")
    assert code == 1
    assert "doesn't reach organization 4711" in err


def test_authorize_says_when_the_person_says_no(
    add: Add, airflow: Any, sandbox: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Browsing(capsys, sandbox, "deny"))
    code, _, err = airflow("dinero", "authorize", add("cli"), "--paste")
    assert code == 1
    assert err.splitlines() == [
        "airflow dinero authorize: Visma Connect didn't grant consent (access_denied). "
        "Start again, and allow the access."
    ]


def test_what_is_pasted_wrongly_is_asked_for_again(add: Add, airflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("https://example.dk/?code=x&state=y\nnonsense\n"))
    code, out, err = airflow("dinero", "authorize", add("cli"), "--paste")
    assert code == 1
    assert out.count("Paste the address here") == 3
    assert err.count("not the response to this link") == 2
    assert "No response was pasted" in err


@pytest.mark.parametrize("command", ["authorize", "revoke"])
def test_nobody_is_asked_about_a_consent_that_there_can_not_be(add: Add, airflow: Any, command: str) -> None:
    own = add("own", "personal_integration", organization_id=100001)
    for conn_id, told in ((own, "needs no consent"), ("nowhere", "There is no connection nowhere")):
        code, out, err = airflow("dinero", command, conn_id)
        assert (code, out) == (1, "")
        assert told in err


def test_check_says_it_by_its_exit_code_too(add: Add, airflow: Any) -> None:
    code, out, _ = airflow("dinero", "check", add("good", **GOOD))
    assert code == 0
    assert "      ok  organization: Nørrebro Cykler ApS (100001), subscription Pro.\n" in out
    code, out, _ = airflow("dinero", "check", add("bad"), "--json")
    assert code == 1
    assert {each["about"]: each["verdict"] for each in json.loads(out)} == {"connection": "ok", "token": "wrong"}


def test_organizations_are_listed(add: Add, airflow: Any) -> None:
    code, out, _ = airflow("dinero", "organizations", add("good", **GOOD), "--json")
    assert code == 0
    assert [each["Id"] for each in json.loads(out)] == [100001, 100002]


def test_accounts_are_listed(add: Add, airflow: Any) -> None:
    code, out, _ = airflow("dinero", "accounts", add("good", **GOOD))
    assert code == 0
    assert out.split()[:5] == ["Number", "Name", "VAT", "code", "Category"]
    told = {line.split()[0]: line for line in out.splitlines()}
    assert told["1000"].split()[-2:] == ["U25", "Turnover"]
    assert told["55000"].endswith("deposit account")
    code, out, _ = airflow("dinero", "accounts", "good", "--json")
    assert {each["AccountNumber"]: each["IsDeposit"] for each in json.loads(out)}[55020] is True
    code, _, err = airflow("dinero", "accounts", "good", "--organization", "4711")
    assert (code, "Check organization_id" in err) == (1, True)


def test_a_name_of_dineros_gives_a_terminal_no_orders(add: Add, airflow: Any, make_client: Any) -> None:
    make_client().accounts.create({"Number": 1099, "Name": "Bad\x1b]0;title\x07\nName", "VatCode": "none"})
    code, out, _ = airflow("dinero", "accounts", add("good", **GOOD))
    assert code == 0
    assert "    1099  Bad?]0;title??Name" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "Kaff?"), ("latin-1", "Kaff\u00e9")])
def test_an_output_without_all_letters_loses_only_these(
    add: Add, airflow: Any, make_client: Any, monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    """A service or cron job may run with a locale that has no letters but those of its language."""
    make_client().accounts.create({"Number": 1099, "Name": "Kaff\u00e9 \u20ac", "VatCode": "none"})
    conn_id = add("good", **GOOD)
    for options, wanted in ((), f"    1099  {shown} ?"), (("--json",), "\\u20ac"):
        written = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding=encoding))
        assert airflow("dinero", "accounts", conn_id, *options)[0] == 0
        assert wanted in written.getvalue().decode(encoding)


def test_who_has_read_enough_gets_no_traceback(add: Add) -> None:
    script = f"{BIN}/airflow dinero accounts {add('good', **GOOD)} | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_revoke_asks_and_names_who_shared_the_consent(add: Add, airflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for conn_id in ("one", "two"):
        add(conn_id, **GOOD)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, out, _ = airflow("dinero", "revoke", "one")
    assert (code, out.splitlines()[-1]) == (1, "Revoke the consent? (y/n) Nothing was changed.")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    told = "airflow dinero revoke: The input ended too early. Start again, or pass --yes.\n"
    assert airflow("dinero", "revoke", "one")[2].endswith(told)
    code, out, _ = airflow("dinero", "revoke", "one", "--yes")
    assert code == 0
    assert "These connections shared it: two." in out
    assert variables() == {}
    assert airflow("dinero", "revoke", "one")[:2] == (0, "Nobody has consented to one: there is nothing to revoke.\n")


def test_the_commands_cost_nothing_until_they_are_run() -> None:
    program = """
import sys, airflow
before = set(sys.modules)
from airflow_provider_dinero.cli import get_dinero_cli_commands
get_dinero_cli_commands()
print([name for name in {*sys.modules} - before if name.startswith(("airflow_provider_dinero.", "requests"))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "['airflow_provider_dinero.cli']"
