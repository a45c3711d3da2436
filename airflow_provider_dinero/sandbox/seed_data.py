"""The initial data of a sandbox: organizations, clients and their credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Client:
    """An application that can request tokens."""

    id: str
    secret: str
    grant: str
    requests_per_minute: int


@dataclass(frozen=True)
class User:
    """A person who can sign in at Visma Connect, with access to every organization."""

    id: str
    name: str
    email: str
    password: str


@dataclass(frozen=True)
class Organization:
    """A company in Dinero ("firma")."""

    id: int
    name: str
    pro: bool
    email: str
    vat_number: str


# Each sign of this has a different meaning in a Basic header if it wasn't form-encoded first.
SPECIAL_SECRET = "sandbox+secret%2B/=:& 7"

CLIENTS = {
    client.id: client
    for client in (
        Client("personal-sandbox", "sandbox-secret", "personal_integration", 60),
        Client("isv_sandbox", "sandbox-secret", "visma_connect", 100),
        Client("personal-special", SPECIAL_SECRET, "personal_integration", 60),
        Client("isv_special", SPECIAL_SECRET, "visma_connect", 100),
    )
}

ORGANIZATIONS = {
    organization.id: organization
    for organization in (
        Organization(100001, "Nørrebro Cykler ApS", True, "kontor@norrebro-cykler.example", "12345674"),
        Organization(100002, "Østerbro Blomster", False, "kontor@osterbro-blomster.example", "87654321"),
    )
}

USER = User("8d0c2a36-5f0e-4a51-9d0b-1f0d3c9b7a11", "Ida Holm", "ida@norrebro-cykler.example", "sandbox-password")
READ, WRITE, OFFLINE = "dineropublicapi:read", "dineropublicapi:write", "offline_access"
# The scopes of the application. The documents discourage openid; an id_token and its nonce need it.
SCOPES = ("openid", READ, WRITE, OFFLINE)

API_KEYS = {"sandbox-api-key": 100001, "sandbox-api-key-no-pro": 100002}
# The owner of the organizations, who signs and uploads.
OWNER = "Ida Holm"
REFRESH_TOKEN = "sandbox-refresh-token"


def connection(url: str, grant: str = "personal_integration", organization: int = 100001) -> dict[str, Any]:
    """Return the Airflow connection to a sandbox, in the JSON form of ``AIRFLOW_CONN_...``.

    :param url: base URL of the sandbox
    :param grant: ``personal_integration`` or ``visma_connect``
    :param organization: id of the organization
    :raises ValueError: if the sandbox doesn't have the grant or the organization
    """
    client = next((client for client in CLIENTS.values() if client.grant == grant), None)
    if client is None or organization not in ORGANIZATIONS:
        raise ValueError(f"The sandbox has no client with the grant {grant!r} for organization {organization}.")
    extra: dict[str, Any] = {"grant": grant, "organization_id": organization, "auth_url": url}
    if grant == "personal_integration":
        extra["api_key"] = next(key for key, owner in API_KEYS.items() if owner == organization)
    else:
        extra["refresh_token"] = REFRESH_TOKEN
    return {"conn_type": "dinero", "login": client.id, "password": client.secret, "host": url, "extra": extra}
