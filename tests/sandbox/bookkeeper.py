"""Bookings of every kind, made over HTTP, and the resulting entries."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from .conftest import Caller, line

CASH = {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK"}
CREDIT = {"PurchaseType": "credit", "PaymentDate": "2026-03-31"}
LINES = [{"AccountNumber": 2000, "Amount": 125, "Description": "Slanger"}]
YEAR = {"fromDate": "2026-01-01", "toDate": "2026-12-31"}


def create_purchase(call: Caller, status: int = 200, version: str = "v1.2", **body: Any) -> Any:
    return call("POST", "/vouchers/purchase", status, version=version, json={"Lines": LINES, **body})


class Bookkeeper:
    """Makes bookings.

    :param call: the caller
    :param contact: customer and supplier
    """

    def __init__(self, call: Caller, contact: str) -> None:
        self.call, self.contact = call, contact

    def invoice(self, **body: Any) -> dict[str, Any]:
        lines = [line(each.pop("BaseAmountValue"), each.pop("AccountNumber"), **each) for each in body["ProductLines"]]
        created = self.call("POST", "/invoices", json={"ContactGuid": self.contact, **body, "ProductLines": lines})
        return self.book(f"/invoices/{created['Guid']}", created["TimeStamp"])

    def credit_note(self, of: dict[str, Any]) -> dict[str, Any]:
        created = self.call("POST", f"/invoices/{of['Guid']}/generate-creditnote", json={})
        return self.book(f"/sales/creditnotes/{created['Guid']}", created["TimeStamp"])

    def purchase(self, **body: Any) -> dict[str, Any]:
        return self.book_voucher("/vouchers/purchase", version="v1.2", body={"ContactGuid": self.contact, **body})

    def manual(self, **body: Any) -> dict[str, Any]:
        return self.book_voucher("/vouchers/manuel", version="v1", body=body)

    def ledger(self, **body: Any) -> dict[str, Any]:
        item = self.call("POST", "/ledgeritems", version="v1.2", json=[{"VoucherDate": "2026-03-10", **body}])
        item = item[0] if isinstance(item, list) else item  # a switch
        self.call("POST", "/ledgeritems/book", json=[item])
        return {"Guid": item["Id"], **self.call("POST", "/ledgeritems/status", json=[item])[0]}

    def book_voucher(self, path: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        created = self.call("POST", path, version=version, json=body)
        return self.book(f"{path}/{created['Guid']}", created["Timestamp"])

    def book(self, path: str, timestamp: str) -> dict[str, Any]:
        booked: dict[str, Any] = self.call("POST", f"{path}/book", json={"Timestamp": timestamp})
        return booked

    def pay(self, path: str, **body: Any) -> dict[str, Any]:
        """Pay what is at the path; the answer's Guid is the one of the payment's voucher."""
        read = self.call("GET", path.replace("purchase-vouchers", "vouchers/purchase"))
        known = {
            "Timestamp": read.get("TimeStamp") or read.get("Timestamp"),
            "DepositAccountNumber": 55000,
            "RemainderIsFee": False,
            "Description": "Betaling",
        }
        paid = self.call("POST", f"{path}/payments", json={**known, **body})
        return {**paid, "Payment": paid["Guid"], "Guid": paid["RelatedVoucherGuid"]}

    def delete(self, path: str) -> None:
        timestamp = self.call("GET", path)["Timestamp"]
        self.call("DELETE", path, json={"Timestamp": timestamp})

    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/entries", params=YEAR)
        return found

    def sums(self, voucher: str) -> dict[str, Decimal]:
        """A voucher's sums by account, those of 0 left out."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries():
            if entry["VoucherGuid"] == voucher:
                sums[str(entry["AccountNumber"])] += Decimal(entry["Amount"])
        return {account: amount for account, amount in sums.items() if amount}

    def report(self, name: str, year: str = "2026", *, summaries: bool = False) -> dict[str, Decimal]:
        query = {"includeSummaryAccount": str(summaries).lower()}
        rows = self.call("GET", f"/{year}/reports/{name}", params=query)
        return {str(row["AccountNumber"]): Decimal(row["Amount"]) for row in rows}
