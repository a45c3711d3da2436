"""The Variable that holds the token, with access to the metadata database."""

from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.consent.connections import find
from tests.consent.test_flow import Add, asked, consent


def test_a_token_that_cannot_be_read_is_not_taken_for_none(add: Add, sandbox: Any) -> None:
    """Else the connection's own refresh token, spent long ago, would be presented: with one-time ones, a replay."""
    add("a", refresh_token="spent")
    consent(sandbox, "a")
    before = asked(sandbox, "/connect/token")
    execute("UPDATE variable SET val = 'x' || val")  # as where [core] fernet_key is another one
    with pytest.raises(errors.DineroUnavailable, match=r"could not be read.*fernet_key"):
        find("a").client(100001).organizations.subscriptions()
    execute("UPDATE variable SET val = substr(val, 2)")
    assert find("a").client(100001).organizations.subscriptions()
    assert asked(sandbox, "/connect/token") == before


def execute(statement: str) -> None:
    from airflow.utils.session import create_session
    from sqlalchemy import text

    with create_session() as session:
        session.execute(text(statement))
