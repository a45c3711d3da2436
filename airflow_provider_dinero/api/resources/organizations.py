"""The organizations that the credentials reach."""

from typing import Any

from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource

_SUBSCRIPTIONS = Operation("GET", "/v1.1/organizations")


class Organizations(Resource):
    """Works without a Pro subscription and without an organization id."""

    @_SUBSCRIPTIONS.performed_by
    def subscriptions(self) -> list[dict[str, Any]]:
        """Return all organizations, each with its Subscription (`GET /v1.1/organizations`).

        :return: list of dicts with Id, Name, Subscription and more
        """
        found: list[dict[str, Any]] = self.client.json(_SUBSCRIPTIONS)
        return found
