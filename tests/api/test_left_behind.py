"""A client leaves neither sockets nor threads behind, whether it was closed or not."""

import gc
import threading

import psutil
import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.sandbox.server import Sandbox


def held(url: str) -> tuple[int, set[threading.Thread]]:
    """How many sockets of this process lead to a sandbox, and the threads of clients."""
    port = int(url.rpartition(":")[2])
    sockets = [each for each in psutil.Process().net_connections("tcp") if each.raddr and each.raddr.port == port]
    return len(sockets), {each for each in threading.enumerate() if each.name == "dinero-watch"}


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "forgotten"])
def test_nothing_is_left_of_a_client(sandbox: Sandbox, closed: bool) -> None:
    gc.collect()
    sockets, threads = held(sandbox.url)
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", sandbox.url)
    client = DineroClient(100001, grant, base_url=sandbox.url, token_store=MemoryTokenStore(), budget=ProcessBudget())
    list(client.contacts.list())
    during = held(sandbox.url)
    assert during[0] > sockets
    assert during[1] > threads
    if closed:
        client.close()
    else:
        del client
        gc.collect()
    for thread in held(sandbox.url)[1] - threads:
        thread.join(5)
    assert held(sandbox.url) == (sockets, threads)
