"""List, set and delete the watermarks of all consumers, with access to the metadata database.

A watermark is an entry in the state store of an asset, its copy in a Variable, or both.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters import variables
from airflow_provider_dinero.adapters.asset_state import PREFIX, require_mark, value_of, variable_of, write_copy
from airflow_provider_dinero.adapters.notes_store import PREFIX as NOTES
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.api.lists.changes import as_utc, changes_since

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SCHEME = "dinero://"


@dataclass(frozen=True)
class StoredWatermark:
    """The watermark of a consumer.

    :param key: str, the organization and the consumer
    :param asset: str, the name of its asset
    :param until: datetime (UTC) or None, everything that changed before it was reported; None before the first time
    :param pending: int, how many windows belong to runs that haven't succeeded yet
    :param moved_at: datetime (UTC) or None, when it was stored
    :param moved_by: str: DAG and task, watcher, or api (a person); empty if Airflow doesn't say
    :param in_store: bool, whether the state store has it
    :param has_copy: bool, whether a Variable has it
    :param problem: str, what is wrong with it; empty if nothing is
    :param dag_ids: tuple of str, the DAG that stored it, or the DAGs that its asset starts; empty if Airflow doesn't
        say
    :param team: str or None, the copy's team in Airflow's multi-team mode
    """

    key: str
    asset: str
    until: datetime | None = None
    pending: int = 0
    moved_at: datetime | None = None
    moved_by: str = ""
    in_store: bool = True
    has_copy: bool = False
    problem: str = ""
    dag_ids: tuple[str, ...] = ()
    team: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        instants = {"until": self.until, "moved_at": self.moved_at}
        told = {name: at and changes_since(at) for name, at in instants.items()}
        names = ("key", "asset", "pending", "moved_by", "in_store", "has_copy", "problem")
        return {**{name: getattr(self, name) for name in names}, **told}


def stored_watermarks() -> list[StoredWatermark]:
    """Return all watermarks, oldest first."""
    from airflow.models import Variable
    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    found: dict[tuple[str, str], StoredWatermark] = {}
    with create_session() as session:
        rows = Variable  # ruff: ignore[airflow3-suggested-update]
        for row in session.scalars(select(rows).where(rows.key.startswith(PREFIX, autoescape=True))):
            if (mark := _of_copy(row)) is not None:
                found[mark.asset, mark.key] = mark
        joined = select(AssetStateStoreModel, AssetModel).join(
            AssetModel, AssetModel.id == AssetStateStoreModel.asset_id
        )
        for entry, asset in session.execute(joined):
            copy = found.get((asset.name, entry.key))
            if entry.key.startswith(NOTES):
                continue
            if copy or asset.uri.startswith(SCHEME):
                scheduled = tuple(each.dag_id for each in asset.scheduled_dags)
                found[asset.name, entry.key] = _of_entry(entry, asset.name, scheduled, copy)
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found.values(), key=lambda each: (each.until or oldest, each.key, each.asset))


def one(among: Iterable[StoredWatermark], key: str, asset: str | None) -> StoredWatermark:
    """Return the watermark with this key.

    :param among: iterable of StoredWatermark
    :param key: str
    :param asset: str, the name of its asset, needed if several have this key; or None
    :raises DineroConfigurationError: there is none, or there are several
    """
    found = [each for each in among if each.key == key and asset in {None, each.asset}]
    if not found:
        raise DineroConfigurationError(f"There is no watermark {key}.", "`airflow dinero marks` lists them.")
    if len(found) > 1:
        named = ", ".join(each.asset for each in found)
        raise DineroConfigurationError(
            f"Several assets have a watermark {key}: {named}.", "Add --asset with one of them."
        )
    return found[0]


def move(mark: StoredWatermark, until: datetime) -> None:
    """Move a watermark and drop its pending windows, in the state store, as Airflow's API does, and in the copy.

    :param mark: StoredWatermark
    :param until: datetime
    """
    from airflow._shared.state import AssetScope, AssetStateStoreWriterKind
    from airflow.state.metastore import _get_db_backend
    from airflow.utils.session import create_session

    value = {"until": changes_since(until)}
    if mark.in_store:
        with create_session() as session:
            _get_db_backend().set_asset_state_store(
                AssetScope(asset_id=_asset_id(session, mark.asset)),
                mark.key,
                json.dumps(value),
                kind=AssetStateStoreWriterKind.API,
                session=session,
            )
    write_copy(mark.asset, mark.key, value, mark.team)


def forget(mark: StoredWatermark) -> None:
    """Delete a watermark and its copy; from then on, its consumer counts as new.

    :param mark: StoredWatermark
    """
    from airflow._shared.state import AssetScope
    from airflow.state.metastore import _get_db_backend
    from airflow.utils.session import create_session

    # The copy first: otherwise, it could restore the deleted entry.
    if mark.has_copy:
        variables.delete(variable_of(mark.asset, mark.key), mark.team)
    if mark.in_store:
        with create_session() as session:
            scope = AssetScope(asset_id=_asset_id(session, mark.asset))
            _get_db_backend().delete(scope, mark.key, session=session)


def _asset_id(session: "Session", name: str) -> int:
    from airflow.models.asset import AssetModel
    from airflow.models.asset_state_store import AssetStateStoreModel
    from sqlalchemy import select

    having = AssetModel.id.in_(select(AssetStateStoreModel.asset_id))
    return int(session.scalars(select(AssetModel.id).where(AssetModel.name == name, having)).one())


def _of_copy(row: Any) -> StoredWatermark | None:
    try:
        told = json.loads(row.val)
        mark = StoredWatermark(str(told["key"]), str(told["asset"]), in_store=False, has_copy=True, team=row.team_name)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None  # it can't be assigned to a consumer; code that needs it reports that
    return _with(mark, value_of(row.val))


def _of_entry(entry: Any, asset: str, scheduled: tuple[str, ...], copy: StoredWatermark | None) -> StoredWatermark:
    by = "/".join(filter(None, (entry.last_updated_by_dag_id, entry.last_updated_by_task_id)))
    mark = StoredWatermark(
        entry.key,
        asset,
        moved_at=entry.updated_at,
        moved_by=by or entry.last_updated_by_kind or "",
        has_copy=copy is not None,
        dag_ids=(entry.last_updated_by_dag_id,) if entry.last_updated_by_dag_id else scheduled,
        team=copy.team if copy else None,
    )
    try:
        return _with(mark, json.loads(entry.value))
    except (ValueError, RecursionError):
        return _with(mark, entry.value)


def _with(mark: StoredWatermark, value: Any) -> StoredWatermark:
    """Return a watermark with its stored values."""
    try:
        stored = require_mark(value, mark.asset, mark.key)
    except DineroError as error:
        return replace(mark, problem=str(error))
    until = as_utc(str(stored["until"])) if stored.get("until") else None
    return replace(mark, until=until, pending=len(stored.get("pending") or {}) + bool(stored.get("begun")))
