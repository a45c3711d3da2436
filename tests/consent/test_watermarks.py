"""`airflow dinero marks` as typed by a user."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_dinero.adapters.asset_state import variable_of, write_copy
from tests.consent.conftest import variables

CONTACTS = "dinero://dinero_default/contacts"
KEY = "100001.dag.wait"
MARK = {"until": "2026-11-01T10:00:00Z", "seen": {}, "seen_until": "2026-11-01T10:00:00Z"}
Keep = Callable[..., None]


@pytest.fixture
def keep(database: None) -> Iterator[Keep]:
    """Store a mark as Airflow does, with its copy."""
    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    def clear() -> None:
        with create_session() as session:
            session.execute(delete(AssetStateStoreModel))
            session.execute(delete(AssetModel))

    def keep(asset: str = CONTACTS, key: str = KEY, value: Any = MARK, *, copy: Any = MARK) -> None:
        with create_session() as session:
            if value is not None:
                if session.scalar(select(AssetModel).where(AssetModel.name == asset)) is None:
                    session.add(AssetModel(name=asset, uri=asset))
                    session.flush()
                number = session.scalars(select(AssetModel.id).where(AssetModel.name == asset)).one()
                by = {"kind": "task", "dag_id": "dag", "run_id": "r", "task_id": "wait", "map_index": -1}
                told = {f"last_updated_by_{name}": each for name, each in by.items()}
                session.add(AssetStateStoreModel(asset_id=number, key=key, value=json.dumps(value), **told))
        if copy is not None:
            write_copy(asset, key, copy)

    clear()
    yield keep
    clear()


def entries() -> list[tuple[str, Any, str | None]]:
    """What is in the state store, and who put it there."""
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.scalars(select(AssetStateStoreModel))
        return [(each.key, json.loads(each.value), each.last_updated_by_kind) for each in rows]


def copies() -> dict[str, Any]:
    return {key: json.loads(text)["value"] for key, text in variables("dinero_mark__").items()}


def test_marks_are_listed(keep: Keep, airflow: Any) -> None:
    pending = {"dag/r/wait/-1": {"run": ["dag", "r"], "since": "2026-11-01T10:00:00Z", **MARK}}
    keep(value={**MARK, "pending": pending})
    keep("a watched asset", "100001.watched", {"until": "2026-10-01T00:00:00Z"})
    keep(key="100001.away", value=None, copy={"until": "2026-09-01T00:00:00Z"})
    keep(key="100001.switched", value={"__airflow_state_ref__": "s3://x"})
    keep("somebody else's", "cursor", {"until": 7}, copy=None)
    code, out, err = airflow("dinero", "marks")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 4
    assert "isn't a watermark: a reference to a state store backend" in lines[0]
    assert lines[1].startswith("2026-09-01 00:00:00 UTC")
    assert "100001.away  in dinero://dinero_default/contacts  (only its copy is left" in lines[1]
    assert "100001.watched  in a watched asset  (by dag/wait)" in lines[2]
    assert "(by dag/wait; 1 pending)" in lines[3]
    assert " ago  " in lines[3]
    code, out, _ = airflow("dinero", "marks", "--json")
    assert [each["until"] for each in json.loads(out)] == [
        None, "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z", "2026-11-01T10:00:00Z",
    ]  # fmt: skip


def test_what_lists_keep_is_no_mark(keep: Keep, airflow: Any) -> None:
    keep(key="notes.100001.invoices", value={"last": 0}, copy=None)
    assert airflow("dinero", "marks") == (0, "", "No consumer of changes has a watermark.\n")


def test_an_entry_that_is_no_json_hides_no_other(keep: Keep, airflow: Any) -> None:
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session

    keep()
    keep(key="100001.odd")
    with create_session() as session:
        session.query(AssetStateStoreModel).filter_by(key="100001.odd").update({"value": "{"})
    code, out, _ = airflow("dinero", "marks")
    assert code == 0
    assert KEY in out
    assert "100001.odd" in out


def test_no_mark_is_no_error(keep: Keep, airflow: Any) -> None:
    assert airflow("dinero", "marks") == (0, "", "No consumer of changes has a watermark.\n")


@pytest.mark.parametrize("value", [MARK, {"__airflow_state_ref__": "s3://x"}, None])
def test_a_mark_is_set_with_its_copy(keep: Keep, airflow: Any, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(value=value)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    code, out, _ = airflow("dinero", "marks", "--set", KEY, "2026-10-15T12:00+02:00")
    assert code == 0
    assert "to 2026-10-15 10:00:00 UTC" in out
    assert "reported again" in out
    there = {"until": "2026-10-15T10:00:00Z"}
    assert entries() == ([(KEY, there, "api")] if value else [])
    assert copies() == {variable_of(CONTACTS, KEY): there}
    assert ("(by a person)" in airflow("dinero", "marks")[1]) == bool(value)


def test_a_mark_is_forgotten_with_its_copy(keep: Keep, airflow: Any) -> None:
    keep()
    keep(key="100001.other")
    code, out, _ = airflow("dinero", "marks", "--forget", KEY, "--yes")
    assert code == 0
    assert "at 2026-11-01 10:00:00 UTC" in out
    assert [each[0] for each in entries()] == ["100001.other"]
    assert list(copies()) == [variable_of(CONTACTS, "100001.other")]


@pytest.mark.parametrize("arguments", [("--set", KEY, "2999-01-01"), ("--set", KEY, "2026-10-15"), ("--forget", KEY)])
def test_who_says_no_changes_nothing(
    keep: Keep, airflow: Any, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep()
    before = entries(), copies()
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, out, err = airflow("dinero", "marks", *arguments)
    assert (code, (entries(), copies())) == (1, before)
    assert "Nothing was changed." in out or "is in the future" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--set", "nobody", "2026-10-15"), "There is no watermark nobody"),
        (("--set", KEY, "yesterday"), "'yesterday' is not an ISO 8601 instant"),
        (("--set", "100001.twice", "2026-10-15"), "Several assets have a watermark 100001.twice: a, b. Add --asset"),
    ],
)
def test_what_can_not_be_set_is_told(keep: Keep, airflow: Any, arguments: tuple[str, ...], told: str) -> None:
    keep()
    keep("a", "100001.twice")
    keep("b", "100001.twice")
    code, _, err = airflow("dinero", "marks", *arguments, "--yes")
    assert code == 1
    assert told in err


def test_a_mark_of_two_assets_is_named_with_its_asset(keep: Keep, airflow: Any) -> None:
    keep("a", "100001.twice")
    keep("b", "100001.twice")
    assert airflow("dinero", "marks", "--set", "100001.twice", "2026-10-15", "--asset", "b", "--yes")[0] == 0
    assert sorted(each["until"] for each in copies().values()) == ["2026-10-15T00:00:00Z", "2026-11-01T10:00:00Z"]
