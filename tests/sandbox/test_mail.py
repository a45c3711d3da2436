from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dinero.sandbox.server import running

from .conftest import Caller, Clock, Draft, line, personal_token


def test_email_goes_to_the_outbox(call: Caller, clock: Clock, booked: Draft) -> None:
    invoice = booked()
    path = f"/invoices/{invoice['Guid']}"
    clock.forward(seconds=4)
    sent = call("POST", f"{path}/email")
    assert sent == {"Recipients": [{"Email": "bogholderi@cykelbud.example"}]}
    (mail,) = call.sandbox.outbox()
    expected = {
        "organization": 100001,
        "invoice": invoice["Guid"],
        "number": 1,
        "contact_name": "Aarhus Cykelbud ApS",
        "to": "bogholderi@cykelbud.example",
        "subject": "Faktura 1",
        "total": 125.0,
        "time": "2026-03-10T12:00:04.000",
    }
    assert {key: mail[key] for key in expected} == expected
    assert "[link-to-pdf]" in mail["message"]
    after = call("GET", path)
    assert (after["MailOutStatus"], after["LatestMailOutType"]) == ("Sent", "Mailout")
    assert (after["UpdatedAt"], after["TimeStamp"]) == ("2026-03-10T12:00:04.000", invoice["TimeStamp"])


def test_email_with_everything_chosen(call: Caller, booked: Draft) -> None:
    invoice = booked()
    body = {
        "Timestamp": invoice["TimeStamp"],
        "Receiver": "a@b.example, c@d.example",
        "Subject": "Regning",
        "Message": "Se [link-to-pdf]",
        "CcToSender": True,
    }
    sent = call("POST", f"/invoices/{invoice['Guid']}/email", json=body)
    assert sent == {"Recipients": [{"Email": "a@b.example"}, {"Email": "c@d.example"}]}
    (mailout,) = call("GET", f"/invoices/{invoice['Guid']}/mailouts")
    assert (mailout["Receiver"], mailout["Subject"]) == ("a@b.example,c@d.example", "Regning")
    assert (mailout["Message"], mailout["CCToSender"], mailout["Status"]) == ("Se [link-to-pdf]", True, "Sent")


@pytest.mark.parametrize(
    ("body", "code"),
    [({"Timestamp": "0" * 16}, 58), ({"Message": "no link"}, 42), ({"Receiver": "nobody"}, 49)],
)
def test_refused_email_sends_nothing(call: Caller, booked: Draft, body: dict[str, Any], code: int) -> None:
    invoice = booked()
    path = f"/invoices/{invoice['Guid']}"
    assert call.code("POST", f"{path}/email", json=body) == code
    assert call.sandbox.outbox() == []
    assert call("GET", path) == invoice


def test_draft_is_59_and_deleted_is_65(call: Caller, draft: Draft) -> None:
    path = f"/invoices/{draft()['Guid']}"
    assert call.code("POST", f"{path}/email", json={}) == 59
    call("DELETE", path)
    assert call.code("POST", f"{path}/email", json={}) == 65


def test_no_receiver_is_55(call: Caller, booked: Draft, contact: str) -> None:
    call("PUT", f"/contacts/{contact}", version="v2", json={"Name": "Bo", "CountryKey": "DK"})
    path = f"/invoices/{booked()['Guid']}/email"
    assert call.code("POST", path, json={}) == 55
    assert call("POST", path, json={"Receiver": "bo@example.dk"}) == {"Recipients": [{"Email": "bo@example.dk"}]}


def test_template(call: Caller, booked: Draft) -> None:
    template = call("GET", f"/invoices/{booked(Language='en-GB')['Guid']}/email/template", version="v2")
    assert (template["Subject"], template["Receiver"]) == ("Invoice 1", "bogholderi@cykelbud.example")
    assert (template["Sender"], template["SendAsSms"]) == ("kontor@norrebro-cykler.example", False)
    assert "[link-to-pdf]" in template["Message"]


def test_mailouts_after_an_instant(call: Caller, clock: Clock, booked: Draft) -> None:
    path = f"/invoices/{booked()['Guid']}"
    call("POST", f"{path}/email")
    clock.forward(seconds=10)
    call("POST", f"{path}/email")
    since = {"changesSince": "2026-03-10T12:00:00Z"}
    # "After": the first one, sent at 12:00:00.000, is left out.
    assert [item["Id"] for item in call("GET", f"{path}/mailouts")] == [1, 2]
    assert [item["Id"] for item in call("GET", f"{path}/mailouts", params=since)] == [2]
    assert call.code("GET", f"{path}/mailouts", params={"changesSince": "yesterday"}) == 44


def test_new_timestamp_after_an_email_is_a_switch() -> None:
    with running(mailout_bumps_timestamp=True) as sandbox:
        call = Caller(sandbox, personal_token(sandbox))
        with call.session:
            contact = call("POST", "/contacts", json={"Name": "Bo", "CountryKey": "DK", "Email": "a@b.example"})
            created = call("POST", "/invoices", json={**contact, "ProductLines": [line()]})
            path = f"/invoices/{created['Guid']}"
            invoice = call("POST", f"{path}/book", json={"Timestamp": created["TimeStamp"]})
            body = {"Timestamp": invoice["TimeStamp"]}
            call("POST", f"{path}/email", json=body)
            assert call("GET", path)["TimeStamp"] > invoice["TimeStamp"]
            assert call.code("POST", f"{path}/email", json=body) == 58
