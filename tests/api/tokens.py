"""A grant of Visma Connect, and the requests to the token endpoint."""

import time
from dataclasses import replace
from typing import Any

from airflow_provider_dinero.api import DineroClient, VismaConnect
from airflow_provider_dinero.api.ports import TOKENS, MemoryTokenStore, ProcessLock


def token_requests(sandbox: Any) -> int:
    return sum("/token" in each["path"] for each in sandbox.requests())


def visma(url: str, refresh_token: str = "sandbox-refresh-token") -> VismaConnect:
    return VismaConnect("isv_sandbox", "sandbox-secret", refresh_token, url)


def client_of(box: Any, **options: Any) -> DineroClient:
    grant = options.pop("grant", None) or VismaConnect(
        "isv_sandbox", "sandbox-secret", "sandbox-refresh-token", box.url, advice="Run the command."
    )
    given = {"token_store": TOKENS, "lock": ProcessLock(), **options}
    return DineroClient(100001, grant, base_url=box.url, **given)


def expire(store: MemoryTokenStore) -> None:
    """Let the stored access token be at its end."""
    for key, token in store._tokens.items():
        store._tokens[key] = replace(token, expires_at=time.time())
