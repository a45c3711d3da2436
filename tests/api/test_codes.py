"""Each of Dinero's codes raises the class of the table, with Dinero's own words and the advice."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.codes import CODES
from tests.faulty import Faults, before

KINDS = {
    errors.DineroNotFound: {40, 47, 63, 86},
    errors.DineroForbidden: {41, 48, 89, 90},
    errors.DineroStaleTimestamp: {58, 71},
    errors.DineroDuplicate: {72},
    errors.DineroUnavailable: {50, 70},
    errors.DineroOutcomeUnknown: {73},
}


@pytest.fixture(scope="module")
def faults() -> Iterator[Faults]:
    with before("http://127.0.0.1:9") as proxy:
        proxy.answer["POST /token"] = [(200, {}, b'{"access_token": "t", "expires_in": 3600}')] * 1000
        yield proxy


@pytest.mark.parametrize("code", range(40, 91))
def test_a_code_raises_its_class(make_client: Any, faults: Faults, code: int) -> None:
    words = f"Dinero's words for {code}"
    # Dinero repeats its message among the reasons.
    body = {"code": code, "message": words, "validationErrors": {"message": words, "Name": "too long"}}
    faults.answer["GET /contacts"] = [(400, {"Content-Type": "application/json"}, json.dumps(body).encode())]
    kind = next((kind for kind, codes in KINDS.items() if code in codes), errors.DineroInvalidRequest)
    with pytest.raises(errors.DineroError) as raised:
        list(make_client(base_url=faults.url, grant=grant(faults)).contacts.list())
    assert type(raised.value) is kind
    text = str(raised.value)
    assert f"code {code}: Dinero's words for {code} (Name: too long)." in text
    assert text.endswith(CODES[code].advice)
    assert text.startswith("Dinero refused GET /v1/100001/contacts with HTTP 400")


BODIES: dict[str, tuple[int, bytes, type[errors.DineroError], str]] = {
    "html": (404, b"<html><body>404</body></html>", errors.DineroUnexpectedAnswer, "HTTP 404, an HTML page"),
    "plain string": (400, b'"The file is broken"', errors.DineroInvalidRequest, "The file is broken"),
    "asp.net": (400, b'{"title": "One or more errors"}', errors.DineroInvalidRequest, "One or more errors"),
    "list only": (
        400,
        b'{"code": 42, "message": "x", "errorMessageList": [{"Code": "Name", "Message": "is bad"}]}',
        errors.DineroInvalidRequest,
        "Name: is bad",
    ),
    "empty": (403, b"", errors.DineroForbidden, "HTTP 403"),
    "code as text": (400, b'{"code": "soon", "message": null}', errors.DineroInvalidRequest, "HTTP 400"),
}


@pytest.mark.parametrize("name", BODIES)
def test_other_bodies_are_read_leniently(make_client: Any, faults: Faults, name: str) -> None:
    status, content, kind, text = BODIES[name]
    headers = {"Content-Type": "text/html" if content.startswith(b"<") else "application/json"}
    faults.answer["GET /contacts"] = [(status, headers, content)] * 4
    client = make_client(base_url=faults.url, grant=grant(faults), sleep=lambda seconds: None)
    with pytest.raises(kind, match=text):
        list(client.contacts.list())


def grant(faults: Faults) -> Any:
    from airflow_provider_dinero.api import PersonalIntegration

    return PersonalIntegration("id", "secret", "key", faults.url)
