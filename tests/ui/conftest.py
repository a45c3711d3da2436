"""An API server as in production: two workers, users with roles, under a path; and a sandbox on another site."""

import html
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
import requests
from local import fernet_key, free_port, sandbox, started, wait_for

from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from tests.conftest import migrate
from tests.ui import forks

PASSWORDS = {"ida": "admin-password", "olga": "op-password", "vera": "viewer-password"}
PERSON = {"email": "ida@norrebro-cykler.example", "password": "sandbox-password"}


class Server(NamedTuple):
    """A running API server, and the sandbox that its connections lead to."""

    url: str
    sandbox: str
    log: Path
    settings: dict[str, str]
    commands: Path

    @property
    def page(self) -> str:
        return f"{self.url}/dinero"

    def session(self, user: str) -> "Session":
        """A browser's session of a user who is logged in."""
        answer = requests.post(
            f"{self.url}/auth/token", json={"username": user, "password": PASSWORDS[user]}, timeout=30
        )
        session = Session(self)
        session.cookies.set("_token", answer.json()["access_token"], domain="localhost.local", path="/flow/")
        return session

    def connection(self, conn_id: str, **extra: Any) -> None:
        """Create a connection in the database, or replace it: to the sandbox, by Visma Connect, without consent."""
        session = self.session("ida")
        headers = {"Authorization": f"Bearer {session.cookies['_token']}"}
        extra = {"grant": "visma_connect", "auth_url": self.sandbox, "requests_per_minute": 10000, **extra}
        made = {
            "connection_id": conn_id,
            "conn_type": "dinero",
            "host": self.sandbox,
            "port": 443,
            "login": "isv_sandbox",
            "password": "sandbox-secret",
            "extra": json.dumps(extra),
        }
        requests.delete(f"{self.url}/api/v2/connections/{conn_id}", headers=headers, timeout=30)
        requests.post(f"{self.url}/api/v2/connections", headers=headers, json=made, timeout=30).raise_for_status()

    def forget(self, conn_id: str) -> None:
        """Delete a connection."""
        headers = {"Authorization": f"Bearer {self.session('ida').cookies['_token']}"}
        requests.delete(f"{self.url}/api/v2/connections/{conn_id}", headers=headers, timeout=30).raise_for_status()

    def airflow(self, *command: str) -> tuple[int, str]:
        """Run an airflow command of this deployment, and return its exit code and output."""
        return forks.run(self.commands, *command)


class Session(requests.Session):
    """A browser without a screen: keeps cookies, follows nothing by itself."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server

    def go(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask for an address below the page."""
        return self.request(method, self.server.page + path, allow_redirects=False, timeout=60, **options)

    def seal(self) -> str:
        """The hidden field of the forms that this user is shown."""
        return re.findall(r'name="seal" value="([^"]+)"', self.go("GET", "/").text)[0]

    def press(self, path: str, **fields: str) -> requests.Response:
        """Send a form of the page."""
        return self.go("POST", path, data={"seal": self.seal(), **fields})

    def text(self, path: str = "/") -> str:
        """What a page says, as a person reads it."""
        words = re.sub(r"<[^>]+>", " ", self.go("GET", path).text.partition("<main")[2])
        return " ".join(html.unescape(words).split())

    def begin(self, conn_id: str) -> str:
        """Press Connect, and return where the browser is led."""
        response = self.press("/connect", conn_id=conn_id)
        assert response.status_code == 200, response.text
        return response.headers["Refresh"].partition("url=")[2]

    def arrive(self, answer: dict[str, str]) -> requests.Response:
        """Come back from another site: the cookies, SameSite=Lax, are not with the form, but with what follows it."""
        arrived = requests.post(f"{self.server.page}/callback", data=answer, allow_redirects=False, timeout=30)
        assert arrived.status_code == 303, arrived.text
        self.cookies.update(arrived.cookies)
        assert arrived.headers["Location"] == "callback"
        return self.go("GET", "/callback")

    def connect(self, conn_id: str) -> dict[str, str]:
        """Consent from Connect to the end, and return what came back from Visma Connect."""
        answer = consent(self.begin(conn_id))
        assert self.arrive(answer).status_code == 303
        return answer


def consent(url: str, decision: str = "allow") -> dict[str, str]:
    """A person at Visma Connect; returns the form that their browser brings back."""
    person = requests.Session()

    def submit(page: requests.Response, **fields: str) -> requests.Response:
        action = re.findall(r'action="([^"]+)"', page.text)[0]
        return person.post(urljoin(page.url, action), data={**hidden(page), **fields}, timeout=30)

    signed_in = submit(person.get(url, timeout=30), **PERSON)
    return hidden(submit(signed_in, decision=decision))


def hidden(page: requests.Response) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def taken(url: str) -> dict[str, str]:
    """The environment of the API server: a connection that users may not edit, and so may not see."""
    extra = {"grant": "visma_connect", "auth_url": url, "refresh_token": REFRESH_TOKEN, "organization_id": "100002"}
    made = {"conn_type": "dinero", "host": url, "login": "isv_sandbox", "password": "sandbox-secret", "extra": extra}
    return {"AIRFLOW_CONN_TAKEN": json.dumps(made)}


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ui")
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    port = free_port()
    url = f"http://localhost:{port}/flow"
    settings = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": fernet_key(),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ida:admin,olga:op,vera:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "2",
        "AIRFLOW__API__SECRET_KEY": os.urandom(16).hex(),
        "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(64).hex(),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    log, commands = folder / "api-server.log", folder / "commands"
    migrate(folder)
    callback = f"{url}/dinero/callback"
    with (
        sandbox(folder, "--require-pkce", "--requests-per-minute", "10000", "--redirect-uri", callback) as box,
        started([sys.executable, "-m", "tests.ui.forks", str(commands)], log, settings | taken(box)) as process,
    ):
        wait_for(lambda: requests.get(f"{url}/api/v2/monitor/health", timeout=5).ok, process, log)
        yield Server(url, box, log, settings, commands)
