"""The listener that waits for the browser on this machine."""

import socket
from typing import Any

import pytest
import requests
from local import free_port

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.consent.listener import Listener

ANSWER = {"state": "right", "code": "c0de"}


def listener(uri: str) -> Listener:
    return Listener(uri, lambda fields: fields.get("state") == "right")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_answer_is_taken_and_the_browser_led_away_from_it(method: str, host: str, capfd: Any) -> None:
    port = free_port()
    given = {"params": ANSWER} if method == "GET" else {"data": ANSWER}
    with listener(f"http://localhost:{port}/callback") as waiting:
        page = requests.request(method, f"http://{host}:{port}/callback", timeout=5, **given)  # type: ignore[arg-type]
        assert waiting.wait(1) == ANSWER
    assert "You can close this window" in page.text
    assert [each.status_code for each in (*page.history, page)] == [303, 200]
    assert "c0de" not in page.text + page.url
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert capfd.readouterr() == ("", "")


def test_whatever_else_comes_is_passed_over() -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    with listener(uri) as waiting:
        port = int(uri.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)):  # a connection that a browser opens ahead
            statuses = [
                requests.get(uri.replace("callback", "favicon.ico"), timeout=5).status_code,
                requests.get(uri, params={"state": "wrong", "code": "theirs"}, timeout=5).status_code,
                requests.post(uri, data={"state": "wrong", "error": "access_denied"}, timeout=5).status_code,
                requests.post(uri, data="x" * 70_000, timeout=5).status_code,
                requests.get(uri, timeout=5).status_code,
                requests.put(uri, timeout=5).status_code,
            ]
            assert statuses == [404, 400, 400, 404, 400, 501]
            requests.get(uri, params=ANSWER, timeout=5)
            assert waiting.wait(1) == ANSWER


def test_nobody_waits_for_ever() -> None:
    with (
        listener(f"http://127.0.0.1:{free_port()}/callback") as waiting,
        pytest.raises(DineroConfigurationError, match="--paste"),
    ):
        waiting.wait(0.1)


def test_a_port_in_use_is_told_and_another_is_free_afterwards() -> None:
    uri = f"http://localhost:{free_port()}/callback"
    with listener(uri), pytest.raises(DineroConfigurationError, match="--redirect-uri; or use --paste"):
        listener(uri)
    with listener(uri):
        pass


@pytest.mark.parametrize(
    "uri",
    [
        "https://localhost:8766/callback",
        "http://airflow.example/callback",
        "http://localhost:8766/callback?a=b",
        "http://localhost:many/",
        "callback",
    ],
)
def test_an_address_elsewhere_is_refused(uri: str) -> None:
    with pytest.raises(DineroConfigurationError, match=r"is not an address of this machine\. Use --paste"):
        listener(uri)
