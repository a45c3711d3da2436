"""Searches Dinero for possible duplicates of payments, mail-outs, files and manual vouchers. It only reads.

It reports items that belong to one document, have the same amount or kind, and were created within minutes. A person
must decide whether they are duplicates. It reports numbers, Guids, amounts and instants; no names and no texts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.bodies.numbers import written
from airflow_provider_dinero.api.errors import DineroInvalidRequest, DineroNotFound
from airflow_provider_dinero.api.lists.changes import as_utc

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient

DAYS = 31
WITHIN = timedelta(minutes=10)
NOT_SENT = "NotSent"
# The voucher types of entries that are neither manual vouchers nor payments.
NOT_MANUAL = {"sales", "purchases"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Alike:
    """Items that are alike.

    :param what: str, payments, mail-outs, files or manual vouchers
    :param of: str, the document that they belong to, with its number and Guid; empty if they are documents themselves
    :param alike: str, what they have in common
    :param each: list of str, how to find each of them in Dinero
    """

    what: str
    of: str
    alike: str
    each: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        of = f"{self.of}: " if self.of else ""
        return f"{self.what:>15}  {of}{len(self.each)} of {self.alike}: {', '.join(self.each)}"


class DuplicateSearch:
    """A search for possible duplicates in a client's organization.

    :param client: DineroClient, created with the options `ONLY_READS`
    :param since: date, the first day
    """

    def __init__(self, client: "DineroClient", since: date) -> None:
        self._client = client
        self._since = datetime.combine(since, time(), UTC)
        self._looks: list[Callable[[], Iterator[Alike]]] = []
        self._vouchers: list[list[Row]] = []
        self.sent = self.requests = 0

    def begin(self) -> None:
        """Read the lists; then `requests` is the total number of requests, and `sent` how many of them are done."""
        client, looks = self._client, self._looks
        for what, resource in (("invoice", client.invoices), ("credit note", client.credit_notes)):
            for row in resource.list(changes_since=self._since, fields=("Number", "Status", "MailOutStatus")):
                name = f"{what} {row['Number']} ({row['Guid']})"
                if row["Status"] != "Draft":
                    looks.append(_payments(name, row["Guid"], _payments_of(resource)))
                if row["MailOutStatus"] != NOT_SENT:
                    looks.append(_mailouts(name, row["Guid"], resource.mailouts))
        for row in client.trade_offers.list(changes_since=self._since, fields=("Number", "MailOutStatus")):
            if row["MailOutStatus"] != NOT_SENT:
                offers = client.trade_offers
                looks.append(_mailouts(f"trade offer {row['Number']} ({row['Guid']})", row["Guid"], offers.mailouts))
        files = list(client.files.list(uploaded_after=self._since.date()))
        looks_at_vouchers = self._read_entries()
        self.sent = client.pace.taken
        self.requests = self.sent + len(looks) + looks_at_vouchers
        looks.append(lambda: _files(files))

    def found(self) -> Iterator[Alike]:
        """Yield possible duplicates; call `begin` first."""
        for look in self._looks:
            yield from look()
        for group in self._vouchers:
            yield from self._manual(group)

    def _read_entries(self) -> int:
        """Plan the lookups of purchases and manual vouchers from their entries, and return the number of the latter."""
        by_voucher: dict[str, list[Row]] = defaultdict(list)
        for entry in self._client.entries.changes(self._since, include_primo=False):
            if entry["VoucherGuid"]:
                by_voucher[entry["VoucherGuid"]].append(entry)
        groups: dict[Hashable, list[Row]] = defaultdict(list)
        purchases = self._client.purchase_vouchers
        for guid, entries in by_voucher.items():
            number, kind = entries[0]["VoucherNumber"], str(entries[0]["VoucherType"]).lower()
            if kind == "purchases":
                self._looks.append(_payments(f"purchase {number} ({guid})", guid, _payments_if_any(purchases)))
            elif kind not in NOT_MANUAL:
                total = sum((each["Amount"] for each in entries if each["Amount"] > 0), Decimal())
                voucher = {"Guid": guid, "Number": number, "Total": total, "Date": entries[0]["Date"]}
                groups[_content(entries)].append(voucher)
        self._vouchers = [group for group in groups.values() if len(group) > 1]
        return sum(map(len, self._vouchers))

    def _manual(self, group: list[Row]) -> Iterator[Alike]:
        """Yield manual vouchers with the same reference, among vouchers with the same entries."""
        by_reference: dict[str, list[Row]] = defaultdict(list)
        for known in group:
            try:
                voucher = self._client.manual_vouchers.get(known["Guid"])
            except (DineroNotFound, DineroInvalidRequest):  # a payment, or a booking of the ledger
                continue
            reference = str(voucher["ExternalReference"] or "").strip()
            by_reference[reference].append({**known, "BookedAt": voucher["BookingTime"] or known["Date"]})
        for alike in by_reference.values():
            for near in _near(alike, "BookedAt"):
                told = [f"{each['Number']} ({each['Guid']})" for each in near]
                yield Alike("manual vouchers", "", f"{_amount(near[0]['Total'])} on {near[0]['Date']}", told)


def _payments_of(resource: Any) -> Callable[[str], Iterable[Row]]:
    return lambda guid: resource.payments(guid)["Payments"] or ()


def _payments_if_any(purchases: Any) -> Callable[[str], Iterable[Row]]:
    def read(guid: str) -> Iterable[Row]:
        try:
            return list(purchases.payments(guid))
        except (DineroNotFound, DineroInvalidRequest):  # a cash purchase
            return ()

    return read


def _payments(of: str, guid: str, read: Callable[[str], Iterable[Row]]) -> Callable[[], Iterator[Alike]]:
    def look() -> Iterator[Alike]:
        # Dinero stores the day of a payment, not the time. Without a deposit account it is a credit note or the like.
        names = ("Amount", "Currency", "PaymentDate", "DepositAccountNumber")
        paid = [row for row in read(guid) if row["DepositAccountNumber"]]
        for rows in _groups(paid, names):
            alike = f"{_amount(rows[0]['Amount'])} {rows[0]['Currency'] or 'DKK'} on {rows[0]['PaymentDate']}"
            yield Alike("payments", of, alike, [str(row["Guid"]) for row in rows])

    return look


def _mailouts(of: str, guid: str, read: Callable[[str], Iterable[Row]]) -> Callable[[], Iterator[Alike]]:
    def look() -> Iterator[Alike]:
        gone = [row for row in read(guid) if row["Status"] != "Failed"]
        for rows in _groups(gone, ("Type", "IsSmsMessage", "Receiver")):
            for near in _near(rows, "Date"):
                kind = f"type {near[0]['Type']}{', as text message' * near[0]['IsSmsMessage']}"
                yield Alike("mail-outs", of, kind, [f"{_instant(row['Date'])} (Id {row['Id']})" for row in near])

    return look


def _files(files: list[Row]) -> Iterator[Alike]:
    for rows in _groups(files, ("Name", "Extension", "Size")):
        for near in _near(rows, "UploadedAt"):
            told = [f"{row['FileGuid']} at {_instant(row['UploadedAt'])}" for row in near]
            yield Alike("files", "", f"{near[0]['Size']} bytes and the same name", told)


def _content(entries: list[Row]) -> Hashable:
    """Return what is the same in vouchers that book the same."""
    names = ("Date", "AccountNumber", "Amount", "Description", "VatCode", "ContactGuid", "FileGuid")
    return frozenset(Counter(tuple(each[name] for name in names) for each in entries).items())


def _groups(rows: Iterable[Row], names: tuple[str, ...]) -> Iterator[list[Row]]:
    """Yield groups of at least two rows that are the same in these properties."""
    found: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return (each for each in found.values() if len(each) > 1)


def _near(rows: list[Row], name: str) -> Iterator[list[Row]]:
    """Yield groups of at least two rows whose instants follow each other within minutes."""
    ordered = sorted(rows, key=lambda row: as_utc(str(row[name])))
    run = ordered[:1]
    for before, row in pairwise(ordered):
        if as_utc(str(row[name])) - as_utc(str(before[name])) > WITHIN:
            if len(run) > 1:
                yield run
            run = []
        run.append(row)
    if len(run) > 1:
        yield run


def _amount(amount: Decimal) -> str:
    return written(Decimal(amount), ".2f")


def _instant(text: Any) -> str:
    return f"{as_utc(str(text)):%Y-%m-%d %H:%M:%S}"
