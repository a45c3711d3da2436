"""A certificate that is not accepted: the error has the reason of the verification, and helpful advice."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, errors
from airflow_provider_dinero.api.ports import MemoryTokenStore
from airflow_provider_dinero.sandbox.server import Sandbox
from tests.cutting import certificate, cutting

UNTRUSTED = r"not accepted: self.signed certificate. Check the host. If you use your own proxy, set REQUESTS_CA_BUNDLE"


def told(url: str) -> str:
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", url)
    with pytest.raises(errors.DineroConfigurationError) as raised:
        DineroClient(100001, grant, base_url=url, token_store=MemoryTokenStore()).organizations.list()
    return str(raised.value)


def test_one_that_nobody_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with cutting("http://127.0.0.1:1", certificate(tmp_path)) as proxy:
        assert re.search(UNTRUSTED, told(proxy.url))


def test_one_that_the_bundle_does_not_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from Python 3.13 on a CA without key identifiers, which is refused although the bundle names it."""
    paths = certificate(tmp_path, ended=timedelta(days=2))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", paths[0])
    with cutting("http://127.0.0.1:1", paths) as proxy:
        text = told(proxy.url)
    assert "not accepted: certificate has expired. It was checked with" in text
    assert f"REQUESTS_CA_BUNDLE={paths[0]}. Python 3.13 and later require more of a CA" in text
    assert "set REQUESTS_CA_BUNDLE" not in text


def test_a_server_that_speaks_plain_http(sandbox: Sandbox) -> None:
    assert "speaks plain http, not https. If that is right" in told(sandbox.url.replace("http://", "https://"))
