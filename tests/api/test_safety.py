"""What is refused before anything is sent, and to whom a token may be sent."""

import logging
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, errors
from tests.conftest import CONTACT

GUID = "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10"


@pytest.mark.parametrize("url", ["http://api.dinero.dk", "http://127.0.0.1.evil.example", "ftp://localhost", "//x"])
def test_credentials_go_over_https_only(url: str) -> None:
    client = DineroClient(1, PersonalIntegration("id", "secret", "key", url), base_url=url)
    with pytest.raises(errors.DineroConfigurationError, match="https"):
        list(client.contacts.list())


def test_a_client_that_is_pointed_halfway_at_a_sandbox_sends_no_credentials(sandbox: Any) -> None:
    client = DineroClient(100001, PersonalIntegration("id", "secret", "key"), base_url=sandbox.url)
    with pytest.raises(errors.DineroConfigurationError, match="Set auth_url to the sandbox's address too"):
        list(client.contacts.list())
    assert sandbox.requests() == []


def test_an_address_with_a_user_name_is_refused_without_telling_it(sandbox: Any) -> None:
    url = sandbox.url.replace("//", "//me:hunter2@")
    with pytest.raises(errors.DineroConfigurationError) as raised:
        list(DineroClient(1, PersonalIntegration("id", "secret", "key", sandbox.url), base_url=url).contacts.list())
    assert "hunter2" not in str(raised.value)


def test_no_proxy_sees_what_stays_on_this_machine(make_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):  # make sets them
        monkeypatch.delenv(name, raising=False)
    assert make_client().organizations.subscriptions()


def test_a_token_endpoint_needs_https_too(sandbox: Any) -> None:
    client = DineroClient(1, PersonalIntegration("id", "secret", "key", "http://authz.dinero.dk"), base_url=sandbox.url)
    with pytest.raises(errors.DineroConfigurationError, match=r"http://authz\.dinero\.dk is refused"):
        list(client.contacts.list())


def test_a_read_only_client_reads(make_client: Any, sandbox: Any) -> None:
    client = make_client(read_only=True)
    assert list(client.contacts.list()) == []
    before = len(sandbox.requests())
    with pytest.raises(errors.DineroConfigurationError, match="read-only"):
        client.contacts.create(CONTACT)
    assert len(sandbox.requests()) == before


@pytest.mark.parametrize(
    ("organization", "told"),
    [(None, "No organization was given"), ("", "No organization"), ("100001/../2", "is not an organization id"),
     ("１", "is not an organization id"), (100002, "does not allow organization 100002")],
)  # fmt: skip
def test_only_allowed_organizations(make_client: Any, sandbox: Any, organization: Any, told: str) -> None:
    with pytest.raises(errors.DineroConfigurationError, match=told):
        list(make_client(organization, allowed_organizations=[100001]).contacts.list())
    assert sandbox.requests() == []


@pytest.mark.parametrize("guid", ["", "x", "../contacts", f"{GUID}/book", f"{GUID}?x=1", None])
def test_only_a_guid_enters_a_path(client: Any, sandbox: Any, guid: Any) -> None:
    with pytest.raises(errors.DineroInvalidBody, match="is not an id"):
        client.invoices.get(guid)
    with pytest.raises(errors.DineroInvalidBody, match="is not an id"):
        client.files.get(f"{guid}/x")
    assert sandbox.requests() == []


def test_netrc_does_not_replace_the_bearer(make_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert make_client().organizations.subscriptions()


def test_no_secret_is_logged(make_client: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client()
    client.contacts.create({**CONTACT, "Phone": "12345678"})
    with pytest.raises(errors.DineroUnauthorized) as raised:
        make_client(secret="wrong-secret").organizations.subscriptions()
    told = caplog.text + repr(raised.value) + repr(raised.value.__cause__) + repr(raised.value.__context__)
    for secret in ("sandbox-secret", "sandbox-api-key", "wrong-secret", "Bearer", "12345678"):
        assert secret not in told


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("airflow_provider_dinero.get_provider_info", ["airflow", "requests", "pydantic", "yaml"]),
        ("airflow_provider_dinero.api", ["airflow", "requests", "authlib", "pydantic", "msgspec"]),
        ("airflow_provider_dinero.api.client", ["airflow", "requests", "authlib", "pydantic"]),
    ],
)
def test_an_import_is_light(module: str, heavy: list[str]) -> None:
    program = f"import sys, {module}; print([each for each in {heavy!r} if each in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_the_proxy_of_the_environment_is_used_and_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
    seen = []

    def refuse() -> None:
        connection, _ = listening.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    thread = threading.Thread(target=refuse)
    thread.start()
    with pytest.raises(errors.DineroUnavailable, match="the proxy and the network"):
        DineroClient(1, PersonalIntegration("id", "the-secret", "the-key"), attempts=1).organizations.list()
    thread.join()
    listening.close()
    assert seen[0].startswith(b"CONNECT authz.dinero.dk:443")
    assert b"the-" not in seen[0]


def test_a_ca_bundle_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(errors.DineroConfigurationError, match=r"REQUESTS_CA_BUNDLE .*/nowhere/ca\.pem"):
        DineroClient(1, PersonalIntegration("id", "secret", "key"), attempts=1).organizations.list()


def test_a_redirect_takes_no_token_along(make_client: Any, sandbox: Any) -> None:
    client = make_client()
    sandbox.fault("redirect", location="http://127.0.0.1:9/elsewhere", path="/v1/organizations")
    with pytest.raises(errors.DineroUnexpectedAnswer, match="a token is never sent to another host"):
        client.organizations.list()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda client: client.reports.saldo("../2026"), "the Name of an accounting year"),
        (lambda client: client.attachments.attach(GUID, GUID, "../a.pdf"), "a file name without path"),
        (lambda client: client.attachments.attach(GUID, GUID, "a\r\n.pdf"), "a file name without path"),
        (lambda client: client.attachments.attach(GUID, GUID, ".."), "a file name without path"),
        (lambda client: client.attachments.bind_default(GUID, "In/voice"), "a type of document"),
        (lambda client: client.purchase_vouchers.delete_payment(GUID, GUID, timestamp="a b"), "a Timestamp"),
        (lambda client: client.files.get("../contacts"), "an id"),
        (lambda client: client.reminders.get(GUID, "1/book"), "an id"),
    ],
)
def test_all_parts_of_a_path_are_checked(client: Any, sandbox: Any, call: Any, told: str) -> None:
    with pytest.raises(errors.DineroInvalidBody, match=told):
        call(client)
    assert sandbox.requests() == []
