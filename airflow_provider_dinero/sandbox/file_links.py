"""Which vouchers use a file. A link stays when its voucher is deleted, as it was seen to."""

from __future__ import annotations

from airflow_provider_dinero.sandbox.answers import decode, encode
from airflow_provider_dinero.sandbox.calls import Call
from airflow_provider_dinero.sandbox.errors import invalid


def known_file(call: Call, guid: str | None) -> str | None:
    """The file of a voucher, which must exist.

    :raises ApiError: code 42 if it doesn't
    """
    if not guid:
        return None
    guid = guid.lower()
    if call.store.one("SELECT 1 FROM files WHERE organization = ? AND guid = ?", [call.organization, guid]) is None:
        raise invalid("FileGuid", f"There is no file {guid}.")
    return guid


def link(call: Call, guid: str | None, voucher_id: int, voucher_guid: str, *, before: str | None = None) -> None:
    """A voucher uses another file now.

    :param guid: the file, None for no file any more
    :param voucher_id: the voucher's own number in the database
    :param voucher_guid: the voucher
    :param before: the file that it used before
    """
    if guid:
        # A draft that Dinero made of the file vanishes when something else uses it.
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
