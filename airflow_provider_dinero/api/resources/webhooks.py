"""Webhooks. Their content is undocumented: prefer polling with changes."""

from typing import Any

from airflow_provider_dinero.api.errors import DineroNotFound
from airflow_provider_dinero.api.operations import SAME_AGAIN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, guarded

_SUBSCRIBE = Operation(
    "POST",
    "/v1/{organizationId}/webhooks/subscribe",
    Repeat.KEYED,
    body="SubscribeToWebhookModel",
    lost=Lost("an organization has only one subscription for each event", *SAME_AGAIN[1:]),
)
_UNSUBSCRIBE = Operation(
    "DELETE",
    "/v1/{organizationId}/webhooks/unsubscribe",
    Repeat.KEYED,
    body="UnsubscribeFromWebhookModel",
    lost=SAME_AGAIN._replace(look_up="(no check is needed: an unknown subscription has ended)"),
)
_SUBSCRIPTIONS = Operation("GET", "/v1/{organizationId}/webhooks/subscriptions")
_EVENTS = Operation("GET", "/v1/{organizationId}/webhooks/events")


class Webhooks(Resource):
    """Subscriptions to events."""

    @_SUBSCRIBE.performed_by
    def subscribe(self, event_id: str, uri: str) -> None:
        """Subscribe an address to an event (`POST /v1/{organizationId}/webhooks/subscribe`).

        :param event_id: str, one that `events` names
        :param uri: str, an https address
        """
        self.session.send(_SUBSCRIBE, body={"EventId": event_id, "Uri": uri})

    @_UNSUBSCRIBE.performed_by
    @guarded
    def unsubscribe(self, event_id: str) -> None:
        """End the subscription to an event (`DELETE /v1/{organizationId}/webhooks/unsubscribe`).

        :param event_id: str
        """
        try:
            self.session.send(_UNSUBSCRIBE, body={"EventId": event_id})
        except DineroNotFound as error:
            if not error.lost:  # otherwise the attempt whose response was lost has ended it
                raise

    @_SUBSCRIPTIONS.performed_by
    def subscriptions(self) -> Any:
        """Return the subscriptions (`GET /v1/{organizationId}/webhooks/subscriptions`), in an undocumented form."""
        return self.session.json(_SUBSCRIPTIONS)

    @_EVENTS.performed_by
    def events(self) -> Any:
        """Return the events (`GET /v1/{organizationId}/webhooks/events`), in an undocumented form."""
        return self.session.json(_EVENTS)
