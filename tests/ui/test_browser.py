"""From Airflow's menu to a person's consent and back to green, in Chromium, over two sites: localhost and 127.0.0.1."""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, WIDE, chromium
from local import ROOT, api_requests

from airflow_provider_dinero.coordination.files import FileBudget
from tests.ui.conftest import PASSWORDS, PERSON, Server

SCREENSHOTS = ROOT / ".airflow" / "screenshots"
SIZES = {"desktop": WIDE, "narrow": {"width": 390, "height": 844}}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(running: Any) -> Iterator[Any]:
    """A browser without cookies."""
    context = running.new_context(viewport=SIZES["desktop"])
    yield context
    context.close()


def log_in(page: Any, user: str) -> None:
    page.get_by_label("Username").fill(user)
    page.locator("input[type=password]").fill(PASSWORDS[user])
    page.get_by_role("button", name="Sign in").click()


def photograph(page: Any, name: str) -> None:
    """Keep how a page looks: on a desktop and a telephone, in the light and in the dark."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide, {size}"
            page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(SIZES["desktop"])


def test_from_the_menu_to_consent_and_back_to_green(server: Server, browser: Any) -> None:
    server.connection("shop")
    airflow = browser.new_page()
    airflow.goto(f"{server.url}/")
    log_in(airflow, "ida")
    airflow.get_by_role("button", name="Admin").click()
    airflow.screenshot(path=SCREENSHOTS / "menu.png")
    with browser.expect_page() as opened:
        airflow.get_by_role("menuitem", name="Dinero").click()
    page = opened.value
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shop = page.get_by_role("region", name="shop")
    assert shop.get_by_text("not connected").is_visible()
    assert page.get_by_label("Redirect URI").input_value() == f"{server.page}/callback"
    photograph(page, "not-connected")

    page.get_by_role("button", name="Connect shop").click()
    page.wait_for_url(f"{server.sandbox}/**")
    page.get_by_label("E-mail").fill(PERSON["email"])
    page.get_by_label("Password").fill(PERSON["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{server.page}/organization?conn_id=shop")
    photograph(page, "organization")

    page.get_by_label("Nørrebro Cykler ApS").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").wait_for()
    assert shop.get_attribute("data-state") == "given"
    assert (
        shop.get_by_text("connected", exact=True).evaluate("each => getComputedStyle(each).color") == "rgb(23, 105, 58)"
    )
    photograph(page, "connected")
    assert f"{server.page}/callback" in asked
    assert not any("code=" in url for url in asked)
    assert {each["name"] for each in browser.cookies(server.page)} == {"_token"}

    code, output = server.airflow("dinero", "check", "shop")
    assert code == 0, output

    shop.get_by_text("Disconnect…").click()
    photograph(page, "disconnect")
    page.get_by_role("button", name="Disconnect shop").click()
    page.get_by_role("status").wait_for()
    assert shop.get_by_text("not connected").is_visible()
    assert server.airflow("dinero", "check", "shop")[0] == 1


@pytest.mark.parametrize("count", [0, 1, 20])
def test_what_the_workers_make_of_the_allowance(
    server: Server, browser: Any, count: int, request: pytest.FixtureRequest
) -> None:
    names = [f"shop_{number:02}" for number in range(count)]
    for number, name in enumerate(names):
        server.connection(name, organization_id=str(200001 + number), requests_per_minute=100)
        spend(server, 200001 + number, busy=number % 3)
    if count:
        request.getfixturevalue("marks")
    token = server.session("ida").cookies["_token"]
    browser.add_cookies([{"name": "_token", "value": token, "domain": "localhost", "path": "/flow/"}])
    page = browser.new_page()
    before = api_requests(server.sandbox)
    page.goto(f"{server.page}/")
    assert api_requests(server.sandbox) == before
    assert page.get_by_role("img", name=re.compile(r"Requests of shop_")).count() == count
    photograph(page, f"allowance-{count}")
    if count:
        shop = page.get_by_role("region", name="shop_00")
        assert shop.get_by_text("100 a minute are allowed").is_visible()
        assert page.get_by_role("cell", name="100001.orders.changes").is_visible()
        assert page.get_by_role("cell", name="nightly/invoices").is_visible()
    for name in names:
        server.forget(name)


def spend(server: Server, organization: int, busy: int) -> None:
    """An hour of requests: few, or as many as there may be, or more than that."""
    now = [time.time() - 3500]
    budget = FileBudget(Path(server.settings["AIRFLOW_HOME"], "dinero"), clock=lambda: now[0])
    rng = random.Random(organization)
    while now[0] < time.time():
        for _ in range(rng.randrange(*((0, 8), (40, 130), (60, 200))[busy])):
            budget.reserve(f"isv_sandbox/{organization}", 100, (60, 60, 30)[busy], f"orders/invoice_{rng.randrange(5)}")
        now[0] += 45


@pytest.fixture(scope="module")
def marks(server: Server) -> None:
    """What DAGs leave in Airflow's database: the marks of a sensor and of a watcher, and a mirror's last sync."""
    program = """
