"""Which responses of Visma Connect were already used: each code is exchanged once, on whichever API server.

Each is a Variable in Airflow's database, which all API servers share: a name can be inserted only once.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PREFIX = "dinero_consent__"
BEGUN, STORED = "begun", "stored"
# By then the browser's cookie of this consent has expired, and so has its code.
FORGOTTEN_AFTER = timedelta(hours=1)


def take(state: str) -> bool:
    """Record that the code of a response is being exchanged.

    :param state: str, of the consent
    :return: bool: False if that was already recorded, and the code must not be sent
    """
    from airflow.utils.session import create_session
    from sqlalchemy import delete
    from sqlalchemy.exc import IntegrityError

    variable, now = _variable(), datetime.now(UTC)
    ours = variable.key.startswith(PREFIX, autoescape=True)
    with create_session() as session:
        session.execute(delete(variable).where(ours, variable.description < _dated(now - FORGOTTEN_AFTER)))
    try:
        with create_session() as session:
            session.add(variable(_name(state), BEGUN, f"{_dated(now)}: a response of Visma Connect arrived."))
    except IntegrityError:
        return False
    return True


def stored(state: str) -> None:
    """Record that the token of a response is stored.

    :param state: str, of the consent
    """
    from airflow.utils.session import create_session

    with create_session() as session:
        if row := _row(session, state):
            row.val = STORED


def is_stored(state: str) -> bool:
    """Tell whether the token of a response is stored.

    :param state: str, of the consent
    """
    from airflow.utils.session import create_session

    with create_session() as session:
        row = _row(session, state)
        return bool(row and row.val == STORED)


def _row(session: "Session", state: str) -> Any:
    from sqlalchemy import select

    variable = _variable()
    return session.scalar(select(variable).where(variable.key == _name(state)))


def _variable() -> Any:
    """Return the model; the Variable of `airflow.sdk` also asks secrets backends, and can't insert."""
    from airflow.models import Variable

    return Variable  # ruff: ignore[airflow3-suggested-update]


def _name(state: str) -> str:
    return f"{PREFIX}{hashlib.sha256(state.encode()).hexdigest()[:32]}"


def _dated(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
