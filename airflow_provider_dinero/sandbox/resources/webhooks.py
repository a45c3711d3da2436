"""Webhooks: subscriptions are stored, but never called.

Undocumented: the ids of events and the shape of both lists are the sandbox's own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.errors import ApiError, invalid
from airflow_provider_dinero.sandbox.seed_data import CLIENTS

PATH = "/v1/{organizationId}/webhooks"
ENTRIES = "entries.created"
EVENTS = {
    "invoice.created": "An invoice was created",
    "invoice.booked": "An invoice was booked",
    "invoice.paid": "An invoice was paid",
    "contact.created": "A contact was created",
    "contact.updated": "A contact was changed",
    ENTRIES: "Entries were booked",
}

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS webhooks (
        organization INTEGER, client TEXT, event TEXT, uri TEXT, PRIMARY KEY (organization, client, event)
    );
    """
)


@resource.operation("GET", PATH + "/events")
def events(call: Call) -> Response:
    """List the events."""
    return answer([{"EventId": event, "Description": text} for event, text in EVENTS.items()])


@resource.operation("GET", PATH + "/subscriptions")
def subscriptions(call: Call) -> Response:
    """List the subscriptions of the caller's application."""
    sql = "SELECT event, uri FROM webhooks WHERE organization = ? AND client = ? ORDER BY rowid"
    rows = call.store.execute(sql, [call.organization, call.client_id])
    return answer([{"EventId": row["event"], "Uri": row["uri"]} for row in rows])


@resource.operation("POST", PATH + "/subscribe")
def subscribe(call: Call) -> Response:
    """Subscribe. An event has one subscription: a second one replaces the first."""
    body = call.body("SubscribeToWebhookModel")
    event, uri = body["EventId"] or "", body["Uri"] or ""
    if event not in EVENTS:
        raise invalid("EventId", f"Unknown event {event}.")
    try:
        parts = urlsplit(uri)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname:
        raise invalid("Uri", "Must be an https address.")
    if event == ENTRIES and CLIENTS[call.client_id or ""].grant == "personal_integration":
        raise ApiError(41, status=403)
    call.store.execute(
        "INSERT INTO webhooks VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET uri = excluded.uri",
        [call.organization, call.client_id, event, uri],
    )
    return empty()


@resource.operation("DELETE", PATH + "/unsubscribe")
def unsubscribe(call: Call) -> Response:
    """Remove the subscription of an event."""
    event = call.body("UnsubscribeFromWebhookModel")["EventId"]
    deleted = call.store.execute(
        "DELETE FROM webhooks WHERE organization = ? AND client = ? AND event = ?",
        [call.organization, call.client_id, event],
    )
    if not deleted.rowcount:
        raise ApiError(40, status=404)
    return empty()
