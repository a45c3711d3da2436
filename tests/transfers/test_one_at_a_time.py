"""Two transfers that do the same: the second one defers before it reads anything, until the first one is done."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.coordination.files import FileLock
from airflow_provider_dinero.transfers.archive import DineroArchiveOperator
from airflow_provider_dinero.transfers.object_storage import (
    DineroChangesToObjectStorageOperator,
    DineroEntriesToObjectStorageOperator,
)
from airflow_provider_dinero.transfers.sql import DineroToSqlOperator
from tests.operators.bench import Bench
from tests.transfers.conftest import contact

SQL = DineroToSqlOperator, {"resource": "contacts", "conn_id": "warehouse", "table": "contacts"}
TRANSFERS = [
    (*SQL, "mirror/warehouse/None/contacts/100001"),
    (DineroChangesToObjectStorageOperator, {"resource": "contacts", "consumer": "c"}, "files/{path}/contacts/100001/c"),
    (
        DineroChangesToObjectStorageOperator,
        {"resource": "contacts", "changes": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}},
        "files/{path}/contacts/100001/2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",
    ),
    (DineroEntriesToObjectStorageOperator, {"consumer": "c"}, "files/{path}/entries/100001/c"),
    (DineroArchiveOperator, {}, "archive/{path}/100001"),
]


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"sqlite:///{tmp_path}/warehouse.db")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[FileLock, ExitStack]]:
    """Another task of this host, as far as locks are concerned; the bench already has a separate thread."""
    with ExitStack() as held:
        yield FileLock(tmp_path / "coordination"), held


def reads(bench: Bench) -> int:
    return len([each for each in bench.sandbox.requests() if "token" not in each["path"]])


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(("operator", "arguments", "name"), TRANSFERS)
def test_who_comes_second_defers_and_sends_nothing(
    bench: Bench, tmp_path: Path, other: Any, operator: Any, arguments: dict[str, Any], name: str
) -> None:
    lock, held = other
    path = {} if operator is DineroToSqlOperator else {"path": str(tmp_path / "out")}
    held.enter_context(lock.hold(name.format(path=path.get("path"))))
    seen = []

    def while_deferred() -> None:
        seen.append(reads(bench))
        if len(seen) == 3:
            held.close()

    bench.while_deferred = while_deferred
    it = bench.one(operator, **arguments, **path)
    assert it.state == "success", it.log
    assert seen == [0, 0, 0]
    assert len({each["done"]["waiting_since"] for each in it.deferrals}) == 1
    assert reads(bench) > 0
    assert "Another task is doing the same" in it.log


@pytest.mark.usefixtures("warehouse")
def test_who_has_waited_for_too_long_fails_in_words(bench: Bench, other: Any) -> None:
    lock, held = other
    held.enter_context(lock.hold(TRANSFERS[0][2]))
    operator, arguments = SQL
    it = bench.one(operator, **arguments, lock_timeout=0, retries=2)
    assert (it.state, len(it.errors), reads(bench)) == ("failed", 1, 0)
    assert "didn't finish within 0 s. Nothing was read. Check whether it hangs" in it.error


@pytest.mark.usefixtures("warehouse")
def test_a_dry_run_waits_for_nobody(bench: Bench, beside: DineroClient, other: Any) -> None:
    lock, held = other
    held.enter_context(lock.hold(TRANSFERS[0][2]))
    contact(beside, "a")
    operator, arguments = SQL
    assert bench.one(operator, **arguments, dry_run=True).returned["rows"] == 1


@pytest.mark.usefixtures("warehouse")
def test_where_nobody_shares_a_lock_it_goes_on(bench: Bench, beside: DineroClient, tmp_path: Path) -> None:
    contact(beside, "a")
    (tmp_path / "coordination").mkdir(mode=0o777)
    (tmp_path / "coordination").chmod(0o777)
    operator, arguments = SQL
    it = bench.one(operator, **arguments)
    assert it.returned["rows"] == 1
    assert "can't see whether another one is doing the same now" in it.log
