"""A Redis of Debian's for the tests, and a URL of each kind."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local import free_port


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server (Debian's package redis-server) is not installed")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    folder = tmp_path_factory.mktemp("redis")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


@pytest.fixture(params=["folder", "redis"])
def url(request: Any, tmp_path: Path) -> str:
    """A place of coordination that nobody has used before."""
    if request.param == "folder":
        return f"file://{tmp_path}/coordination"
    found: str = request.getfixturevalue("redis_url")
    import redis

    with redis.Redis.from_url(found) as client:
        client.flushall()
    return found
