"""A planted leak is found, in each place and in each form; and nothing else is."""

import os
import secrets
import sqlite3
import subprocess
import sys
import time
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from local import sandbox

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from tests.api.tokens import visma
from tests.coordination.conftest import redis_url
from tests.leaks import search, tokens, watched

__all__ = ["redis_url"]

TOKEN = secrets.token_urlsafe(48) + "/+ æ"
SECRETS = {"token": TOKEN, "other": secrets.token_hex(32).upper(), "short": "s3cret"}
FORMS: dict[str, tuple[str, Callable[[str], str | bytes]]] = {
    "plain": ("plain", lambda token: f"Bearer {token}!"),
    "12 characters of it": ("plain", lambda token: f"token {token[7:19]}..."),
    "URL": ("URL", lambda token: "q=%2F%2B%20%C3%A6&"),
    "form": ("URL", lambda token: "q=%2F%2B+%C3%A6&"),
    "compressed": ("plain", lambda token: zlib.compress(f"Bearer {token}".encode())),
    **{
        f"base64 after {count}": ("base64", lambda token, count=count: b64encode(b"x" * count + token.encode() + b"yz"))
        for count in range(4)
    },
    "base64 for URLs, cut": ("base64", lambda token: urlsafe_b64encode(b"abcde" + token.encode())[20:32]),
}


def plant(folder: Path, value: str | bytes) -> str:
    """Put a value into a table of a database, and return its URL."""
    with closing(sqlite3.connect(folder / "leak.db")) as database, database:
        database.execute("CREATE TABLE xcom (id INTEGER, value)")
        database.execute("INSERT INTO xcom VALUES (1, ?)", [value])
    return f"sqlite:///{folder}/leak.db"


@pytest.mark.parametrize("form", FORMS)
def test_a_leak_is_found_in_each_form(tmp_path: Path, form: str) -> None:
    name, shape = FORMS[form]
    found = search(SECRETS, database_url=plant(tmp_path, shape(TOKEN)))
    assert found == [("xcom.value", "token", name)]


def test_a_leak_is_found_in_a_file_wherever_it_begins(tmp_path: Path) -> None:
    for offset in range(13):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / "task.log").write_text("." * offset + TOKEN[3:15])
        assert [each.secret for each in search(SECRETS, [tmp_path])] == ["token"], offset


def test_a_short_secret_is_found_whole(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("the s3cret is out")
    assert [each.secret for each in search(SECRETS, [tmp_path])] == ["short"]


def test_what_is_no_leak_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"{TOKEN[:11]} {TOKEN[20:31]} s3cre {secrets.token_hex(4096)}")
    assert search(SECRETS, [tmp_path], plant(tmp_path, TOKEN[:11])) == []


def test_of_a_jwt_the_claims_as_a_whole_and_the_signature_are_secret(tmp_path: Path) -> None:
    claims, signature = secrets.token_hex(99), secrets.token_hex(99)
    given = {"token": f"eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.{claims}.{signature}"}
    for text, leak in (
        ("eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9", False),
        (claims[7:37], False),  # such as times, which are in other tokens too
        (claims[7:47], True),
        (signature[7:19], True),
        (b64encode(f"a {claims}.{signature}".encode()).decode()[:60], True),
    ):
        (tmp_path / "log").write_text(text)
        assert bool(search(given, [tmp_path])) is leak, text


@pytest.mark.parametrize("command", ["set {0} 1", "hset k f {0}", "rpush k {0}", "zadd k 1 {0}", "sadd k {0}"])
def test_a_leak_is_found_in_redis(redis_url: str, command: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url.removesuffix("0") + "3") as client:
        client.flushall()
        client.execute_command(*command.format(SECRETS["other"]).split())
        (found,) = search(SECRETS, redis_url=redis_url.removesuffix("/0"))
        client.flushall()
    assert found.where.startswith("redis db3 ")
    assert found.secret == "other"


def test_a_leak_is_found_in_arguments_and_environments() -> None:
    inner = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(1)', *sys.argv[1:]])"
    )
    with watched() as seen:
        began = time.monotonic()
        environment = {**os.environ, "LEAK": TOKEN, "AIRFLOW_CONN_X": SECRETS["other"]}
        subprocess.run([sys.executable, "-c", inner, "--key", SECRETS["short"]], env=environment, check=True)
        assert time.monotonic() - began > 0.5
    found = search(SECRETS, processes=seen)
    assert sum(each.where.startswith("arguments") and each.secret == "short" for each in found) == 2
    assert sum(each.where.startswith("environment") and each.secret == "token" for each in found) == 2
    assert not any(each.secret == "other" for each in found)


def test_all_that_a_sandbox_gave_out_is_known(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--state", str(tmp_path / "state"), "--refresh-tokens", "one-time") as url:
        options: dict[str, Any] = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
        client = DineroClient(100001, visma(url), base_url=url, **options)
        client.organizations.subscriptions()
        given = tokens(tmp_path / "state")
        (held,) = options["token_store"]._tokens.values()
        assert {held.access_token, held.refresh_token, "sandbox-refresh-token"} <= set(given.values())
        client.close()
