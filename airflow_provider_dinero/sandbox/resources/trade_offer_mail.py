"""E-mails with a trade offer."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.resources import mail
from airflow_provider_dinero.sandbox.resources.invoice_mail import language, sent
from airflow_provider_dinero.sandbox.resources.trade_offers import ONE, check_change, existing, touch

resource = Resource()


@resource.operation("GET", ONE + "/email/template")
def template(call: Call) -> Response:
    """Return the default text of an e-mail."""
    row = existing(call)
    return answer(project("MailoutTemplateReadModel", mail.defaults(call, row, language(row), mail.TRADE_OFFER)))


@resource.operation("POST", ONE + "/email")
def send(call: Call) -> Response:
    """E-mail an offer, whatever its status."""
    row, body = existing(call), call.body("ApiMailoutModel", optional=True)
    check_change(row, body["Timestamp"])
    response = mail.send(call, row, language(row), mail.TRADE_OFFER, body)
    touch(call, row, sent(mail.TRADE_OFFER.type), new_version=call.settings.mailout_bumps_timestamp)
    return response


@resource.operation("GET", ONE + "/mailouts")
def mailouts(call: Call) -> Response:
    """List what was sent of an offer."""
    return mail.mailouts(call, existing(call)["guid"])