import json, os, sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from airflow.models.asset import AssetModel
from airflow.models.asset_state_store import AssetStateStoreModel
from airflow.utils.session import create_session
from sqlalchemy import delete
from airflow_provider_dinero.adapters.asset_state import write_copy
def mark(**ago):
    return {"until": f"{datetime.now(UTC) - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"}
with create_session() as session:
    session.execute(delete(AssetStateStoreModel))
    session.execute(delete(AssetModel))
    for name, key, by, value in (
        ("dinero://shop_00/invoices", "100001.orders.changes", "task", mark(minutes=7)),
        ("new_contacts", "100001.contacts.1f2e3d4c", "watcher", mark(hours=3)),
        ("switched", "100001.switched", "task", {"__airflow_state_ref__": "s3://bucket/x"}),
    ):
        asset = AssetModel(name=name, uri=name)
        session.add(asset)
        session.flush()
        told = {"last_updated_by_kind": by, "last_updated_by_dag_id": "orders", "last_updated_by_task_id": "changes"}
        told = told if by == "task" else {"last_updated_by_kind": by}
        session.add(AssetStateStoreModel(asset_id=asset.id, key=key, value=json.dumps(value), **told))
        if "until" in value:
            write_copy(name, key, value)
write_copy("dinero://shop_00/contacts", "100001.crm.contacts", mark(days=2))
with closing(sqlite3.connect(os.environ["AIRFLOW_HOME"] + "/airflow.db")) as database, database:
    there = {each[1]: each for each in database.execute("PRAGMA table_info(task_instance)")}
    given = {"dag_id": "nightly", "task_id": "invoices", "run_id": "r", "operator": "DineroToSqlOperator",
             "state": "success", "end_date": f"{datetime.now(UTC) - timedelta(hours=5):%Y-%m-%d %H:%M:%S.%f}"}
    needed = {name: 0 if "INT" in each[2] else "0" * 32 for name, each in there.items() if each[3] and not each[4]}
    row = {**needed, **given}
    named = ", ".join(f":{each}" for each in row)
    database.execute("DELETE FROM task_instance")
    database.execute(f"INSERT INTO task_instance ({', '.join(row)}) VALUES ({named})", row)
"""
    environment = {**os.environ, **server.settings}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_login_on_the_way_leads_back_to_the_page(server: Server, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{server.page}/")
    log_in(page, "vera")
    page.wait_for_url(f"{server.page}/")
    page.get_by_text("You are not allowed to edit connections").wait_for()
    photograph(page, "refused")


def test_other_sites_can_neither_frame_the_page_nor_press_its_buttons(server: Server, browser: Any) -> None:
    server.connection("shop", organization_id="100001")
    server.session("ida").connect("shop")
    page = browser.new_page()
    page.goto(f"{server.url}/")
    log_in(page, "ida")
    page.get_by_role("button", name="Admin").wait_for()
    seal = server.session("olga").seal()  # its author may have their own
    other = f"""<iframe src="{server.page}/"></iframe>
        <form method="post" action="{server.page}/disconnect">
        <input name="seal" value="{seal}"><input name="conn_id" value="shop"><button>Win!</button></form>"""
    page.route("http://127.0.0.1:9/", lambda route: route.fulfill(body=other, content_type="text/html"))
    page.goto("http://127.0.0.1:9/")
    assert "Dinero connections" not in page.frames[1].content()
    page.get_by_role("button", name="Win!").click()
    page.get_by_text("This form is not from this page").wait_for()
    page.goto(f"{server.page}/")
    assert page.get_by_role("region", name="shop").get_attribute("data-state") == "given"
