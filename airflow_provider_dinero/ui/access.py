"""Who may use the page: users who may edit connections, according to Airflow's auth manager."""

import json
from typing import Annotated
from urllib.parse import parse_qsl

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.log import Log
from airflow.utils.session import create_session
from fastapi import Depends, HTTPException, Request

from airflow_provider_dinero.consent.connections import find
from airflow_provider_dinero.ui.encryption import seal, unseal

# An older form is shown again before it is accepted.
FORM_SECONDS = 12 * 3600
# The longest form that is read; an authorization code has a few hundred characters.
FORM_BYTES = 8192

Form = dict[str, str]


def editor(user: GetUserDep) -> BaseUser:
    """Return the user, if they may edit connections.

    Not Airflow's own `requires_access_connection`: with several teams it needs a JSON body.

    :param user: BaseUser, from the session's cookie or the bearer token
    :raises HTTPException: 401 not logged in, 403 not permitted
    """
    if not get_auth_manager().is_authorized_connection(method="PUT", user=user):
        raise HTTPException(403, "You are not allowed to edit connections in this Airflow. Ask an administrator.")
    return user


Editor = Annotated[BaseUser, Depends(editor)]


def editable(user: BaseUser) -> set[str]:
    """Return the ids of the connections in the database that this user may edit.

    :param user: BaseUser
    """
    found: set[str] = get_auth_manager().get_authorized_connections(user=user, method="PUT")
    return found


def readable(user: BaseUser) -> set[str]:
    """Return the ids of the DAGs that this user may read.

    :param user: BaseUser
    """
    found: set[str] = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    return found


def check(user: BaseUser, conn_id: str) -> None:
    """Check that a user may edit a connection, and that it is in the database.

    :param user: BaseUser
    :param conn_id: str
    :raises HTTPException: 404
    :raises DineroConfigurationError: Airflow uses another connection of this name
    """
    if conn_id not in editable(user):
        raise HTTPException(404, "Airflow's database has no such connection, or you are not allowed to edit it.")
    find(conn_id).require_in_database()


def name_of(user: BaseUser) -> str:
    """Return the name that identifies a user.

    :param user: BaseUser
    """
    return f"{user.get_id()} {user.get_name()}"


def record(user: BaseUser, event: str, conn_id: str) -> None:
    """Record in Airflow's audit log what a user has done.

    :param user: BaseUser
    :param event: str
    :param conn_id: str, the connection
    """
    extra = json.dumps({"connection_id": conn_id})
    with create_session() as session:
        session.add(Log(event, owner=user.get_id(), owner_display_name=user.get_name(), extra=extra))


def form_seal(user: BaseUser) -> str:
    """Return the hidden field that proves that a form was shown to this user, and not made by another site.

    :param user: BaseUser
    """
    return seal("form", {"user": name_of(user)})


async def filled_in(request: Request, user: Editor) -> Form:
    """Return a form of this page that this user has sent.

    :param request: Request
    :param user: BaseUser
    :raises HTTPException: 403 it is not from our page, 413 it is too long
    """
    form = await read_form(request)
    if unseal("form", form.get("seal", ""), FORM_SECONDS) != {"user": name_of(user)}:
        raise HTTPException(403, "This form is not from this page, or it has expired. Open the page again.")
    return form


async def read_form(request: Request) -> Form:
    """Return the fields of a form, wherever it is from.

    :param request: Request
    :raises HTTPException: 413 it is too long
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES:
            raise HTTPException(413, "This form is too long.")
    return dict(parse_qsl(body.decode(errors="replace")))


FilledIn = Annotated[Form, Depends(filled_in)]
AnyForm = Annotated[Form, Depends(read_form)]
