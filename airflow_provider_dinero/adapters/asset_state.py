"""One entry in the state store of an asset, and its copy in an Airflow Variable.

Airflow deletes its data of an asset when no DAG file refers to it any longer, even for the minutes of a deployment.
The copy is only used if there is no entry: the store takes precedence, even if a person has set it back.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters import variables
from airflow_provider_dinero.adapters.state_keys import state_key
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroInvalidBody
from airflow_provider_dinero.api.lists.changes import as_utc

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

log = logging.getLogger(__name__)

PREFIX = "dinero_mark__"
WHAT = "The copy of a watermark"
# An entry has at least one of these; an entry that a person wrote may have only `until`.
FIELDS = {"until", "pending", "begun", "deletes"}
# Airflow's reference to a value in a state store backend, as read without that backend.
REFERENCE = "__airflow_state_ref__"


class AssetState:
    """An entry in the state store of an asset.

    :param store: Airflow's accessor of the asset's state, of a task or a trigger
    :param asset: str, the asset's name
    :param key: str, the key that `state_key` turns into the key of the entry
    """

    def __init__(self, store: Any, asset: str, key: str) -> None:
        self.asset = asset
        self.key = state_key(key)
        self._store = store

    def get(self) -> dict[str, Any] | None:
        """Return the entry, or None if neither it nor a copy exists. A copy without an entry is restored.

        :raises DineroConfigurationError: the entry isn't a watermark
        :raises DineroUnavailable: the copy can't be read
        """
        stored = self._store.get(self.key)
        if stored is not None:
            return require_mark(stored, self.asset, self.key)
        if (copy := self.copied()) is not None:
            self._store.set(self.key, copy)
        return copy

    def set(self, value: dict[str, Any]) -> None:
        """Store the entry, and then its copy.

        :param value: dict, plain JSON
        """
        self._store.set(self.key, value)
        self.copy(value)

    def copied(self) -> dict[str, Any] | None:
        """Return the copy, or None if there is none.

        :raises DineroUnavailable: it can't be read
        """
        text = variables.read(variable_of(self.asset, self.key), WHAT)
        if text is None:
            return None
        copy = require_mark(value_of(text), self.asset, self.key)
        log.warning(
            "Airflow has deleted the watermark %s of %s, as it does when no DAG file refers to the asset. "
            "It is restored from its copy: %s.",
            self.key,
            self.asset,
            copy.get("until"),
        )
        return copy

    def copy(self, value: dict[str, Any]) -> None:
        """Store only the copy.

        :param value: dict, plain JSON
        """
        write_copy(self.asset, self.key, value)


def state_of(context: "Context", asset: "Asset", key: str) -> AssetState:
    """Return an entry in the state of an asset, for a running task.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    :param key: str
    :raises DineroConfigurationError: it isn't among them
    """
    stores: Any = context.get("asset_state_store")
    try:
        return AssetState(stores[asset], asset.name, key)
    except (KeyError, TypeError):  # for a mapped task, Airflow only sees what `partial` received
        connection, _, resource = asset.uri.removeprefix("dinero://").partition("/")
        raise DineroConfigurationError(
            f"The task has no state store of {asset.uri}, which would hold its watermark.",
            f"Give a mapped task inlets=[dinero_asset({connection!r}, {resource!r})].",
        ) from None


def require_mark(stored: Any, asset: str, key: str) -> dict[str, Any]:
    """Return the stored value if it is a watermark. Anything else is neither overwritten nor treated as a new consumer.

    :param stored: value from Airflow
    :param asset: str, its name
    :param key: str
    :raises DineroConfigurationError: it isn't one
    """
    found = stored if isinstance(stored, Mapping) else {}
    try:
        if found.get("until"):
            as_utc(str(found["until"]))
        if FIELDS & found.keys() and all(isinstance(found.get(name) or {}, dict) for name in ("pending", "seen")):
            return dict(found)
    except (DineroInvalidBody, ValueError):
        pass
    raise DineroConfigurationError(
        f"The state that the asset {asset} has under {key} isn't a watermark: {told(stored)}.",
        "If a state store backend was switched off, set [workers] state_store_backend again, for both workers and "
        f"triggerers; otherwise run `airflow dinero marks --set {key} INSTANT`.",
    )


def told(stored: Any) -> str:
    """Return a description of an entry that isn't a watermark.

    :param stored: as Airflow gives it
    """
    if isinstance(stored, Mapping) and REFERENCE in stored:
        return "a reference to a state store backend"
    return repr(stored)[:200]


def variable_of(asset: str, key: str) -> str:
    """Return the name of the Variable with the copy, which is a valid name whatever the asset is called.

    :param asset: str, its name
    :param key: str
    """
    return f"{PREFIX}{hashlib.sha256(json.dumps([asset, key]).encode()).hexdigest()[:32]}"


def write_copy(asset: str, key: str, value: dict[str, Any], team: str | None = None) -> None:
    """Store the copy of an entry, without the changes that it saw after its watermark.

    An event while Airflow had removed the DAG started no run, so its changes must be reported again.

    :param asset: str, its name
    :param key: str
    :param value: dict, plain JSON
    :param team: str or None, the team of the Variable; a task needs none
    """
    kept = {name: each for name, each in value.items() if name not in {"seen", "seen_until"}}
    text = json.dumps({"asset": asset, "key": key, "value": kept})
    variables.write(
        variable_of(asset, key),
        text,
        WHAT,
        f"A copy of the watermark {key} of the asset {asset}; see docs/changes.md.",
        team,
    )


def value_of(text: str) -> Any:
    """Return the entry in a copy; if a person damaged the copy, its text, which isn't a watermark.

    :param text: str, the value of the Variable
    """
    try:
        return json.loads(text)["value"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return text
