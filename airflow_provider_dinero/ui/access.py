"""Who may use the page: those who may edit connections, by the word of Airflow's auth manager."""

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
from airflow_provider_dinero.ui.sealed import seal, unseal

# A form that was shown longer ago is shown again before it counts.
FORM_SECONDS = 12 * 3600
# The longest form that is read; an authorization code has some hundred characters.
FORM_BYTES = 8192

Form = dict[str, str]


def editor(user: GetUserDep) -> BaseUser:
    """Return who asks, if they may edit connections.

    Not Airflow's own `requires_access_connection`: with several teams it wants a body of JSON.

    :param user: BaseUser, from the session's cookie or the bearer token
    :raises HTTPException: 401 not logged in, 403 not permitted
    """
    if not get_auth_manager().is_authorized_connection(method="PUT", user=user):
        raise HTTPException(403, "You may not edit connections in this Airflow. Ask an administrator.")
    return user


Editor = Annotated[BaseUser, Depends(editor)]


def editable(user: BaseUser) -> set[str]:
    """Return the ids of the connections in the database that this user may edit.

    :param user: BaseUser
    """
    found: set[str] = get_auth_manager().get_authorized_connections(user=user, method="PUT")
    return found


def check(user: BaseUser, conn_id: str) -> None:
    """Refuse what is done to a connection that the user may not edit, or that is not in the database.

    :param user: BaseUser
    :param conn_id: str
    :raises HTTPException: 404
    :raises DineroConfigurationError: Airflow uses another connection of this name
    """
    if conn_id not in editable(user):
        raise HTTPException(404, "There is no such connection in Airflow's database, or you may not edit it.")
    find(conn_id).require_in_database()


def name_of(user: BaseUser) -> str:
    """Return what tells users apart.

    :param user: BaseUser
    """
    return f"{user.get_id()} {user.get_name()}"


def record(user: BaseUser, event: str, conn_id: str) -> None:
    """Enter in Airflow's audit log what a user has done.

    :param user: BaseUser
    :param event: str
    :param conn_id: str, which connection it was done to
    """
    extra = json.dumps({"connection_id": conn_id})
    with create_session() as session:
        session.add(Log(event, owner=user.get_id(), owner_display_name=user.get_name(), extra=extra))


def form_seal(user: BaseUser) -> str:
    """Return the hidden field that shows that a form was shown to this user, and not made up by another site.

    :param user: BaseUser
    """
    return seal("form", {"user": name_of(user)})


async def filled_in(request: Request, user: Editor) -> Form:
    """Return a form of ours that this user has sent.

    :param request: Request
    :param user: BaseUser
    :raises HTTPException: 403 it is not from our page, 413 it is too long
    """
    form = await read_form(request)
    if unseal("form", form.get("seal", ""), FORM_SECONDS) != {"user": name_of(user)}:
        raise HTTPException(403, "This form is not from this page, or is too old. Open the page again.")
    return form


async def read_form(request: Request) -> Form:
    """Return the fields of a form, wherever it comes from.

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
