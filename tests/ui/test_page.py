"""The page without a browser: who may use it, and what others try with it."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from tests.ui.conftest import PASSWORDS, Server, Session, consent

GET = ("/", "/callback", "/organization?conn_id=shop")
POST = ("/connect", "/disconnect", "/organization")


@pytest.fixture
def shop(server: Server) -> Server:
    """The server, with one connection that nobody has consented to yet."""
    server.connection("shop", organization_id="100001")
    return server


@pytest.mark.parametrize("path", GET)
def test_who_is_not_logged_in_is_led_to_the_login_and_back(shop: Server, path: str) -> None:
    response = Session(shop).go("GET", path)
    login = requests.compat.urljoin(f"{shop.page}{path}", response.headers["Location"])
    led = requests.get(login, allow_redirects=False, timeout=30)
    assert (response.status_code, led.status_code) == (303, 307)
    assert parse_qs(urlsplit(led.headers["Location"]).query)["next"] == [shop.page + path.partition("?")[0]]


@pytest.mark.parametrize("path", POST)
def test_forms_need_a_login(shop: Server, path: str) -> None:
    form = {"seal": shop.session("ida").seal(), "conn_id": "shop", "organization": "100001"}
    assert Session(shop).go("POST", path, data=form).status_code == 401


def test_who_may_not_edit_connections_may_do_nothing_here(shop: Server) -> None:
    viewer, form = shop.session("vera"), {"seal": shop.session("ida").seal(), "conn_id": "shop"}
    answers = [viewer.go("GET", path) for path in GET] + [viewer.go("POST", path, data=form) for path in POST]
    assert [each.status_code for each in answers] == [403] * 6
    assert "You are not allowed to edit connections" in answers[0].text
    assert not any("shop" in each.text or "isv_" in each.text for each in answers)


def test_who_may_edit_connections_sees_how_they_stand(shop: Server) -> None:
    shop.connection("own_company", grant="personal_integration", api_key="sandbox-api-key", organization_id="100001")
    shop.connection("unfinished", requests_per_minute="many")
    text = shop.session("olga").text()
    assert "shop not connected Grant Visma Connect Organization 100001 Access token none yet" in text
    assert "own_company API key Grant Personal integration" in text
    assert "Nobody, if client ID, client secret and API key are right. The connection's Test button tries them." in text
    assert "unfinished incomplete" in text
    assert "Somebody who edits connections: The connection's requests_per_minute is not a number." in text


def test_a_form_counts_only_for_whom_it_was_shown_to(shop: Server) -> None:
    ida, olga = shop.session("ida"), shop.session("olga")
    ida.connect("shop")
    cookies = [value for name, value in olga.cookies.items() if name.startswith("dinero")]
    olga.begin("shop")
    cookies += [value for name, value in olga.cookies.items() if name.startswith("dinero")]
    for seal in ("", "made up", ida.seal(), *cookies):
        for path in POST:
            form = {"seal": seal, "conn_id": "shop", "organization": "100001"}
            assert olga.go("POST", path, data=form).status_code == 403
    assert "shop connected" in ida.text()


def test_consent_makes_the_connection_work(shop: Server) -> None:
    ida = shop.session("ida")
    ida.connect("shop")
    assert "shop is connected. It reaches Nørrebro Cykler ApS (100001), Østerbro Blomster (100002)." in ida.text()
    text = ida.text()
    assert "It reaches" not in text  # shown once
    assert "shop connected Grant Visma Connect Organization 100001 Access token expires in 5" in text
    assert "Nobody: tasks renew the token." in text
    assert not [each.name for each in ida.cookies if each.name.startswith("dinero")]


def test_where_there_are_several_organizations_the_person_chooses(shop: Server) -> None:
    shop.connection("which")
    ida = shop.session("ida")
    asked = ida.arrive(consent(ida.begin("which")))
    assert asked.headers["Location"] == "organization?conn_id=which"
    assert "Nørrebro Cykler ApS 100001 Østerbro Blomster 100002, no Pro" in ida.text("/" + asked.headers["Location"])
    text = ida.text()
    assert "which no organization Grant Visma Connect Organization –" in text
    assert "Somebody must choose its organization: press Choose the organization, or run airflow dinero" in text
    assert ida.press("/organization", conn_id="which", organization="4711").headers["Location"] == "./"
    assert "don't reach organization 4711" in ida.text()
    ida.press("/organization", conn_id="which", organization="100001")
    assert "which now uses organization 100001." in ida.text()
    assert "which connected Grant Visma Connect Organization 100001" in ida.text()


def test_an_answer_counts_only_in_the_browser_that_asked(shop: Server) -> None:
    ida, olga = shop.session("ida"), shop.session("olga")
    answer = consent(olga.begin("shop"))
    ida.begin("shop")
    for other in (ida, shop.session("olga")):  # another user, and another browser of the same user
        assert other.arrive(answer).status_code == 400
    stolen = shop.session("ida")
    stolen.cookies.update({name: value for name, value in olga.cookies.items() if name.startswith("dinero")})
    refused = stolen.arrive(answer)
    assert refused.status_code == 400
    assert "Nothing was changed" in refused.text
    assert "shop not connected" in ida.text()
    assert olga.arrive(answer).status_code == 303


def test_an_answer_counts_once_and_a_made_up_one_never(shop: Server) -> None:
    ida = shop.session("ida")
    answer = consent(ida.begin("shop"))
    for made_up in ({}, {"code": answer["code"]}, {**answer, "state": "x"}, {**answer, "state": ""}):
        assert ida.arrive(made_up).status_code == 400
    assert ida.arrive(answer).status_code == 303
    assert ida.arrive(answer).status_code == 400
    assert ida.go("GET", "/callback").status_code == 400
    assert "shop connected" in ida.text()


def test_a_reload_while_visma_is_slow_exchanges_the_code_once(shop: Server) -> None:
    """Two workers of the API server get the same answer; the code of one that comes twice ends the consent."""
    ida = shop.session("ida")
    answer = consent(ida.begin("shop"))
    faults = f"{shop.sandbox}/_sandbox/faults"
    requests.post(
        faults,
        json={"effect": "delay", "path": "/connect/token", "seconds": 1, "times": 1},
        headers=CONTROL,
        timeout=10,
    )
    arrived = requests.post(f"{shop.page}/callback", data=answer, allow_redirects=False, timeout=30)
    ida.cookies.update(arrived.cookies)
    asked = {"headers": {"Cookie": "; ".join(f"{each.name}={each.value}" for each in ida.cookies)}}
    requests.delete(f"{shop.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10)
    with ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(lambda _: Session(shop).go("GET", "/callback", **asked), range(3)))
    assert [each.status_code for each in pages] == [303] * 3
    sent = requests.get(f"{shop.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10).json()
    assert [each["status"] for each in sent if each["path"] == "/connect/token"] == [200]
    ida.cookies.update(pages[-1].cookies)
    assert "shop is connected. It reaches" in ida.text()
    requests.post(
        f"{shop.sandbox}/_sandbox/clock", json={"hours": 2}, headers=CONTROL, timeout=10
    )  # the token has to be renewed
    assert shop.airflow("dinero", "organizations", "shop")[0] == 0


def test_tabs_do_not_disturb_each_other(shop: Server) -> None:
    shop.connection("second", organization_id="100001")
    ida = shop.session("ida")
    first, second = ida.begin("shop"), ida.begin("second")
    assert ida.arrive(consent(second)).status_code == 303
    assert ida.arrive(consent(first)).status_code == 303
    text = ida.text()
    assert "shop connected" in text
    assert "second connected" in text


def test_a_no_is_told(shop: Server) -> None:
    ida = shop.session("ida")
    ida.arrive(consent(ida.begin("shop"), "deny"))
    assert "Visma Connect didn't grant consent (access_denied" in ida.text()
    assert "shop not connected" in ida.text()


def test_disconnect_ends_the_consent(shop: Server) -> None:
    ida = shop.session("ida")
    ida.connect("shop")
    ida.press("/disconnect", conn_id="shop")
    assert "The consent at Visma Connect is revoked. Disconnected: shop." in ida.text()
    assert "shop not connected" in ida.text()


def test_who_did_what_is_in_the_audit_log(shop: Server) -> None:
    shop.connection("audited")
    olga = shop.session("olga")
    olga.connect("audited")
    olga.press("/organization", conn_id="audited", organization="100001")
    olga.press("/disconnect", conn_id="audited")
    ida = shop.session("ida")
    token = {"Authorization": f"Bearer {ida.cookies['_token']}"}
    params = {"limit": "3", "order_by": "-event_log_id", "event_prefix_pattern": "dinero_"}
    found = ida.get(f"{shop.url}/api/v2/eventLogs", headers=token, params=params, timeout=30).json()["event_logs"]
    assert [(each["event"], each["owner"], each["extra"]) for each in reversed(found)] == [
        (f"dinero_{step}", "olga", '{"connection_id": "audited"}')
        for step in ("connect", "choose_organization", "disconnect")
    ]


def test_a_connection_of_the_environment_is_not_reached_by_one_of_the_same_name(shop: Server) -> None:
    shop.connection("taken", organization_id="100001")
    ida = shop.session("ida")
    text = ida.text()
    assert "taken incomplete Grant – Organization – Access token none yet" in text
    told = "The environment or a secrets backend defines a connection taken too, and Airflow uses that."
    assert told in text
    requests.delete(f"{shop.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10)
    for path in POST:
        assert ida.press(path, conn_id="taken", organization="100001").headers["Location"] == "./"
        assert told in ida.text().partition("shop")[0]
    assert ida.go("GET", "/organization", params={"conn_id": "taken"}).headers["Location"] == "./"
    assert requests.get(f"{shop.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10).json() == []


def test_what_is_told_is_not_too_long_for_a_browser(shop: Server) -> None:
    ida = shop.session("ida")
    answer = consent(ida.begin("shop"))
    rows = [{"Id": number, "Name": "\N{GRINNING FACE}" * 1000, "IsPro": True} for number in (100001, 100002, 100003)]
    fault = {"effect": "status", "status": 200, "body": rows, "path": "/v1/organizations", "times": 1}
    requests.post(f"{shop.sandbox}/_sandbox/faults", json=fault, headers=CONTROL, timeout=10).raise_for_status()
    arrived = ida.arrive(answer)
    assert len(arrived.cookies["dinero_told"]) < 4000  # a browser keeps 4096 bytes, and drops what is longer
    assert "shop is connected. It reaches \N{GRINNING FACE}" in ida.text()


@pytest.mark.parametrize("conn_id", ["", "nobody", "../connect", '"><script>alert(1)</script>'])
def test_only_connections_of_the_database(shop: Server, conn_id: str) -> None:
    ida = shop.session("ida")
    for response in (
        ida.press("/connect", conn_id=conn_id),
        ida.press("/disconnect", conn_id=conn_id),
        ida.press("/organization", conn_id=conn_id, organization="100001"),
        ida.go("GET", "/organization", params={"conn_id": conn_id}),
    ):
        assert response.status_code == 404
        assert "script" not in response.text


def test_what_others_wrote_is_shown_as_text(shop: Server) -> None:
    shop.connection("markup", organization_id="<script>alert(1)</script>", requests_per_minute=None)
    ida = shop.session("ida")
    ida.arrive({**consent(ida.begin("shop"), "deny"), "error_description": "<img src=x>`<b>`"})
    page = ida.go("GET", "/").text
    assert "&lt;img src=x&gt;<code>&lt;b&gt;</code>" in page
    assert not re.search(r"<script|<img|<b>", page)


@pytest.mark.parametrize(
    ("auth_url", "told"),
    [
        ("javascript:alert(1)//", "The connection's auth_url is not an address."),
        ("//other.example", "the token endpoint is not: https://other.example"),
        ("data:text/html,<b>", "The connection's auth_url is not an address."),
        ("http://other.example", "http://other.example is refused: credentials are only sent over https."),
        ("https://connect.visma.com@other.example", "The connection's auth_url contains a user name."),
        ("https://[other.example", "The connection's auth_url is not an address."),
    ],
)
def test_connect_leads_to_an_address_of_the_web(shop: Server, auth_url: str, told: str) -> None:
    shop.connection("strange", auth_url=auth_url)
    ida = shop.session("ida")
    assert ida.press("/connect", conn_id="strange").headers["Location"] == "./"
    assert told in ida.text()


def test_one_absurd_number_is_shown_beside_the_others(shop: Server) -> None:
    shop.connection("absurd", timeout=10**300)
    ida = shop.session("ida")
    answer = ida.go("GET", "/")
    assert answer.status_code == 200
    text = ida.text()
    assert "The connection's timeout is not a number from 1 to 86400." in text
    assert "shop not connected" in text


def test_an_answer_that_names_another_server_is_refused(shop: Server) -> None:
    ida = shop.session("ida")
    ida.arrive({**consent(ida.begin("shop")), "iss": "https://other.example"})
    assert "This response is not from http://127.0.0.1:" in ida.text()
    assert "shop not connected" in ida.text()
    ida.arrive({**consent(ida.begin("shop")), "iss": shop.sandbox})
    assert "shop connected" in ida.text()


def test_an_answer_has_a_size(shop: Server) -> None:
    for size in (3000, 100_000):
        form = {"code": "x" * size, "state": "s"}
        arrived = requests.post(f"{shop.page}/callback", data=form, allow_redirects=False, timeout=30)
        assert (arrived.status_code, arrived.cookies.keys()) == (413, [])


def test_no_page_can_be_framed_or_kept(shop: Server) -> None:
    ida, nobody = shop.session("ida"), Session(shop)
    pages = [ida.go("GET", "/"), ida.press("/connect", conn_id="shop"), ida.go("GET", "/callback")]
    pages += [nobody.go("GET", "/")]
    pages += [ida.go("GET", "/organization?conn_id=nobody"), ida.go("GET", "/nowhere"), ida.go("PUT", "/")]
    for each in pages:
        assert "frame-ancestors 'none'" in each.headers["Content-Security-Policy"]
        assert "script-src" not in each.headers["Content-Security-Policy"]
        assert each.headers["X-Frame-Options"] == "DENY"
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Referrer-Policy"] == "no-referrer"


def test_cookies_are_for_this_page_alone(shop: Server) -> None:
    ida = shop.session("ida")
    set_cookie = ida.press("/connect", conn_id="shop").headers["Set-Cookie"]
    assert all(part in set_cookie for part in ("HttpOnly", "Path=/flow/dinero/", "SameSite=lax", "Max-Age=900"))


def test_nothing_secret_is_on_a_page_or_in_the_log(shop: Server) -> None:
    ida = shop.session("ida")
    answer = ida.connect("shop")
    seen = ida.go("GET", "/").text + ida.go("GET", "/").text
    log = shop.log.read_text()
    assert "path=/flow/dinero/callback" in log  # requests to the page do get into it
    secrets = [answer["code"], "sandbox-secret", *PASSWORDS.values(), *tokens(shop)]
    for secret in secrets:
        for form in (secret, secret[: len(secret) // 2]):
            assert form not in log
            assert form not in seen


def tokens(server: Server) -> list[str]:
    """The tokens that the page has got, as the CLI of Airflow shows them."""
    _, output = server.airflow("variables", "export", "-")
    found = re.findall(r'"(?:access|refresh)_token": "([^"*]+)"', output)
    assert len(found) >= 2, output
    return found
