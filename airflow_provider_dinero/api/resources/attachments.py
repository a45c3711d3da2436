"""Attachments: files that go to the customer with an invoice, a trade offer or a credit note."""

from airflow_provider_dinero.api.bodies.comparison import same_id
from airflow_provider_dinero.api.errors import DineroOutcomeUnknown
from airflow_provider_dinero.api.http.uploads import File, Upload
from airflow_provider_dinero.api.operations import NOWHERE, REFUSED, UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded
from airflow_provider_dinero.api.resources.files import Files
from airflow_provider_dinero.api.session import Session

_LIST = Operation("GET", "/v1/{organizationId}/attachments/{documentGuid}")
_ATTACH = Operation(
    "POST",
    "/v1/{organizationId}/attachments/{documentGuid}/{fileGuid}/{fileName}",
    Repeat.BARE,
    lost=Lost("nothing", "the document has the attachment", "yes", UNKNOWN),
)
_DETACH = Operation(
    "DELETE",
    "/v1/{organizationId}/attachments/{documentGuid}/{fileGuid}",
    Repeat.KEYED,
    lost=Lost("a second request changes nothing", "the attachment is gone", "yes", REFUSED),
)
_BIND_DEFAULT = Operation(
    "POST",
    "/v1/{organizationId}/attachments/bind/default/{documentGuid}/{documentType}",
    Repeat.BARE,
    lost=NOWHERE._replace(look_up="(a person must look at the attachments of the document)"),
)


class Attachments(Resource):
    """Attachments. The files come from `files.upload_attachment`.

    :param session: Session
    :param files: Files
    """

    def __init__(self, session: Session, files: Files) -> None:
        super().__init__(session)
        self._files = files

    @_LIST.performed_by
    def list(self, document_guid: str) -> Rows:
        """Return the attachments of a document (`GET /v1/{organizationId}/attachments/{documentGuid}`).

        :param document_guid: str, an invoice, a trade offer or a credit note
        :return: list of dicts with DocumentId, FileGuid and FileName
        """
        return self._array(_LIST, {"documentGuid": document_guid})

    @_ATTACH.performed_by
    @guarded
    def attach(self, document_guid: str, file_guid: str, file_name: str) -> None:
        """Attach a file (`POST /v1/{organizationId}/attachments/{documentGuid}/{fileGuid}/{fileName}`).

        :param document_guid: str, an invoice, a trade offer or a credit note
        :param file_guid: str, from `files.upload_attachment`
        :param file_name: str, the name that the customer sees, without a path
        :raises DineroOutcomeUnknown: the response was lost, and the attachment doesn't show up
        """
        try:
            self.session.send(_ATTACH, {"documentGuid": document_guid, "fileGuid": file_guid, "fileName": file_name})
        except DineroOutcomeUnknown:
            if self._seen(lambda: self._has(document_guid, file_guid) or None, patient=True) is None:
                raise

    @guarded
    def attach_once(self, document_guid: str, file: File, name: str | None = None) -> Row:
        """Upload a file and attach it, unless the document has an attachment of this name.

        :param document_guid: str, an invoice, a trade offer or a credit note
        :param file: path, bytes, or an open binary file, of at most 6 MB
        :param name: str, the name that the customer sees; default the file's own name
        :return: `{"FileGuid", "FileName", "Change"}`, Change being created or unchanged
        :raises DineroInvalidBody: the content doesn't match the name; nothing was sent
        :raises DineroOutcomeUnknown: the response was lost, and the attachment doesn't show up
        """
        upload = Upload(file, name)

        def find() -> str | None:
            attached = self.list(document_guid)
            return next((str(each["FileGuid"]) for each in attached if each["FileName"] == upload.name), None)

        def send() -> str:
            files = self._files
            try:
                guid = files.upload_attachment(file, upload.name)["FileGuid"]
            except DineroOutcomeUnknown:  # the lost one is in no list, so nobody sees it
                guid = files.upload_attachment(file, upload.name)["FileGuid"]
            self.attach(document_guid, guid, upload.name)
            return str(guid)

        guid, change = self._once(f"attachments/{document_guid}/{upload.name}", find, send, confirm=True)
        return {"FileGuid": guid, "FileName": upload.name, "Change": change}

    @_DETACH.performed_by
    @guarded
    def detach(self, document_guid: str, file_guid: str) -> None:
        """Remove a file from a document (`DELETE /v1/{organizationId}/attachments/{documentGuid}/{fileGuid}`).

        :param document_guid: str
        :param file_guid: str
        """
        self._settled(
            lambda: self._sent(_DETACH, {"documentGuid": document_guid, "fileGuid": file_guid}),
            lambda: not self._has(document_guid, file_guid) or None,
            operation=_DETACH,
        )

    @_BIND_DEFAULT.performed_by
    def bind_default(self, document_guid: str, document_type: str) -> None:
        """Attach the organization's default files for a type of document.

        `POST /v1/{organizationId}/attachments/bind/default/{documentGuid}/{documentType}`

        :param document_guid: str
        :param document_type: str, such as Invoice or TradeOffer
        :raises DineroOutcomeUnknown: the response was lost
        """
        self.session.send(_BIND_DEFAULT, {"documentGuid": document_guid, "documentType": document_type})

    def _has(self, document_guid: str, file_guid: str) -> bool:
        return any(same_id(each["FileGuid"], file_guid) for each in self.list(document_guid))
