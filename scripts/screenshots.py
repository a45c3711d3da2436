"""Takes the pictures for the docs, of a real Airflow and a sandbox (`make screenshots`)."""

import json
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from browser import CHROMIUM, WIDE, add_connection, chromium, fill
from local import BIN, ROOT, Airflow, airflow, connection, sandbox

IMAGES = ROOT / "docs" / "images"
MONTH = "2007-02"
LOADING = ".chakra-skeleton"  # what Airflow shows while it is loading


def main() -> None:
    """Take all pictures."""
    if CHROMIUM is None:
        sys.exit("Chromium is not installed (apt-get install chromium)")
    folder = ROOT / ".airflow" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    IMAGES.mkdir(exist_ok=True)
    with sandbox(folder) as box:
        given = {
            "AIRFLOW_CONN_DINERO_DEFAULT": connection(box),
            "AIRFLOW_CONN_DINERO_VISMA": connection(box, "visma_connect"),
        }
        with airflow(folder / "home", ROOT / "example_dags", **given) as running, chromium() as browser:
            page = browser.new_page(viewport=WIDE)
            form(page, running.url, box)
            consent(page, running, box)
            orders(page, running)
            approval(page, running)
            page.goto(f"{box}/")
            take(page, "sandbox")
            docs(page)


def take(page: Any, name: str, folder: Path = IMAGES, height: int | None = None) -> None:
    """Take a picture of a page once everything on it is loaded.

    :param page: a page of a browser
    :param name: str, name of the picture
    :param folder: Path; default the docs'
    :param height: int, how many pixels from the top the picture shows; default the whole window
    :raises playwright.sync_api.TimeoutError: the page is still loading after 30 seconds
    """
    page.wait_for_timeout(1500)  # for content that fades in
    page.wait_for_function("selector => !document.querySelector(selector)", arg=LOADING)
    clip = height and {"x": 0, "y": 0, "width": WIDE["width"], "height": height}
    page.screenshot(path=folder / f"{name}.png", clip=clip)
    print((folder / f"{name}.png").relative_to(ROOT), flush=True)


def form(page: Any, url: str, box: str) -> None:
    """Take pictures of the completed connection form, and of the result of the Test button.

    :param page: a page of a browser
    :param url: str, Airflow's address
    :param box: str, the sandbox's address
    """
    given = json.loads(connection(box))
    standard = {"Client ID": given["login"], "Client secret": given["password"], "Port": "443"}
    ours = {"Organization": str(given["extra"]["organization_id"]), "API key": given["extra"]["api_key"]}
    page.set_viewport_size({**WIDE, "height": 1000})
    dialog = add_connection(page, url, "shop", standard)
    take(page, "form-standard")
    fill(dialog, {"API address": given["host"], **ours})
    take(page, "form")
    fill(dialog, {"Authorization address": box})
    take(page, "form-advanced")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="hidden")
    page.reload()
    page.set_viewport_size({"width": WIDE["width"], "height": 420})
    page.get_by_role("button", name="Test Connection").first.click()
    page.get_by_text("subscription Pro").wait_for()
    take(page, "form-tested")
    page.set_viewport_size(WIDE)


def consent(page: Any, running: Airflow, box: str) -> None:
    """Take a picture of the Dinero page in Airflow.

    :param page: a page of a browser
    :param running: Airflow
    :param box: str, the sandbox's address
    """
    made = json.loads(connection(box, "visma_connect"))
    made["extra"] = json.dumps({**made["extra"], "refresh_token": None})
    running.call("POST", "/connections", json={"connection_id": "customers", **made})
    page.goto(f"{running.url}/dinero/")
    take(page, "consent-page")


def orders(page: Any, running: Airflow) -> None:
    """Take pictures of the main example's grid, and of a task with the button that leads to Dinero.

    :param page: a page of a browser
    :param running: Airflow
    """
    runs = {}
    for dag, conf in {"dinero_shop_orders": {"month": MONTH}, "dinero_public_einvoice": {}}.items():
        runs[dag] = f"{running.url}/dags/{dag}/runs/{(run := running.trigger(dag, **conf))}"
        for _ in running.follow(dag, run):
            pass
    page.goto(runs["dinero_shop_orders"])
    page.get_by_role("heading", name="Task Instances").wait_for()
    take(page, "grid", height=560)
    page.goto(f"{runs['dinero_public_einvoice']}/tasks/invoice/details")
    page.get_by_role("link", name="Dinero", exact=True).wait_for()
    take(page, "extra-link")


def approval(page: Any, running: Airflow) -> None:
    """Take a picture of the question that a person is asked before invoices are booked.

    :param page: a page of a browser
    :param running: Airflow
    """
    dag = "dinero_approval"
    run = running.trigger(dag)
    place = f"/dags/{dag}/dagRuns/{run}/taskInstances/approve"
    for _ in range(120):
        if running.call("GET", place)["state"] == "awaiting_input":
            break
        page.wait_for_timeout(1000)
    page.goto(f"{running.url}/dags/{dag}/runs/{run}/tasks/approve/required_actions")
    take(page, "approval")


def docs(page: Any) -> None:
    """Take a picture of the docs' start page, for a check by eye.

    :param page: a page of a browser
    """
    subprocess.run([BIN / "mkdocs", "build", "--quiet", "--no-strict"], cwd=ROOT, check=True)
    handler = partial(SimpleHTTPRequestHandler, directory=ROOT / ".airflow" / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        take(page, "docs", ROOT / ".airflow" / "screenshots")
        server.shutdown()


if __name__ == "__main__":
    main()
