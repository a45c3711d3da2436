"""The page for a user who may edit some connections but not others, and with texts that can't be encoded."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from airflow_provider_dinero.consent import flow
from airflow_provider_dinero.sandbox.seed_data import REFRESH_TOKEN
from tests.consent.conftest import extra_of

# Airflow's own import of a test client.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")
MINE = {"mine", "alike"}


@pytest.fixture
def page(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the page, for a user who may edit `MINE`."""
    import uvicorn
    from airflow.api_fastapi.app import _AuthManagerState
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    from airflow_provider_dinero.ui.access import editor
    from airflow_provider_dinero.ui.app import app

    class Some(SimpleAuthManager):
        def get_authorized_connections(self, **options: Any) -> set[str]:
            return MINE & super().get_authorized_connections(**options)

    monkeypatch.setattr(_AuthManagerState, "instance", Some())
    monkeypatch.setitem(app.dependency_overrides, editor, lambda: SimpleAuthManagerUser(username="olga", role="op"))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        running.join(0.01)
    (bound,) = server.servers[0].sockets
    yield f"http://127.0.0.1:{bound.getsockname()[1]}/"
    server.should_exit = True
    running.join(10)


def audited() -> list[tuple[str, str | None]]:
    from airflow.models.log import Log
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        rows = session.execute(select(Log.event, Log.extra).where(Log.event.startswith("dinero_")).order_by(Log.id))
        return [(event, extra) for event, extra in rows]


def test_only_what_the_user_may_edit_is_shown_and_changed(page: str, add: Callable[..., str], sandbox: Any) -> None:
    for conn_id in ("mine", "alike", "theirs"):
        add(conn_id, refresh_token=REFRESH_TOKEN, organization_id=100001)
    flow.organizations("theirs")
    with requests.Session() as olga:
        text = olga.get(page, timeout=30).text
        assert set(re.findall(r"<h2 id=\S+>(.+?)</h2>", text)) == {*MINE}
        assert "theirs" not in text
        (seal, *_) = re.findall(r'name="seal" value="([^"]+)"', text)

        def press(path: str, conn_id: str) -> requests.Response:
            form = {"seal": seal, "conn_id": conn_id, "organization": "100002"}
            return olga.post(urljoin(page, path), data=form, allow_redirects=False, timeout=30)

        for path in ("connect", "disconnect", "organization"):
            assert press(path, "theirs").status_code == 404
        before = len(audited())
        assert press("disconnect", "mine").status_code == 303
        assert "Disconnected: alike, mine." in olga.get(page, timeout=30).text
    assert ["refresh_token" in extra_of(conn_id) for conn_id in ("mine", "alike", "theirs")] == [False, False, True]
    assert audited()[before:] == [("dinero_disconnect", f'{{"connection_id": "{each}"}}') for each in ("alike", "mine")]


HALF = "half a character \ud800"


def test_half_a_character_hides_nothing(page: str, add: Callable[..., str]) -> None:
    """People can edit Variables and the extra of connections: JSON there may have what no response can carry."""
    from airflow.models import Variable

    add("mine", organization_id=HALF, refresh_token=REFRESH_TOKEN)
    add("alike", refresh_token=REFRESH_TOKEN)
    mark = {"asset": HALF, "key": HALF, "value": {"until": "2026-11-01T10:00:00Z"}}
    Variable.set("dinero_mark__by_hand", json.dumps(mark))  # ruff: ignore[airflow3-suggested-update]
    with requests.Session() as olga:
        text = olga.get(page, timeout=30).text
        assert set(re.findall(r"<h2 id=\S+>(.+?)</h2>", text)) >= MINE
        assert text.count("half a character ?") == 2  # the watermark's key and asset
