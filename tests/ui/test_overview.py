"""What a user sees who may not read all DAGs, and what the page says if it can't see the allowance."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api.ports import Token
from airflow_provider_dinero.consent.connections import find
from airflow_provider_dinero.coordination.files import FileBudget
from airflow_provider_dinero.ui import overview
from airflow_provider_dinero.ui.overview import Allowance, Overview
from tests.consent.conftest import add, database
from tests.consent.test_watermarks import Keep, keep
from tests.faulty import dripping

__all__ = ["add", "database", "keep"]
Add = Callable[..., str]


@pytest.fixture
def dags(database: None) -> Any:
    """Airflow knows of two DAGs."""
    from airflow.models import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    def clear() -> None:
        with create_session() as session:
            session.execute(delete(DagModel))

    clear()
    with create_session() as session:
        session.merge(DagBundleModel(name="bundle"))
        session.flush()
        for dag_id in ("dag", "secret"):
            session.add(DagModel(dag_id=dag_id, bundle_name="bundle"))
    yield
    clear()


@pytest.fixture
def shop(add: Add, tmp_path: Path) -> str:
    return add("shop", organization_id=100001, requests_per_minute=2, coordination_url=str(tmp_path))


def use(tmp_path: Path, *who: str) -> None:
    budget = FileBudget(tmp_path)
    for each in who:
        budget.reserve("isv_sandbox/100001", 2, 1000, each)


@pytest.mark.usefixtures("dags")
def test_dags_that_the_user_may_not_read_are_not_named(shop: str, keep: Keep, tmp_path: Path) -> None:
    use(tmp_path, "dag/a", "dag/b", "secret/c", "dag/d")
    keep(key="100001.dag.wait")
    keep(key="100001.secret.wait", value=None)
    few, all_of_them = Overview({"dag"}), Overview({"dag", "secret"})
    assert [each.who for each in few.allowances([shop])["shop"].waiting] == ["", "dag/d"]
    assert [each.who for each in all_of_them.allowances([shop])["shop"].waiting] == ["secret/c", "dag/d"]
    assert [each.key for each in few.marks()] == ["100001.dag.wait"]
    assert len(all_of_them.marks()) == 2
    assert Overview(set()).marks() == []


@pytest.mark.usefixtures("dags")
def test_the_hour_is_what_the_workers_have_used(shop: str, tmp_path: Path) -> None:
    use(tmp_path, *["dag/a"] * 3)
    it = Overview(set()).allowances([shop])["shop"]
    assert (it.per_minute, it.note) == (2, "")
    assert sum(it.totals) in {2, 4}  # the third one's minute is the next


@pytest.mark.usefixtures("dags")
def test_a_damaged_allowance_is_told_beside_the_others(shop: str, tmp_path: Path) -> None:
    use(tmp_path, "dag/a", "dag/b", "dag/c")
    (slots,) = tmp_path.glob("*.slots")
    slots.write_bytes(re.sub(rb"(?<=: )[0-9.]+", lambda end: b"1e300".ljust(len(end[0])), slots.read_bytes()))
    assert Overview({"dag"}).allowances([shop])["shop"].note.startswith("The records of this allowance are damaged")


@pytest.mark.usefixtures("dags")
def test_what_takes_too_long_holds_nobody(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "SECONDS", 0.5)
    with dripping(b"+") as slow:
        address = slow.replace("http", "redis")
        names = [add(f"slow{number}", organization_id=100001, coordination_url=address) for number in range(2)]
        notes = [each.note for each in Overview({"dag"}).allowances(names).values()]
    assert notes == [overview.SLOW] * 2


def test_where_the_workers_share_nothing_with_the_api_server_the_page_says_so(shop: str) -> None:
    it = Overview(set()).allowances([shop])["shop"]
    assert it.note.startswith("This host knows of no request to this organization in the last hour.")
    assert "`[dinero] coordination_url` to a Redis server" in it.note
    record = find(shop)
    client = record.client()
    record.store.save(client.tokens.key, Token("t", time.time() + 60, "r", time.time(), place="worker-1-abc"))
    it = Overview(set()).allowances([shop])["shop"]
    assert it.note.startswith("This API server doesn't share the allowance of the workers, which is on worker-1-abc.")


def test_what_can_not_be_reached_is_asked_once(add: Add) -> None:
    gone = {"organization_id": 1, "coordination_url": "redis://127.0.0.1:1/0"}
    names = [add(f"shop{number}", **gone) for number in range(5)]
    began = time.monotonic()
    found = Overview(set()).allowances([*names, "unfinished"])
    assert {each.note.partition(",")[0] for each in found.values()} == {"The Redis at 127.0.0.1:1"}
    assert sorted(found) == names
    assert time.monotonic() - began < 10


def test_a_chart_has_a_bar_for_each_kind() -> None:
    hour = [(0, 0, 0)] * 57 + [(5, 0, 0), (10, 4, 0), (10, 10, 30)]
    it = Allowance(10, hour)
    assert it.totals == (25, 14, 30)
    assert (it.highest, it.limit_at) == (40, 45.0)
    assert [(each.kind, each.x, each.y, each.height) for each in it.bars] == [
        ("used", 570, 52.5, 7.5),
        ("used", 580, 51.0, 9.0),
        ("waited", 580, 45.0, 6.0),
        ("waited", 590, 45.0, 15.0),
        ("off", 590, 0.0, 45.0),
    ]
    assert Allowance(10, [(0, 0, 0)] * 60).bars == []
