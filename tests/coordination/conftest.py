"""A Redis of Debian's for the tests, and a URL of each kind."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from services import redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server (Debian's package redis-server) is not installed")
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield f"{url}/0"


@pytest.fixture(params=["folder", "redis"])
def url(request: Any, tmp_path: Path) -> str:
    """A coordination URL that nobody has used before."""
    if request.param == "folder":
        return f"file://{tmp_path}/coordination"
    found: str = request.getfixturevalue("redis_url")
    with Redis.from_url(found) as client:
        client.flushall()
    return found
