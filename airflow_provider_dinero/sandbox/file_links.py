"""Which vouchers use a file. A link stays when its voucher is deleted (measured)."""

from __future__ import annotations

from airflow_provider_dinero.sandbox.answers import decode, encode
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import invalid


def known_file(call: Call, guid: str | None) -> str | None:
    """Return the file of a voucher.

    :raises ApiError: code 42 if it doesn't exist
    """
    if not guid:
        return None
    guid = guid.lower()
    if call.store.one("SELECT 1 FROM files WHERE organization = ? AND guid = ?", [call.organization, guid]) is None:
        raise invalid("FileGuid", f"There is no file {guid}.")
    return guid


def link(call: Call, guid: str | None, voucher_id: int, voucher_guid: str, *, before: str | None = None) -> None:
    """Link a voucher to its new file, instead of the old one.

    :param guid: the file, None to remove it
    :param voucher_id: number of the voucher in the database
    :param voucher_guid: the voucher
    :param before: the file until now
    """
    if guid:
        # A draft that Dinero made from the file disappears when something else uses the file.
        call.store.execute(
            "UPDATE vouchers SET state = 'Deleted' WHERE organization = ? AND file_guid = ? AND guid <> ? "
            "AND state = 'Draft' AND json_extract(data, '$.ByDinero')",
            [call.organization, guid, voucher_guid],
        )
    new = {"VoucherId": voucher_id, "VoucherGuid": voucher_guid, "LinkedAt": call.store.now()}
    for file, added in ((before, []), (guid, [new])):
        row = file and call.store.one(
            "SELECT linked FROM files WHERE organization = ? AND guid = ?", [call.organization, file]
        )
        if row:
            others = [each for each in decode(row["linked"]) if each["VoucherGuid"] != voucher_guid]
            call.store.update("files", (call.organization, str(file)), {"linked": encode(others + added).decode()})
