"""If Airflow is reached by https, the page's cookies are only sent by https."""

import os
import subprocess
import sys

PROGRAM = """
import asyncio
from airflow_provider_dinero.plugin import DineroPlugin

async def receive():
    return {"type": "http.request", "body": b"code=c&state=s"}

async def send(message):
    print(dict(message.get("headers", ())).get(b"set-cookie", b"").decode())

scope = {"type": "http", "method": "POST", "path": "/dinero/callback", "root_path": "/dinero", "query_string": b"",
         "headers": [(b"host", b"behind-a-proxy:8080")], "scheme": "http", "server": ("behind-a-proxy", 8080)}
asyncio.run(DineroPlugin.fastapi_apps[0]["app"](scope, receive, send))
"""


def test_cookies_are_secure_where_the_base_url_is() -> None:
    for scheme, secure in (("https", True), ("http", False)):
        settings = {"AIRFLOW__API__BASE_URL": f"{scheme}://airflow.example", "AIRFLOW__API__SECRET_KEY": "x" * 32}
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, **settings}, capture_output=True, text=True, check=True
        )
        assert "dinero_answer=" in answer.stdout
        assert ("; Secure" in answer.stdout) is secure
