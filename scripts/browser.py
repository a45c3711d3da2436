"""Debian's Chromium, and the steps of a person on Airflow's pages."""

import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

CHROMIUM = shutil.which("chromium")
OPTIONS = ("--no-sandbox", "--disable-background-networking")
WIDE = {"width": 1280, "height": 860}
SECTIONS = ("Dinero", "Advanced")  # of the connection form, closed at first


@contextmanager
def chromium() -> Generator[Any]:
    """Run Chromium headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        try:
            yield running
        finally:
            running.close()


def add_connection(page: Any, url: str, conn_id: str, fields: Mapping[str, str]) -> Any:
    """Open Airflow's form for a new connection, choose Dinero and fill it in; return the unsaved form.

    :param page: a page of a browser
    :param url: str, Airflow's address
    :param conn_id: str
    :param fields: mapping of label to value
    """
    page.goto(f"{url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Connection ID").fill(conn_id)
    form.get_by_role("combobox").fill("Dinero")
    page.get_by_role("option", name="Dinero", exact=True).click()
    fill(form, fields)
    return form


def fill(form: Any, fields: Mapping[str, str]) -> None:
    """Fill in fields of the connection form, whichever section they are in.

    :param form: the dialog
    :param fields: mapping of label to value
    """
    for label, value in fields.items():
        field = field_of(form, label)
        for section in SECTIONS:
            if field.is_visible():
                break
            form.get_by_role("button", name=section, exact=True).click()
            form.page.wait_for_timeout(500)
        field.fill(value)


def field_of(form: Any, label: str) -> Any:
    """Return the input beside a label.

    :param form: the dialog
    :param label: str
    """
    row = form.locator("[data-part=root][data-scope=field]").filter(has=form.page.get_by_text(label, exact=True))
    return row.locator("input").last
