"""Notes on contacts."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.lists import paged, select
from airflow_provider_dinero.sandbox.resources import contacts
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS, OWNER

ALL = "/v1/{organizationId}/contacts/{contactGuid}/notes"
ONE = ALL + "/{noteGuid}"

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS contact_notes (
        organization INTEGER, guid TEXT, contact_guid TEXT, text TEXT,
        created_at TEXT, updated_at TEXT, deleted_at TEXT, PRIMARY KEY (organization, guid)
    );
    CREATE INDEX IF NOT EXISTS contact_notes_by_contact ON contact_notes (organization, contact_guid, created_at);
    """
)


@resource.operation("GET", ALL)
def notes(call: Call) -> Response:
    """List the notes of a contact by NoteDate, newest first (the direction is undocumented)."""
    selection = select(call, "contact_notes", ALL)
    selection.restrict("contact_guid = ?", _contact(call))
    return paged(selection, ALL, "created_at DESC, rowid DESC", _model)


@resource.operation("POST", ALL)
def add_note(call: Call) -> Response:
    """Add a note. The response is the contact's guid, as documented; the list has the note's own."""
    contact, body, now = _contact(call), call.body("ContactNoteCreateModel"), call.store.now()
    key = {"organization": call.organization, "guid": str(uuid4()), "contact_guid": contact}
    call.store.insert("contact_notes", {**key, "text": body["Text"], "created_at": now, "updated_at": now})
    return answer({"ContactGuid": contact})


@resource.operation("GET", ONE)
def get_note(call: Call) -> Response:
    """Return one note, even a deleted one."""
    return answer(_model(_existing(call)))


@resource.operation("PUT", ONE)
def replace_note(call: Call) -> Response:
    """Replace the text."""
    row, body = _live(call), call.body("ContactNoteUpdateModel")
    call.store.update("contact_notes", (call.organization, row["guid"]), _now(call, text=body["Text"]))
    return empty()


@resource.operation("DELETE", ONE)
def delete_note(call: Call) -> Response:
    """Delete softly."""
    row = _live(call)
    call.store.update("contact_notes", (call.organization, row["guid"]), _now(call, deleted_at=call.store.now()))
    return empty()


def _now(call: Call, **changes: str) -> JsonObject:
    return {**changes, "updated_at": call.store.now()}


def _contact(call: Call) -> str:
    row = contacts.find(call, call.route["contactGuid"].lower())
    if row is None:
        raise ApiError(40, status=404)
    return str(row["guid"])


def _existing(call: Call) -> sqlite3.Row:
    row = call.store.one(
        "SELECT * FROM contact_notes WHERE organization = ? AND contact_guid = ? AND guid = ?",
        [call.organization, _contact(call), call.route["noteGuid"].lower()],
    )
    if row is None:
        raise ApiError(40, status=404)
    return row


def _live(call: Call) -> sqlite3.Row:
    row = _existing(call)
    if row["deleted_at"]:
        raise ApiError(65)
    return row


def _model(row: sqlite3.Row) -> JsonObject:
    known = {
        "Id": row["guid"],
        "NoteDate": row["created_at"],
        "Text": row["text"],
        "AuthorName": OWNER,
        "AuthorEmail": ORGANIZATIONS[row["organization"]].email,
        "CreatedAt": row["created_at"],
        "UpdatedAt": row["updated_at"],
        "DeletedAt": row["deleted_at"],
    }
    return project("ContactNoteReadModel", known)
