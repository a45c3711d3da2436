"""Notes on contacts."""

from collections.abc import Collection, Iterator

from airflow_provider_dinero.api.operations import GONE, NOWHERE, SAME_AGAIN, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, guarded
from airflow_provider_dinero.api.resources.versions import gone

FIELDS = ("Id", "NoteDate", "Text", "AuthorName", "AuthorEmail", "CreatedAt", "UpdatedAt", "DeletedAt")

_ALL = "/v1/{organizationId}/contacts/{contactGuid}/notes"
_ONE = f"{_ALL}/{{noteGuid}}"
_LIST = Operation("GET", _ALL, paginated=True)
_GET = Operation("GET", _ONE)
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.BARE,
    body="ContactNoteCreateModel",
    lost=NOWHERE._replace(look_up="(a person must look at the notes of the contact)"),
)
_UPDATE = Operation("PUT", _ONE, Repeat.KEYED, body="ContactNoteUpdateModel", lost=SAME_AGAIN)
_DELETE = Operation("DELETE", _ONE, Repeat.KEYED, lost=GONE)


class ContactNotes(Resource):
    """Notes on contacts."""

    @_LIST.performed_by
    def list(
        self, contact_guid: str, *, fields: Collection[str] | None = None, deleted_only: bool = False
    ) -> Iterator[Row]:
        """Yield the notes on a contact, by NoteDate (`GET /v1/{organizationId}/contacts/{contactGuid}/notes`).

        :param contact_guid: str
        :param fields: names of the properties to get, in any case; default all
        :param deleted_only: bool, whether to return only deleted ones; default False
        :return: iterator of dicts
        """
        return self._list(_LIST, "Id", FIELDS, {"contactGuid": contact_guid}, fields=fields, deleted_only=deleted_only)

    @_GET.performed_by
    def get(self, contact_guid: str, note_guid: str) -> Row:
        """Return a note (`GET /v1/{organizationId}/contacts/{contactGuid}/notes/{noteGuid}`).

        :param contact_guid: str
        :param note_guid: str
        """
        return self._object(_GET, {"contactGuid": contact_guid, "noteGuid": note_guid})

    @_CREATE.performed_by
    def create(self, contact_guid: str, text: str) -> None:
        """Add a note, again at each call (`POST /v1/{organizationId}/contacts/{contactGuid}/notes`).

        :param contact_guid: str
        :param text: str
        :raises DineroOutcomeUnknown: the response was lost
        """
        # The document describes the response of creating a contact, so it isn't reliable.
        self.session.send(_CREATE, {"contactGuid": contact_guid}, body={"Text": text})

    @_UPDATE.performed_by
    def update(self, contact_guid: str, note_guid: str, text: str) -> None:
        """Replace the text of a note (`PUT /v1/{organizationId}/contacts/{contactGuid}/notes/{noteGuid}`).

        :param contact_guid: str
        :param note_guid: str
        :param text: str
        """
        self.session.send(_UPDATE, {"contactGuid": contact_guid, "noteGuid": note_guid}, body={"Text": text})

    @_DELETE.performed_by
    @guarded
    def delete(self, contact_guid: str, note_guid: str) -> None:
        """Delete a note (`DELETE /v1/{organizationId}/contacts/{contactGuid}/notes/{noteGuid}`).

        :param contact_guid: str
        :param note_guid: str
        """
        self._settled(
            lambda: self._sent(_DELETE, {"contactGuid": contact_guid, "noteGuid": note_guid}),
            lambda: gone(lambda: self.get(contact_guid, note_guid)),
            operation=_DELETE,
        )
