"""If Airflow is reached by https, the page's cookies are only sent by https."""

import asyncio
from unittest.mock import AsyncMock

import pytest

from airflow_provider_dinero.plugin import DineroPlugin

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/dinero/callback",
    "root_path": "/dinero",
    "query_string": b"",
    "headers": [(b"host", b"behind-a-proxy:8080")],
    "scheme": "http",
    "server": ("behind-a-proxy", 8080),
}


@pytest.mark.filterwarnings("ignore:Using `httpx` with")
@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_cookies_are_secure_where_the_base_url_is(monkeypatch: pytest.MonkeyPatch, scheme: str, secure: bool) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", f"{scheme}://airflow.example")
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "x" * 32)
    receive = AsyncMock(return_value={"type": "http.request", "body": b"code=c&state=s"})
    send = AsyncMock()
    app = DineroPlugin.fastapi_apps[0]["app"]
    asyncio.run(app(SCOPE, receive, send))  # type: ignore[operator]
    cookie = dict(send.await_args_list[0].args[0]["headers"])[b"set-cookie"].decode()
    assert "dinero_answer=" in cookie
    assert ("; Secure" in cookie) is secure
