"""What somebody else, or an accident, left in the Redis under our names; and servers that aren't a single Redis."""

import shutil
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from local import free_port, started, wait_for
from redis import Redis

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.consent.check import check
from airflow_provider_dinero.coordination.factory import try_out
from airflow_provider_dinero.coordination.redis import RedisBudget, RedisLock
from tests.consent.conftest import add, database
from tests.cutting import certificate, cutting

__all__ = ["add", "database"]


@pytest.fixture
def there(redis_url: str) -> Any:
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


def put(there: Any, key: str, kind: str) -> None:
    if kind == "list":
        there.rpush(key, "a")
    else:
        there.set(key, {"bytes": b"\xff\xfe\x80", "long": b"n" * 10_000_000}[kind])


@pytest.mark.parametrize("kind", ["bytes", "list", "long"])
def test_an_odd_note_is_a_note(there: Any, redis_url: str, kind: str) -> None:
    put(there, "dinero:{x}:note", kind)
    with RedisLock(redis_url).hold("x") as held:
        assert 0 < len(held.note) < 100_000
        held.leave("mine")
    with RedisLock(redis_url).hold("x") as held:
        assert held.note == "mine"
        held.leave("")
    assert there.keys() == []


@pytest.mark.parametrize("kind", ["bytes", "list"])
def test_a_lock_that_became_odd_is_not_held(there: Any, redis_url: str, kind: str) -> None:
    with RedisLock(redis_url).hold("x") as held:
        there.delete("dinero:{x}:lock")
        put(there, "dinero:{x}:lock", kind)
        assert held.is_held() is False


@pytest.mark.parametrize("score", ["inf", "1e300", "-inf"])
def test_slots_that_cannot_be_keep_nobody_waiting(there: Any, redis_url: str, score: str) -> None:
    for number in range(200):
        there.zadd("dinero:{k}:slots", {f"odd{number}": float(score)})
    slots = [RedisBudget(redis_url).reserve("k", 100, 60) for _ in range(3)]
    assert all(abs(each.at - time.time()) < 5 for each in slots)
    assert [each.left for each in slots] == [99, 98, 97]


def test_slots_of_another_type_are_told(there: Any, redis_url: str) -> None:
    put(there, "dinero:{k}:slots", "bytes")
    with pytest.raises(DineroUnavailable, match="can't be used: ResponseError"):
        RedisBudget(redis_url).reserve("k", 100, 60)


def test_a_redis_that_does_all_is_tried_without_a_trace(there: Any, redis_url: str) -> None:
    try_out(redis_url)
    time.sleep(1.1)  # a note lives for a second
    assert there.keys() == []


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Three nodes of a Redis Cluster, each with a third of the keys."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server (Debian's package redis-server) is not installed")
    with ExitStack() as stack:
        ports = []
        for _ in range(3):
            port, bus, folder = free_port(), free_port(), tmp_path_factory.mktemp("node")
            options = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--save", "", "--dir", str(folder)]
            command = [program, "--bind", "127.0.0.1", "--port", str(port), *options]
            process = stack.enter_context(started(command, folder / "log", {}))
            wait_for(lambda log=folder / "log": "Ready to accept" in log.read_text(), process, folder / "log")
            ports.append((port, bus))
        nodes = [stack.enter_context(Redis(port=port)) for port, _ in ports]
        for number, node in enumerate(nodes):
            last = 16383 if number == 2 else (number + 1) * 5461 - 1
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", number * 5461, last)
            node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for port, bus in ports[1:]:
            nodes[0].execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus)
        end = time.monotonic() + 20
        while not all("cluster_state:ok" in str(node.execute_command("CLUSTER", "INFO")) for node in nodes):
            assert time.monotonic() < end
            time.sleep(0.1)
        yield [f"redis://127.0.0.1:{port}/0" for port, _ in ports]


def test_a_node_of_a_cluster_is_named(cluster: list[str]) -> None:
    for url in cluster * 5:  # each time with other keys, some of which exist
        with pytest.raises(DineroUnavailable, match=r"127.0.0.1:\d+ is a node of a Redis Cluster.*not in cluster mode"):
            try_out(url)
    told = []
    for number in range(12):  # a third of these keys exists
        try:
            with RedisLock(cluster[0]).hold(f"key {number}"):
                pass
        except DineroUnavailable as error:
            told.append(str(error))
    assert 0 < len(told) < 12
    assert all("is a node of a Redis Cluster" in each for each in told)


def test_a_certificate_that_is_not_accepted_is_told(tmp_path: Path) -> None:
    with cutting("http://127.0.0.1:1", certificate(tmp_path)) as server:
        url = server.url.replace("https", "rediss")
        with pytest.raises(DineroUnavailable, match=r"its certificate was rejected: self.signed certificate"):
            try_out(url)


class Proxy(socketserver.BaseRequestHandler):
    """Lets commands pass to a Redis, but closes the connection at those that it doesn't know, as twemproxy does."""

    target: int

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as behind:
            while command := self.request.recv(65536):
                if not command.startswith(b"*") or any(
                    word in command.upper() for word in (b"EVAL", b"\nINFO", b"SCRIPT")
                ):
                    return
                behind.sendall(command)
                self.request.sendall(behind.recv(65536))


@pytest.fixture
def proxy(redis_url: str) -> Iterator[str]:
    made = type("Made", (Proxy,), {"target": int(redis_url.split(":")[-1].partition("/")[0])})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), made)
    server.daemon_threads = True
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        server.shutdown()


def test_a_proxy_that_gives_no_lock_back_is_named(there: Any, proxy: str) -> None:
    with Redis.from_url(proxy) as client:
        assert client.ping()
    with pytest.raises(DineroUnavailable, match="can't be used \\(while renewing it\\): "):
        try_out(proxy)


def test_the_command_tries_it(there: Any, proxy: str, add: Callable[..., str]) -> None:
    add("good", grant="personal_integration", organization_id=100001, coordination_url=proxy)
    assert "can't be used (while renewing it): " in {each.about: each.told for each in check("good")}["lock"]
