"""The connection form in Airflow's pages, as an admin fills it in: save, test, edit, test again, use."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser import CHROMIUM, WIDE, add_connection, chromium, fill

from airflow_provider_dinero.sandbox.seed_data import connection
from tests.deployment import Deployment

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")


@pytest.fixture
def page() -> Iterator[Any]:
    with chromium() as browser:
        yield browser.new_page(viewport=WIDE)


def press_test(page: Any, conn_id: str) -> Any:
    """Press the Test button of a connection."""
    page.get_by_role("row").filter(has_text=conn_id).get_by_role("button", name="Test Connection").click()
    return page


def edited(page: Any, conn_id: str, **fields: str) -> None:
    page.get_by_role("row").filter(has_text=conn_id).get_by_role("button", name="Edit Connection").click()
    form = page.get_by_role("dialog")
    fill(form, fields)
    saved(form)


def saved(form: Any) -> None:
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="hidden")


def test_from_an_empty_form_to_a_task_that_uses_it(deployment: Deployment, page: Any) -> None:
    given = connection(deployment.sandbox)
    fields = {
        "API address": deployment.sandbox,
        "Client ID": given["login"],
        "Client secret": given["password"],
        "Port": "443",
        "Organization": "100001",
        "API key": given["extra"]["api_key"],
        "Authorization address": deployment.sandbox,
        "Requests a minute": "10000",  # other tests use up what is the default
    }
    saved(add_connection(page, deployment.airflow.url, "typed", fields))
    press_test(page, "typed").get_by_text("Nørrebro Cykler ApS (100001), subscription Pro.").wait_for()

    edited(page, "typed", Organization="4711")
    press_test(page, "typed").get_by_text("don't reach organization 4711. They reach: 100001").first.wait_for()

    # What was not touched is kept, the secrets too, which the form doesn't show.
    edited(page, "typed", Organization="100001", **{"Requests a minute": "9000"})
    page.reload()
    press_test(page, "typed").get_by_text("Nørrebro Cykler ApS (100001), subscription Pro.").wait_for()
    page.close()  # it would ask Airflow again and again
    ended = deployment.run("any_connection", connection="typed")
    assert [each["Name"] for each in deployment.returned(ended["organizations", -1])] == ["Nørrebro Cykler ApS"]
