"""The sandbox's signing key for Visma Connect, and the tokens it signs."""

from __future__ import annotations

from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from airflow_provider_dinero.sandbox.answers import JsonObject
from airflow_provider_dinero.sandbox.store import Store

TABLES = "CREATE TABLE IF NOT EXISTS signing_keys (pem TEXT);"


def public_keys(store: Store) -> JsonObject:
    """Return the JWKS, the public keys with which a client verifies tokens."""
    return {"keys": [{**_key(store).as_dict(private=False), "use": "sig", "alg": "RS256"}]}


def signed(store: Store, claims: dict[str, Any], kind: str) -> str:
    """Create a signed JSON Web Token.

    :param store: holds the key
    :param claims: claims of the token
    :param kind: its ``typ``
    """
    key = _key(store)
    return jwt.encode({"alg": "RS256", "kid": key.thumbprint(), "typ": kind}, claims, key)


def _key(store: Store) -> RSAKey:
    row = store.one("SELECT pem FROM signing_keys")
    if row is None:
        store.insert("signing_keys", {"pem": _new_key()})
        return _key(store)
    return _loaded(row["pem"])


@cache
def _new_key() -> str:
    # One per process: creating it takes longer than the rest of the start.
    return RSAKey.generate_key(2048).as_pem(private=True).decode()


@cache
def _loaded(pem: str) -> RSAKey:
    key = RSAKey.import_key(pem)
    key.ensure_kid()
    return key
