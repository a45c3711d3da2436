"""Attachments: files for the customer of an invoice, a credit note or a trade offer."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import answer, empty
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.errors import ApiError

ALL = "/v1/{organizationId}/attachments/{documentGuid}"

resource = Resource(
    """
    CREATE TABLE IF NOT EXISTS attachments (
        organization INTEGER, document TEXT, file_guid TEXT, file_name TEXT,
        PRIMARY KEY (organization, document, file_guid)
    );
    """
)


@resource.operation("GET", ALL)
def attachments(call: Call) -> Response:
    """List the attachments of a document, in the order in which they were bound."""
    sql = "SELECT * FROM attachments WHERE organization = ? AND document = ? ORDER BY rowid"
    known = [
        {
            "OrganizationId": row["organization"],
            "DocumentId": row["document"],
            "FileGuid": row["file_guid"],
            "FileName": row["file_name"],
        }
        for row in call.store.execute(sql, [call.organization, _document(call)])
    ]
    return answer([project("DocumentAttachmentReadModel", each) for each in known])


@resource.operation("POST", ALL + "/{fileGuid}/{fileName}")
def bind(call: Call) -> Response:
    """Bind an uploaded file. Binding it again changes its name (undocumented)."""
    document, file = _document(call), call.route["fileGuid"].lower()
    if call.store.one("SELECT 1 FROM files WHERE organization = ? AND guid = ?", [call.organization, file]) is None:
        raise ApiError(40, status=404)
    call.store.execute(
        "INSERT INTO attachments VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET file_name = excluded.file_name",
        [call.organization, document, file, call.route["fileName"]],
    )
    return empty()


@resource.operation("POST", "/v1/{organizationId}/attachments/bind/default/{documentGuid}/{documentType}")
def bind_defaults(call: Call) -> Response:
    """Bind the organization's default attachments: none, as they can only be chosen in the web app."""
    _document(call)
    return empty()


@resource.operation("DELETE", ALL + "/{fileGuid}")
def unbind(call: Call) -> Response:
    """Remove an attachment from a document; the file stays."""
    deleted = call.store.execute(
        "DELETE FROM attachments WHERE organization = ? AND document = ? AND file_guid = ?",
        [call.organization, _document(call), call.route["fileGuid"].lower()],
    )
    if not deleted.rowcount:
        raise ApiError(40, status=404)
    return empty()


def _document(call: Call) -> str:
    """Return the guid of the document in the path, which must exist."""
    guid = call.route["documentGuid"].lower()
    for table in ("invoices", "trade_offers"):
        if call.store.one(f"SELECT 1 FROM {table} WHERE organization = ? AND guid = ?", [call.organization, guid]):
            return guid
    raise ApiError(40, status=404)
