"""Dinero connections with access to the metadata database: found as Airflow finds them, and written."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.adapters.connections import client_of, fields_of, not_found
from airflow_provider_dinero.adapters.token_store import VariableTokenStore
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError
from airflow_provider_dinero.api.ports import FARTHEST_SECONDS

if TYPE_CHECKING:
    from airflow.models import Connection

    from airflow_provider_dinero.api.client import DineroClient

CONN_TYPE = "dinero"
# Options of a client that reads everything and changes nothing.
ONLY_READS: dict[str, Any] = {"read_only": True, "longest_wait": FARTHEST_SECONDS}


@dataclass(frozen=True)
class ConnectionRecord:
    """A Dinero connection, and the client that it describes.

    :param conn_id: str
    :param connection: Connection
    :param in_database: bool, whether it is in the metadata database, and so can be written
    :param team: str or None, its team in Airflow's multi-team mode
    """

    conn_id: str
    connection: "Connection"
    in_database: bool
    team: str | None = None

    @property
    def extra(self) -> dict[str, Any]:
        """What its extra sets, neither empty nor null."""
        return fields_of(self.connection)

    def client(self, organization_id: int | str | None = None, **options: Any) -> "DineroClient":
        """Return a new client.

        :param organization_id: int, digits as str, or None for the connection's own
        :param options: as for `DineroClient`; they override the connection
        :raises DineroConfigurationError: the connection is incomplete
        """
        return client_of(self.connection, organization_id, self.team, **options)

    def require_in_database(self) -> None:
        """Make sure that it is the one in the metadata database, which is what users may be allowed to edit.

        :raises DineroConfigurationError: the environment or a secrets backend has one of the same name
        """
        if not self.in_database:
            raise DineroConfigurationError(
                f"The environment or a secrets backend defines a connection {self.conn_id} too, and Airflow uses that.",
                "Rename the one in Airflow's database, or delete it.",
            )

    @property
    def store(self) -> VariableTokenStore:
        """The store of its token."""
        return VariableTokenStore(self.team)


def find(conn_id: str) -> ConnectionRecord:
    """Return a connection, in Airflow's search order: secrets backend, environment, database.

    :param conn_id: str
    :raises DineroConfigurationError: it doesn't exist, isn't a Dinero connection, or can't be read
    """
    from airflow.configuration import conf
    from airflow.models import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    team = Connection.get_team_name(conn_id) if conf.getboolean("core", "multi_team", fallback=False) else None
    try:
        connection = Connection.get_connection_from_secrets(conn_id, team_name=team)
    except AirflowNotFoundException:
        if conn_id in in_database():
            raise DineroConfigurationError(
                f"Airflow can't read connection {conn_id} from its database.",
                "Was it written with another [core] fernet_key? Otherwise a number in its extra may be invalid.",
            ) from None
        raise not_found(conn_id) from None
    if connection.conn_type != CONN_TYPE:
        raise DineroConfigurationError(
            f"Connection {conn_id} is of type {connection.conn_type}, not {CONN_TYPE}.", "Choose a Dinero connection."
        )
    # Only a row in the database has an id.
    return ConnectionRecord(conn_id, connection, connection.id is not None, team)


def in_database() -> list[str]:
    """Return the ids of all Dinero connections in the metadata database, sorted."""
    from airflow.models import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import select

    wanted = select(Connection.conn_id).where(Connection.conn_type == CONN_TYPE).order_by(Connection.conn_id)
    with create_session() as session:
        return list(session.scalars(wanted))


def sharing(key: str) -> list[str]:
    """Return the ids of the connections in the database that use a stored token.

    :param key: str, the name of its Variable
    """
    found = []
    for conn_id in in_database():
        try:
            each = find(conn_id)
            if each.in_database and each.client().tokens.key == key:
                found.append(conn_id)
        except DineroError:  # an incomplete connection uses no token
            continue
    return found


def write(conn_ids: Collection[str], changes: Mapping[str, object]) -> None:
    """Change fields in the extra of connections in the database, and leave the others unchanged.

    :param conn_ids: collection of str
    :param changes: mapping of field to value, None to remove it
    """
    from airflow.models import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.scalars(select(Connection).where(Connection.conn_id.in_(conn_ids)).with_for_update())
        for row in rows:
            extra = {**row.extra_dejson, **changes}
            row.extra = json.dumps({name: value for name, value in extra.items() if value is not None})
