"""The state of account of a contact: what was invoiced and what was paid."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow_provider_dinero.api.operations import NOWHERE, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, optional
from airflow_provider_dinero.api.resources.documents import PDF

_ONE = "/v1/{organizationId}/state-of-account/{guid}"
_GET = Operation("GET", _ONE)
_PDF = Operation("GET", f"{_ONE}/pdf")
_EMAIL = Operation("POST", f"{_ONE}/email", Repeat.BARE, body="ContactStateOfAccountMailoutModel", lost=NOWHERE)


class StateOfAccount(Resource):
    """The state of account of a contact."""

    @_GET.performed_by
    def get(
        self,
        contact_guid: str,
        *,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        hide_closed: bool = False,
    ) -> Row:
        """Return a contact's income, expenses and entries (`GET /v1/{organizationId}/state-of-account/{guid}`).

        :param contact_guid: str
        :param from_date: date or YYYY-MM-DD; default all time
        :param to_date: date or YYYY-MM-DD
        :param hide_closed: bool, whether to leave out what is paid; default False
        :return: dict, amounts as Decimal
        """
        return self._object(_GET, {"guid": contact_guid}, query=_period(from_date, to_date, hide_closed=hide_closed))

    @_PDF.performed_by
    def pdf(
        self,
        contact_guid: str,
        *,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        hide_closed: bool = False,
    ) -> bytes:
        """Return the state of account as a PDF (`GET /v1/{organizationId}/state-of-account/{guid}/pdf`).

        :param contact_guid: str
        :param from_date: date or YYYY-MM-DD; default all time
        :param to_date: date or YYYY-MM-DD
        :param hide_closed: bool, whether to leave out what is paid; default False
        """
        query = _period(from_date, to_date, hide_closed=hide_closed)
        return self.session.send(_PDF, {"guid": contact_guid}, query=query, accept=PDF).content

    @_EMAIL.performed_by
    def email(self, contact_guid: str, body: Mapping[str, Any] | None = None) -> None:
        """E-mail the state of account, again at each call (`POST /v1/{organizationId}/state-of-account/{guid}/email`).

        :param contact_guid: str
        :param body: mapping like ContactStateOfAccountMailoutModel; default: to the contact, no copy, all entries
        :raises DineroOutcomeUnknown: the response was lost, and Dinero doesn't show whether it was sent
        """
        self.session.send(
            _EMAIL, {"guid": contact_guid}, body={"CCToSender": False, "HideClosed": False, **(body or {})}
        )


def _period(from_date: date | str | None, to_date: date | str | None, *, hide_closed: bool) -> dict[str, str | None]:
    return optional(**{"from": from_date, "to": to_date, "hideClosed": hide_closed})
