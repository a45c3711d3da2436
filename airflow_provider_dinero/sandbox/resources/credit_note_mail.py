"""E-mails with a credit note."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.resources import mail
from airflow_provider_dinero.sandbox.resources.credit_notes import KIND, ONE
from airflow_provider_dinero.sandbox.resources.invoice_mail import language, sent
from airflow_provider_dinero.sandbox.resources.sales_vouchers import check_booked, check_change, existing, touch

resource = Resource()


@resource.operation("GET", ONE + "/email/template")
def template(call: Call) -> Response:
    """Return the default text of an e-mail."""
    row = existing(call, KIND)
    return answer(project("MailoutTemplateReadModel", mail.defaults(call, row, language(row), mail.CREDIT_NOTE)))


@resource.operation("POST", ONE + "/email")
def send(call: Call) -> Response:
    """E-mail a booked credit note."""
    row, body = existing(call, KIND), call.body("ApiMailoutModel", optional=True)
    check_change(row, body["Timestamp"])
    check_booked(row)
    response = mail.send(call, row, language(row), mail.CREDIT_NOTE, body)
    touch(call, row, sent(mail.CREDIT_NOTE.type), "mailout")
    return response


@resource.operation("GET", ONE + "/mailouts")
def mailouts(call: Call) -> Response:
    """List what was sent of a credit note."""
    return mail.mailouts(call, existing(call, KIND)["guid"])
