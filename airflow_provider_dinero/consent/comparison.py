"""Finds by reading how Dinero behaves where it isn't documented: which setting of each sandbox switch fits.

It only reads a company's own data, and reports settings and counts: no names, no document numbers, no amounts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroError, DineroRefused, DineroUnavailable
from airflow_provider_dinero.api.lists.changes import as_utc
from airflow_provider_dinero.api.operations import Operation

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

UNKNOWN = "not known"
# The number of invoices that are read one by one.
INVOICES_READ = 20
ORE = Decimal("0.01")
# Countries whose VAT numbers start with another key than the country's own.
PREFIXES = {"GR": "EL"}
_CONTACTS = Operation("GET", "/v1/{organizationId}/contacts", paginated=True)
_INVOICES = Operation("GET", "/v1/{organizationId}/invoices", paginated=True)
_PAYMENTS = Operation("GET", "/v1/{organizationId}/invoices/{guid}/payments", answer=("object", "RemainingAmount"))
# What only a write, or somebody else's data, can show.
BY_WRITING = {
    "no_pro_code": "needs an organization without Pro",
    "basic_credentials": "needs a client secret with special characters",
    "large_file_status": "needs an upload",
    "file_type_status": "needs an upload",
    "upload_error_body": "needs an upload",
    "drafts_from_uploads": "a draft without a reference may also be somebody's own",
    "mailout_bumps_timestamp": "needs an e-mail",
    "updated_at_bumped_by": "needs a booking, an e-mail or a payment",
    "ledger_post_answer": "needs ledger items",
    "ledger_post_seconds": "needs ledger items",
    "ledger_booking_seconds": "needs ledger items",
    "ledger_voucher_number": "needs ledger items",
    "manual_sales_amounts": "a voucher doesn't show the amount as written",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """What reading shows about one switch.

    :param switch: str, its name in the sandbox
    :param setting: str, the one that fits, or not known
    :param why: str, the evidence, or why it isn't known
    """

    switch: str
    setting: str
    why: str

    def __str__(self) -> str:
        return f"{self.switch:<28} {self.setting:<16} {self.why}"


class Comparison:
    """A comparison with one organization.

    :param client: DineroClient, created with the options `ONLY_READS`
    """

    def __init__(self, client: "DineroClient") -> None:
        self._client = client

    def findings(self) -> Iterator[Finding]:
        """Yield what reading shows about each switch; it takes about 30 requests."""
        looks: dict[str, Callable[[], tuple[str, str]]] = {
            "date_header": self._date_header,
            "page_size_error": self._page_size_error,
            "result_without_filter": self._result_without_filter,
            "v1_changes_include_deleted": self._changes_include_deleted,
            "overdue_moves_updated_at": self._overdue_moves_updated_at,
            "contact_filter_seconds": self._contact_filter_seconds,
            "vat_rounding": self._vat_rounding,
            "foreign_vat_numbers": self._foreign_vat_numbers,
            "hours_unit": self._hours_unit,
            "v1_invoice_payments": self._v1_invoice_payments,
            "refresh_tokens": self._refresh_tokens,
        }
        for switch, look in looks.items():
            try:
                yield Finding(switch, *look())
            except DineroError as error:
                yield Finding(switch, UNKNOWN, f"the response was a {type(error).__name__}")
        for switch, why in BY_WRITING.items():
            yield Finding(switch, UNKNOWN, why)

    def _invoices(self, count: int, **query: Any) -> list[Row]:
        return list(islice(self._client.invoices.list(**query), count))

    def _date_header(self) -> tuple[str, str]:
        answer = self._client.send(_CONTACTS, query={"pageSize": "1"})
        return ("on" if "Date" in answer.headers else "off"), "seen on a list"

    def _page_size_error(self) -> tuple[str, str]:
        try:
            self._client.send(_CONTACTS, query={"pageSize": "1001"})
        except DineroRefused as error:
            return str(error.status), "the status for a pageSize of 1001"
        except DineroUnavailable:
            return "500", "a pageSize of 1001 caused a server error"
        return UNKNOWN, "a pageSize of 1001 is accepted"

    def _result_without_filter(self) -> tuple[str, str]:
        every = self._count({})
        # A name that no contact has.
        none = self._count({"queryFilter": "Name eq 'f7a8c0de-8a52-4c7e-9d0b-6c1d2e3f4a5b'"})
        if not every:
            return UNKNOWN, "there are no contacts"
        return ("before-filter" if none else "before-paging"), "a filter that no contact matches"

    def _count(self, query: dict[str, str]) -> int:
        page = self._client.json(_CONTACTS, query={"pageSize": "1", **query})
        return int(page["Pagination"]["ResultWithoutFilter"])

    def _changes_include_deleted(self) -> tuple[str, str]:
        gone = self._invoices(1, deleted_only=True, fields=("Guid", "UpdatedAt"))
        if not gone:
            return UNKNOWN, "no invoice was deleted"
        told = self._client.invoices.list(changes_since=as_utc(str(gone[0]["UpdatedAt"])), fields=("Guid",))
        among = any(row["Guid"] == gone[0]["Guid"] for row in told)
        return ("on" if among else "off"), "a deleted invoice, and the changes since its deletion"

    def _overdue_moves_updated_at(self) -> tuple[str, str]:
        rows = self._invoices(1000, status="Overdue", fields=("PaymentDate", "UpdatedAt"))
        before = sum(as_utc(str(row["UpdatedAt"])).date() <= date.fromisoformat(row["PaymentDate"]) for row in rows)
        if before:
            return "off", f"{before} of {len(rows)} overdue invoices were last changed before they became overdue"
        day = timedelta(days=1)
        at_once = [as_utc(str(row["UpdatedAt"])).date() == date.fromisoformat(row["PaymentDate"]) + day for row in rows]
        if at_once and all(at_once):
            return "on", f"all {len(rows)} overdue invoices were last changed the day after their due date"
        return UNKNOWN, f"all {len(rows)} overdue invoices were changed later" if rows else "no invoice is overdue"

    def _contact_filter_seconds(self) -> tuple[str, str]:
        found = next((row for row in self._invoices(100, fields=("ContactGuid",)) if row["ContactGuid"]), None)
        if found is None:
            return UNKNOWN, "there are no invoices"
        query = {"pageSize": "1", "fields": "Guid", "queryFilter": f"ContactGuid eq '{found['ContactGuid']}'"}
        seconds = self._client.send(_INVOICES, query=query).seconds  # without the wait for its turn
        return f"{seconds:.1f}", "seconds that a list of one contact's invoices took"

    def _vat_rounding(self) -> tuple[str, str]:
        fits, seen = {"line", "unit", "document"}, 0
        for row in self._invoices(INVOICES_READ, status=("Booked", "Paid", "OverPaid", "Overdue"), fields=("Guid",)):
            invoice = self._client.invoices.get(row["Guid"])
            predicted = _predicted_vat(invoice)
            if len(set(predicted.values())) > 1:
                seen += 1
                fits &= {name for name, vat in predicted.items() if vat == invoice["TotalVat"]}
        if not fits:
            return "none of them", f"{seen} invoices on which they differ"
        (setting, *others) = sorted(fits)
        return (UNKNOWN if others else setting), f"{seen} invoices on which they differ"

    def _foreign_vat_numbers(self) -> tuple[str, str]:
        rows = islice(self._client.contacts.list(fields=("CountryKey", "VatNumber", "VatRegionKey")), 1000)
        numbers = [
            (str(PREFIXES.get(row["CountryKey"], row["CountryKey"])), str(row["VatNumber"]))
            for row in rows
            if row["VatNumber"] and row["VatRegionKey"] == "EU"
        ]
        if odd := sum(not number.startswith(prefix) for prefix, number in numbers):
            return "taken", f"{odd} of {len(numbers)} numbers of EU contacts don't have their country's form"
        return UNKNOWN, f"all {len(numbers)} numbers of EU contacts have their country's form"

    def _hours_unit(self) -> tuple[str, str]:
        rows = islice(self._client.products.list(fields=("Unit",)), 1000)
        if hours := sum(row["Unit"] == "hours" for row in rows):
            return "taken", f"{hours} products have this unit"
        return UNKNOWN, "no product has this unit"

    def _v1_invoice_payments(self) -> tuple[str, str]:
        rows = self._invoices(1, status=("Booked", "Paid", "OverPaid", "Overdue"), fields=("Guid",))
        if not rows:
            return UNKNOWN, "no invoice is booked"
        try:
            self._client.send(_PAYMENTS, {"guid": rows[0]["Guid"]})
        except DineroRefused:
            return "gone", "requested for a booked invoice"
        return "v2", "it responds for a booked invoice"

    def _refresh_tokens(self) -> tuple[str, str]:
        token = self._client.tokens.stored()
        if token is None or token.one_time is None:
            return UNKNOWN, "the connection has no refresh token, or none was used yet"
        return ("one-time" if token.one_time else "reuse"), "the last refresh"


def _predicted_vat(invoice: Row) -> dict[str, Decimal]:
    """Return the VAT of an invoice by each way of rounding; empty if its lines aren't all of 25 % or without VAT."""
    incl_vat = invoice["ShowLinesInclVat"]
    sums = dict.fromkeys(("line", "unit"), Decimal(0))
    taxed = Decimal(0)
    for line in invoice["ProductLines"]:
        base, gross = Decimal(line["BaseAmountValue"]), Decimal(line["BaseAmountValueInclVat"])
        pieces = Decimal(line["Quantity"]) * (100 - Decimal(line["Discount"] or 0)) / 100
        if base == gross:
            continue
        if abs(gross - base * Decimal("1.25")) > ORE:
            return {}
        written = gross if incl_vat else base
        total = _rounded(written * pieces)
        taxed += total
        sums["line"] += _vat(total, incl_vat)
        unit = _vat(written, incl_vat)
        other = _rounded((written - unit if incl_vat else written + unit) * pieces)
        sums["unit"] += total - other if incl_vat else other - total
    return {**sums, "document": _vat(taxed, incl_vat)}


def _vat(amount: Decimal, incl_vat: bool) -> Decimal:
    """Return the VAT within an amount, or on top of it."""
    return amount - _rounded(amount / Decimal("1.25")) if incl_vat else _rounded(amount * Decimal("1.25")) - amount


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(ORE, ROUND_HALF_UP)
