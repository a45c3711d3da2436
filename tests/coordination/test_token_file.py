"""A script outside Airflow with one-time refresh tokens: each run continues with the token of the previous one."""

import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, VismaConnect
from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroReauthorizationRequired,
    DineroUnavailable,
)
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessLock, Token
from airflow_provider_dinero.coordination.token_file import FileTokenStore
from airflow_provider_dinero.sandbox.server import Sandbox, running


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with running(refresh_tokens="one-time", grace_seconds=0) as box:
        yield box


@pytest.fixture(autouse=True)
def fresh(box: Sandbox) -> None:
    box.reset()


def script(box: Sandbox, store: Any, **options: Any) -> int:
    """What a script does that a person runs from time to time."""
    grant = VismaConnect("isv_sandbox", "sandbox-secret", "sandbox-refresh-token", box.url)
    client = DineroClient(100001, grant, base_url=box.url, token_store=store, **options)
    try:
        return len(list(client.organizations.list()))
    finally:
        client.close()


def expire(folder: Path) -> None:
    (path,) = folder.glob("*.token")
    path.write_text(json.dumps({**json.loads(path.read_text()), "expires_at": 0.0}))


def test_each_run_of_a_script_goes_on_with_the_token_of_the_last(box: Sandbox, tmp_path: Path) -> None:
    for _ in range(3):
        assert script(box, FileTokenStore(tmp_path / "state")) > 0
        expire(tmp_path / "state")
    (path,) = (tmp_path / "state").glob("*.token")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not list(path.parent.glob("*.new"))


def test_without_it_the_second_run_ends_the_consent(box: Sandbox) -> None:
    assert script(box, MemoryTokenStore(), lock=ProcessLock()) > 0
    with pytest.raises(DineroReauthorizationRequired):
        script(box, MemoryTokenStore(), lock=ProcessLock())
    with pytest.raises(DineroConfigurationError, match=r"VismaConnect needs a token_store: .*FileTokenStore\(\)"):
        script(box, None)


def test_runs_at_the_same_time_renew_once(box: Sandbox, tmp_path: Path) -> None:
    script(box, FileTokenStore(tmp_path))
    expire(tmp_path)
    before = sum("/token" in each["path"] for each in box.requests())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: script(box, FileTokenStore(tmp_path)), range(4)))
    assert min(found) > 0
    assert sum("/token" in each["path"] for each in box.requests()) == before + 1


def test_what_is_no_token_is_never_taken_for_a_first_run(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path)
    token = Token("access", 1.0, "refresh")
    assert store.load("a key") is None
    store.save("a key", token)
    assert FileTokenStore(tmp_path).load("a key") == token
    (path,) = tmp_path.glob("*.token")
    for text in ("", "{}", "[]", '{"access_token": "x"', "null"):
        path.write_text(text)
        with pytest.raises(DineroConfigurationError, match="holds no token"):
            store.load("a key")
    path.unlink()
    path.mkdir()
    with pytest.raises(DineroUnavailable, match="can't be read"):
        store.load("a key")
    with pytest.raises(DineroUnavailable, match="could not be stored"):
        store.save("a key", replace(token, access_token="newer"))
    assert store.is_pending("a key")
    assert store.load("a key").access_token == "newer"  # type: ignore[union-attr]
    path.rmdir()
    store.save("a key", token)
    assert not store.is_pending("a key")


def test_its_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert FileTokenStore().folder == tmp_path / "dinero"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert FileTokenStore().folder == tmp_path / ".local/state/dinero"
    open_to_all = tmp_path / "shared"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(DineroUnavailable, match="every user of this machine may write to it"):
        FileTokenStore(open_to_all).save("a key", Token("access", 1.0))


@pytest.mark.parametrize("what", ["a link", "a pipe", "a folder"])
def test_only_a_file_of_ours_is_read(tmp_path: Path, what: str) -> None:
    store = FileTokenStore(tmp_path)
    store.save("key", Token("access", 0.0))
    (path,) = tmp_path.glob("*.token")
    kept = path.rename(tmp_path / "kept")
    {"a link": lambda: path.symlink_to(kept), "a pipe": lambda: os.mkfifo(path), "a folder": path.mkdir}[what]()
    with pytest.raises(DineroUnavailable, match="can't be read"):
        store.load("key")


def test_what_others_put_where_a_new_token_is_written_is_not_used(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path)
    store.save("key", Token("old", 0.0))
    (path,) = tmp_path.glob("*.token")
    left = path.with_suffix(".new")
    left.write_text("")
    left.chmod(0o666)
    with left.open() as theirs:
        store.save("key", Token("new", 0.0))
        assert theirs.read() == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.load("key") == Token("new", 0.0)
