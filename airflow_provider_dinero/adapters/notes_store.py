"""What batches keep of the documents that they wrote, in the state store of an asset.

Airflow may delete it: then the documents are read again. So it needs no copy, as a watermark does.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.asset_state import REFERENCE

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context

log = logging.getLogger(__name__)

# Watermarks are in the same store, and are listed and moved by hand; these aren't.
PREFIX = "notes."


class AssetNotes:
    """The StateStore of an asset.

    :param store: Airflow's accessor of the asset's state
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def get(self, key: str) -> Any:
        """Return a value, or None; also where it is in a state store backend that was switched off.

        :param key: str
        """
        stored = self._store.get(PREFIX + key)
        return stored if isinstance(stored, Mapping) and REFERENCE not in stored else None

    def set(self, key: str, value: Any) -> None:
        """Store a value.

        :param key: str
        :param value: dict, plain JSON
        """
        self._store.set(PREFIX + key, value)


def notes_store_of(context: "Context", asset: "Asset") -> AssetNotes | None:
    """Return where the notes of an asset are kept, as a running task reaches it; None where it doesn't.

    :param context: Context
    :param asset: Asset, among the inlets of the task
    """
    stores: Any = context.get("asset_state_store")
    try:
        return AssetNotes(stores[asset])
    except (KeyError, TypeError):  # of a mapped task, Airflow sees what `partial` was given
        log.warning(
            "The task has no state store of %s, so each document is read. Give a mapped task inlets=[dinero_asset(…)] "
            "in `partial`.",
            asset.uri,
        )
        return None
