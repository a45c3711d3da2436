"""How a sandbox behaves: a switch for each thing that the documents leave open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args, get_origin, get_type_hints

MUTATIONS = frozenset({"book", "creditnote", "e-invoice", "mailout", "payment", "reminder", "sms"})

# What isn't known for sure, or where sources disagree. Values and defaults are those of ``Settings``.
SWITCHES = {
    "no_pro_code": "error code of the 403 for an organization without Pro: 90 in current documents, 48 in old ones",
    "large_file_status": "HTTP status for a file over 6 MB; the documents name both",
    "file_type_status": "HTTP status for a file of an unsupported type; 415 was recorded in 2017",
    "page_size_error": "HTTP status for a pageSize over 1000; the documents only give the error code, 43",
    "upload_error_body": "body of a refused upload: the error object with its code, or a plain string as in the "
    "OpenAPI document",
    "mailout_bumps_timestamp": "an e-mail changes the TimeStamp of the invoice; not known, off by default",
    "overdue_moves_updated_at": "an invoice's UpdatedAt moves when it falls due; in one company's data it didn't",
    "result_without_filter": "what ResultWithoutFilter of a list counts: before paging according to its description, "
    "before the filter according to its name",
    "v1_changes_include_deleted": "v1 lists with changesSince also contain deleted rows; the documents contradict "
    "themselves, off by default",
    "contact_filter_seconds": "how long a list filtered by ContactGuid takes; at Dinero tens of seconds were measured",
    "ledger_post_answer": "response to a post of ledger items (v1.2): one object as in the OpenAPI document, or an "
    "array of all items as a client of v1.1 expects it",
    "ledger_post_seconds": "how long a post of ledger items takes; any other post for the organization in that time "
    "gets code 70",
    "ledger_booking_seconds": "how long the booking of ledger items takes: seconds to minutes at Dinero",
    "ledger_voucher_number": "meaning of the VoucherNumber of a ledger item: kept as the voucher's number, and refused "
    "if taken; or only a grouping of lines, where the next free number replaces a taken one",
    "manual_sales_amounts": "whether the line of a manual voucher excludes (net) or includes (gross) the VAT of a "
    "sale; the document says excludes, but ledger items were measured to include it",
    "vat_rounding": "what the VAT of sales is rounded by: each line, the unit of each line, or the document",
    "foreign_vat_numbers": "whether the VatNumber of a contact in another EU country is taken as it is or checked",
    "drafts_from_uploads": "Dinero creates a draft purchase for each uploaded PDF, until something uses the file",
    "hours_unit": "whether the unit hours is taken, as documented, or refused, as for one client's account",
    "v1_invoice_payments": "whether GET /v1/{organizationId}/invoices/{guid}/payments is gone or responds like v2",
}


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Settings:
    """The switches of a sandbox; ``dinero-sandbox serve --help`` explains each.

    :param state: SQLite file that keeps the state, or None to keep it in memory
    :param requests_per_minute: limit for every client, instead of 100 (Visma Connect) and 60 (personal)
    :param token_lifetime: lifetime of an access token, in seconds
    :param refresh_tokens: ``reuse`` or ``one-time``, a setting of the application at Visma Connect
    :param grace_seconds: seconds in which a used one-time token can still be exchanged
    :param redirect_uris: redirect URIs that are registered for the Visma Connect application
    :param allowed_hosts: accepted host names and addresses, besides localhost and loopback addresses
    :param require_pkce: whether the application requires PKCE
    :param basic_credentials: how the client ID and secret appear in a Basic header: form-``encoded`` first, as the
        standard requires, or ``as-is``, as most clients send them
    :param date_header: whether responses have a Date header
    :param no_pro_code: error code for an organization without Pro: 90 in current documents, 48 in old ones
    :param large_file_status: HTTP status for a file over 6 MB: 400 in the OpenAPI document, 413 on the status page
    :param page_size_error: HTTP status for a pageSize over 1000; the documents only give the code (43)
    :param mailout_bumps_timestamp: whether an e-mail changes the TimeStamp of the invoice
    :param updated_at_bumped_by: which mutations other than edits move the UpdatedAt of an invoice or credit note
    :param result_without_filter: whether the count is taken ``before-paging`` or ``before-filter``
    :param v1_changes_include_deleted: whether v1 lists with changesSince contain deleted rows
    :param upload_error_body: body of a refused upload: an error ``object`` as elsewhere, or a plain ``string``
    :param ledger_voucher_number: whether the VoucherNumber of a ledger item is ``kept``, and refused if it is taken,
        or only a ``grouping`` of lines, where the next free number replaces a taken one
    :param manual_sales_amounts: whether a manual voucher's line excludes (``net``) or includes (``gross``) the VAT of
        sales types; on ledger items it is included
    :param vat_rounding: what the VAT of sales is rounded by: each ``line``, its ``unit``, or the ``document``
    :param overdue_moves_updated_at: whether UpdatedAt moves when an invoice becomes overdue, at midnight
    :param contact_filter_seconds: how long a list filtered by ContactGuid takes, in seconds
    :param foreign_vat_numbers: whether the VatNumber of an EU contact is ``taken``, or its form ``checked`` by country
    :param file_type_status: HTTP status for a file of an unsupported type
    :param drafts_from_uploads: whether Dinero creates a draft purchase for each uploaded PDF
    :param hours_unit: whether the unit ``hours`` is ``taken`` or ``refused``
    :param v1_invoice_payments: whether the v1 operation is ``gone``, or responds like ``v2``
    :param ledger_post_answer: response to a v1.2 post of ledger items: one ``object`` as documented, or an ``array``
    :param ledger_post_seconds: how long such a post takes, in seconds; another one in that time gets code 70
    :param ledger_booking_seconds: how long booking ledger items takes, in seconds of the sandbox's clock
    :param clock: returns the real time; a test can pass its own, so as not to wait for a token to expire
    :raises ValueError: if a switch can't have the value
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
        """Reject unknown values.

        :raises ValueError: with the switch and its possible values
        """
        for name, kind in get_type_hints(Settings).items():
            value, allowed = getattr(self, name), get_args(kind)
            if get_origin(kind) is Literal and value not in allowed:
                raise ValueError(f"{name} is {value!r}, but must be one of {', '.join(map(repr, allowed))}.")
        if unknown := set(self.updated_at_bumped_by) - MUTATIONS:
            raise ValueError(
                f"updated_at_bumped_by has {', '.join(map(repr, sorted(unknown)))}, "
                f"but can only contain {', '.join(map(repr, sorted(MUTATIONS)))}."
            )
