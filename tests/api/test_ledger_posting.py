"""The ledger takes one post of an organization at a time."""

import threading
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.errors import DineroUnavailable
from airflow_provider_dinero.api.ports import ProcessLock
from airflow_provider_dinero.coordination.files import FileLock

LINE = {"Description": "x", "Amount": 5, "AccountNumber": 55000, "BalancingAccountNumber": 55010}


def post_at_once(clients: list[Any]) -> list[Exception]:
    """Let each client post its own item at the same time, and return what went wrong."""
    wrong: list[Exception] = []

    def post(client: Any) -> None:
        try:
            client.ledger_items.create([{"VoucherDate": "2026-01-02", "Lines": [LINE]}])
        except DineroUnavailable as error:
            wrong.append(error)

    threads = [threading.Thread(target=post, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.parametrize("shared", [True, False])
def test_workers_keep_out_of_each_others_way(make_client: Any, tmp_path: Path, sandbox: Any, shared: bool) -> None:
    """The control: with separate locks they get code 70, and retry."""
    clients = [make_client(lock=FileLock(tmp_path) if shared else ProcessLock()) for _ in range(3)]
    assert post_at_once(clients) == []
    posts = [each for each in sandbox.requests() if each["path"].endswith("/ledgeritems")]
    assert len(posts) == 3 if shared else len(posts) > 3
