"""A person at the pages of Visma Connect, and the client that waits for them."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from airflow_provider_dinero.sandbox.server import Sandbox

CALLBACK = "http://localhost:8766/callback"
CLIENT = ("isv_sandbox", "sandbox-secret")
READ, WRITE = "dineropublicapi:read", "dineropublicapi:write"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Browser(requests.Session):
    """A person at the pages of Visma Connect; never follows the way back to the client."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox

    def open(self, **changes: str | None) -> requests.Response:
        query = {
            "client_id": CLIENT[0],
            "response_type": "code",
            "scope": f"{READ} {WRITE} offline_access",
            "redirect_uri": CALLBACK,
            "state": "s t&ate",
            **changes,
        }
        return self.visit("GET", "/connect/authorize", params=query)

    def visit(self, method: str, path: str, **options: object) -> requests.Response:
        url = self.sandbox.url + path
        response = self.request(method, url, timeout=10, allow_redirects=False, **options)  # type: ignore[arg-type]
        where = response.headers.get("Location", "")
        return self.visit("GET", where) if where.startswith("/") else response

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        return self.visit("POST", action[1], data={**hidden, **fields})

    def sign_in(self, page: requests.Response) -> requests.Response:
        return self.submit(page, email="ida@norrebro-cykler.example", password="sandbox-password")

    def code(self, **changes: str | None) -> str:
        """All the way to a code."""
        page = self.open(**changes)
        if "Sign in" in page.text:
            page = self.sign_in(page)
        return answer(self.submit(page, decision="allow"))["code"]


def answer(response: requests.Response) -> dict[str, str]:
    """What the client gets, by the redirect."""
    assert response.status_code == 303, response.text
    where, _, query = response.headers["Location"].partition("?")
    assert where == CALLBACK
    return {name: values[0] for name, values in parse_qs(query).items()}


def answered(sandbox: Sandbox, url: str, decision: str = "allow") -> dict[str, str]:
    """Follow a client's link, sign in, decide, and return the fields that the browser brings back."""
    browser = Browser(sandbox)
    page = browser.visit("GET", url.removeprefix(sandbox.url))
    if page.status_code == 200:  # else refused before anybody was asked
        page = browser.submit(browser.sign_in(page), decision=decision)
    if page.status_code == 303:
        return dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in fields}


def exchange(sandbox: Sandbox, code: str, **changes: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
    return requests.post(f"{sandbox.url}/connect/token", auth=CLIENT, data=form, timeout=10)


def revoke(sandbox: Sandbox, token: str, auth: tuple[str, str] | None = CLIENT) -> int:
    url = f"{sandbox.url}/connect/revocation"
    return requests.post(url, auth=auth, data={"token": token}, timeout=10).status_code


def claims(sandbox: Sandbox, token: str) -> dict[str, object]:
    """What a token says, its signature checked with the published key; with its header's typ."""
    found = requests.get(f"{sandbox.url}/.well-known/openid-configuration", timeout=10).json()
    keys = KeySet.import_key_set(requests.get(found["jwks_uri"], timeout=10).json())
    read = jwt.decode(token, keys, algorithms=["RS256"])
    return {**read.claims, "typ": read.header["typ"]}
