"""How one sandbox behaves: a switch for each thing that the documents leave open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args, get_origin, get_type_hints

MUTATIONS = frozenset({"book", "creditnote", "e-invoice", "mailout", "payment", "reminder", "sms"})

# What nobody knows for sure, or sources disagree about; values and defaults are those of ``Settings``.
SWITCHES = {
    "no_pro_code": "error code of the 403 for an organization without Pro: 90 in current documents, 48 in old ones",
    "large_file_status": "HTTP status for a file over 6 MB; the documents name both",
    "file_type_status": "HTTP status for a file of a wrong type; 415 was recorded in 2017",
    "page_size_error": "HTTP status for a pageSize over 1000; the documents only give the error code, 43",
    "upload_error_body": "body of a refused upload: the error object with its code, or a plain string as the OpenAPI "
    "document has it",
    "mailout_bumps_timestamp": "an e-mail gives the invoice a new TimeStamp; nobody knows, by default it doesn't",
    "overdue_moves_updated_at": "an invoice's UpdatedAt moves when it falls due; in one company's data it didn't",
    "result_without_filter": "what ResultWithoutFilter of a list counts: the text says before paging, the name before "
    "the filter",
    "v1_changes_include_deleted": "v1 lists give deleted rows too when changesSince is asked for; the documents "
    "contradict themselves, by default they don't",
    "contact_filter_seconds": "how long a list takes that is filtered by ContactGuid; at Dinero tens of seconds were "
    "measured",
    "ledger_post_answer": "what a post of ledger items (v1.2) answers: one object as the OpenAPI document has it, or "
    "an array of all as a client of v1.1 read it",
    "ledger_post_seconds": "how long a post of ledger items takes; another one for the organization in that time, from "
    "whomever, gets code 70",
    "ledger_booking_seconds": "how long the booking of ledger items takes: at Dinero seconds to minutes",
    "ledger_voucher_number": "what the VoucherNumber of a ledger item is: kept, and refused where it is taken, or only "
    "a grouping of lines, where a taken one gives way to the next",
    "manual_sales_amounts": "whether a line of a manual voucher is without (net) or with (gross) the VAT of a sale; "
    "the document says without, and on ledger items it was measured to be with",
    "vat_rounding": "what the VAT of sales is rounded by: each line, the unit of each line, or the document",
    "foreign_vat_numbers": "whether the VatNumber of a contact in another EU country is taken as it is or checked",
    "drafts_from_uploads": "Dinero makes a draft purchase of each PDF that is uploaded, until something uses the file",
    "hours_unit": "whether the unit hours is taken, as documented, or refused, as for one client's account",
    "v1_invoice_payments": "whether GET /v1/{organizationId}/invoices/{guid}/payments is gone or answers as v2 does",
}


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Settings:
    """The switches of a sandbox; ``dinero-sandbox serve --help`` explains each.

    :param state: SQLite file that keeps the state, or None to keep it in memory
    :param requests_per_minute: limit for every client, instead of 100 (Visma Connect) and 60 (personal)
    :param token_lifetime: seconds that an access token lives
    :param refresh_tokens: ``reuse`` or ``one-time``, an application setting at Visma Connect
    :param grace_seconds: seconds in which a used one-time token may be exchanged again
    :param redirect_uris: redirect URIs that are registered for the Visma Connect application
    :param allowed_hosts: names and addresses by which it may be called, beside localhost and loopback addresses
    :param require_pkce: whether the application is set to demand PKCE
    :param basic_credentials: how a client's id and secret are spelled in a Basic header: form-``encoded`` first, as the
        standard has it, or ``as-is``, as most clients send them
    :param date_header: whether answers have a Date header
    :param no_pro_code: error code for an organization without Pro: 90 in current documents, 48 in old ones
    :param large_file_status: HTTP status for a file over 6 MB: 400 in the OpenAPI document, 413 on the status page
    :param page_size_error: HTTP status for a pageSize over 1000; the documents give the code (43) only
    :param mailout_bumps_timestamp: whether an e-mail gives the invoice a new TimeStamp
    :param updated_at_bumped_by: which mutations that aren't edits move the UpdatedAt of an invoice or credit note
    :param result_without_filter: whether that count is taken ``before-paging`` or ``before-filter``
    :param v1_changes_include_deleted: whether v1 lists give deleted rows when changesSince is asked for
    :param upload_error_body: body of a refused upload: the error ``object`` of all else, or a plain ``string``
    :param ledger_voucher_number: whether the VoucherNumber of a ledger item is ``kept``, and refused where it is taken,
        or only a ``grouping`` of lines: then a taken one gives way to the next
    :param manual_sales_amounts: whether a manual voucher's line excludes (``net``) or includes (``gross``) the VAT of
        sales types; on ledger items it is included
    :param vat_rounding: what the VAT of sales is rounded by: each ``line``, its ``unit``, or the ``document``
    :param overdue_moves_updated_at: whether UpdatedAt moves as an invoice falls due, at midnight
    :param contact_filter_seconds: how long a list takes that is filtered by ContactGuid
    :param foreign_vat_numbers: whether the VatNumber of an EU contact is ``taken`` or ``checked``: its form, by country
    :param file_type_status: HTTP status for a file of a wrong type
    :param drafts_from_uploads: whether Dinero makes a draft purchase of each PDF that is uploaded
    :param hours_unit: whether the unit ``hours`` is ``taken`` or ``refused``
    :param v1_invoice_payments: whether the v1 operation is ``gone``, or answers as ``v2``
    :param ledger_post_answer: what a v1.2 post of ledger items answers: one ``object`` as documented, or an ``array``
    :param ledger_post_seconds: how long such a post takes; another one in that time gets code 70
    :param ledger_booking_seconds: how long booking ledger items takes, on the sandbox's clock
    :param clock: where "now" comes from, so that a test needn't wait an hour for a token to expire
    :raises ValueError: for a value that a switch doesn't have
    """

    state: str | None = None
    requests_per_minute: int | None = None
    token_lifetime: int = 3600
    refresh_tokens: Literal["reuse", "one-time"] = "reuse"
    grace_seconds: int = 0
    redirect_uris: Sequence[str] = ("http://localhost:8766/callback",)
    allowed_hosts: Sequence[str] = ()
    require_pkce: bool = False
    basic_credentials: Literal["encoded", "as-is"] = "encoded"
    date_header: bool = True
    no_pro_code: Literal[90, 48] = 90
    large_file_status: Literal[400, 413] = 400
    page_size_error: Literal[400, 413, 500] = 400
    mailout_bumps_timestamp: bool = False
    updated_at_bumped_by: frozenset[str] = MUTATIONS
    result_without_filter: Literal["before-paging", "before-filter"] = "before-paging"
    v1_changes_include_deleted: bool = False
    upload_error_body: Literal["object", "string"] = "object"
    ledger_voucher_number: Literal["kept", "grouping"] = "kept"
    manual_sales_amounts: Literal["net", "gross"] = "net"
    vat_rounding: Literal["line", "unit", "document"] = "line"
    overdue_moves_updated_at: bool = False
    contact_filter_seconds: float = 0
    foreign_vat_numbers: Literal["taken", "checked"] = "taken"
    file_type_status: Literal[400, 415] = 400
    drafts_from_uploads: bool = False
    hours_unit: Literal["taken", "refused"] = "taken"
    v1_invoice_payments: Literal["gone", "v2"] = "gone"
    ledger_post_answer: Literal["object", "array"] = "object"
    ledger_post_seconds: float = 0.2
    ledger_booking_seconds: float = 2
    clock: Callable[[], datetime] = utc_now

    def __post_init__(self) -> None:
        """Refuse values that mean nothing.

        :raises ValueError: with the switch and what it may be
        """
        for name, kind in get_type_hints(Settings).items():
            value, allowed = getattr(self, name), get_args(kind)
            if get_origin(kind) is Literal and value not in allowed:
                raise ValueError(f"{name} is {value!r}, but must be one of {', '.join(map(repr, allowed))}.")
        if unknown := set(self.updated_at_bumped_by) - MUTATIONS:
            raise ValueError(
                f"updated_at_bumped_by has {', '.join(map(repr, sorted(unknown)))}, "
                f"but must be of {', '.join(map(repr, sorted(MUTATIONS)))}."
            )
