"""Assets of Dinero: `dinero://<connection>/<resource>`, or `dinero://<connection>/<organization>/<resource>`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

if TYPE_CHECKING:
    from airflow.sdk import Asset


def asset_uri(dinero_conn_id: str, resource: str, organization_id: int | str | None = None) -> str:
    """Return the URI of a resource.

    :param dinero_conn_id: str
    :param resource: str, the name of the client's attribute: invoices, contacts, ...
    :param organization_id: int, digits as str, or None for the connection's own
    """
    middle = "" if organization_id is None else f"{organization_id}/"
    return f"dinero://{dinero_conn_id}/{middle}{resource}"


def dinero_asset(dinero_conn_id: str, resource: str, organization_id: int | str | None = None) -> "Asset":
    """Return an asset, to schedule DAGs on or to use as an outlet.

    :param dinero_conn_id: str, literal: it must be known when the DAG is parsed
    :param resource: str, the name of the client's attribute: invoices, contacts, ...
    :param organization_id: int, digits as str, or None for the connection's own
    """
    from airflow.sdk import Asset

    if "{{" in f"{dinero_conn_id}{organization_id}":
        raise ValueError(f"An asset must be known when the DAG is parsed: write {dinero_conn_id!r} without a template.")
    return Asset(uri=asset_uri(dinero_conn_id, resource, organization_id))


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check the URI of an asset, as Airflow does when a DAG uses one.

    :param uri: SplitResult
    :raises ValueError: it isn't a valid URI of a Dinero asset
    """
    parts = uri.path.strip("/").split("/")
    if not uri.netloc or not 1 <= len(parts) <= 2 or not all(parts) or (len(parts) == 2 and not parts[0].isdecimal()):
        raise ValueError(
            "The URI of a Dinero asset is dinero://<connection>/<resource>, with /<organization> before the last part."
        )
    return uri._replace(path=f"/{'/'.join(parts)}", query="", fragment="")


def as_conditions(filters: Iterable[Any]) -> Sequence[Any]:
    """Return filters as a list, even if only one was given.

    :param filters: condition, or conditions
    """
    given = list(filters)
    return [given] if given and isinstance(given[0], str) else given
