"""The notes of lists: what a list need not read again, also where hosts without a shared lock write them at once."""

import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, errors
from airflow_provider_dinero.api.ports import MemoryStateStore
from tests.api.batch_shop import LIFE, PAYMENT, Shop, order, orders, shop
from tests.conftest import line

__all__ = ["shop"]


@pytest.mark.parametrize("host", ["coordination", "another"])
def test_lists_at_the_same_time_keep_the_notes_of_each_other(shop: Shop, tmp_path: Path, host: str) -> None:
    """Whether they share a lock or not. One has a draft that is to be replaced, and a mail whose response is lost."""
    listed = orders(20)
    wrong, lost = {**listed[18], "expected_total": "250"}, listed[19]

    def between(done: int, total: int) -> None:
        if done == 4:
            shop.folder = tmp_path / host
            with pytest.raises(errors.DineroItemsFailed, match="1 of 7 items failed: order-18"):
                shop.run([*listed[12:18], wrong])
            shop.box.fault("reset", method="POST", path="/**/invoices/*/email", times=1)
            with pytest.raises(errors.DineroItemsFailed, match="may or may not have been done"):
                shop.run([lost])

    assert shop.run(listed[:12], progress=between)["created"] == 12
    shop.folder = tmp_path / "a third"
    told = shop.run([*listed[:18], order(18, invoice={"ProductLines": [line(Quantity=2)]}), lost])
    assert (told["unchanged"], told["updated"], shop.mailed()) == (18, 2, list(range(1, 21)))
    assert shop.asked() == {
        "GET contacts": 1, "GET invoices": 2, "GET invoices/mailouts": 4,
        "PUT invoices": 1, "POST invoices/book": 1, "POST invoices/email": 2,
    }  # fmt: skip


def test_hosts_that_begin_a_page_at_the_same_moment(shop: Shop, tmp_path: Path) -> None:
    """Each finds it free, and writes it; the first one finds the other's notes there then, and stores its own again."""
    stored, go_on = threading.Event(), threading.Event()

    class Store:
        """A state store; its first write has something happen before it and after it."""

        def __init__(self, before: list[Callable[[], object]], after: list[Callable[[], object]]) -> None:
            self._before, self._after = before, after
            self.get = shop.store.get

        def set(self, key: str, value: Any) -> None:
            while self._before:
                self._before.pop(0)()
            shop.store.set(key, value)
            while self._after:
                self._after.pop(0)()

    def work(client: DineroClient, store: Store, listed: list[dict[str, Any]]) -> None:
        with closing(client):
            client.batches(store).invoices(listed, **LIFE)

    listed = orders(12)
    late = Store([], [stored.set, partial(go_on.wait, 60)])
    other = threading.Thread(target=work, args=(shop.client(), late, listed[6:]))
    shop.folder = tmp_path / "another"
    work(shop.client(), Store([other.start, partial(stored.wait, 60)], [go_on.set]), listed[:6])
    other.join(60)
    assert shop.run(listed)["unchanged"] == 12
    assert shop.asked() == {"GET contacts": 1, "GET invoices": 1}


def test_hosts_one_after_another_fill_the_same_page(shop: Shop, tmp_path: Path) -> None:
    """Also after a run that fails: as long as one runs, the others have pages of their own, and few pages are read."""
    listed = orders(12)
    for number, each in enumerate(listed):
        shop.folder = tmp_path / str(number)
        shop.box.fault("status", method="POST", path="/**/invoices/*/email", status=403, times=1)
        with pytest.raises(errors.DineroForbidden):
            shop.run([each])
    assert shop.run(listed)["updated"] == 12
    assert shop.asked() == {
        "GET contacts": 1, "GET invoices": 2, "GET invoices/mailouts": 12, "POST invoices/email": 12,
    }  # fmt: skip


def test_damaged_notes_are_none(shop: Shop) -> None:
    shop.run(orders(3))
    kept = vars(shop.store)
    (values,) = (each for each in kept.values() if isinstance(each, dict))
    for name, value in values.items():
        values[name] = {"last": "x"} if "last" in value else {guid: [None] * 20 for guid in value}
    assert shop.run(orders(3))["unchanged"] == 3


def test_without_notes_the_documents_are_read(shop: Shop) -> None:
    """Another store, or somebody who has touched everything: what lists don't show is read."""
    shop.run(orders(3))
    shop.store = MemoryStateStore()
    assert shop.run(orders(3))["unchanged"] == 3
    assert shop.asked() == {"GET contacts": 1, "GET invoices": 4, "GET invoices/mailouts": 3}
    shop.run(orders(3))
    assert shop.asked() == {"GET contacts": 1, "GET invoices": 1}
    for row in shop.rows:  # a payment moves UpdatedAt
        shop.beside.invoices.add_payment(row["Guid"], {**PAYMENT, "Amount": "1", "RemainderIsFee": False})
    assert shop.run(orders(3))["unchanged"] == 3
    assert shop.asked() == {"GET contacts": 1, "GET invoices": 4}
