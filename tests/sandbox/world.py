"""One of everything, so that generated calls find something: values for path parameters and bodies."""

from __future__ import annotations

from typing import Any

from .conftest import Caller, line

DAY = "2026-01-05"


class World:
    """The documents with which one operation is called, created again for each.

    :param call: an organization
    :param method: HTTP method of the operation
    :param path: its path in the document
    """

    def __init__(self, call: Caller, method: str, path: str) -> None:
        self.call, self.path = call, path.split("{organizationId}", 1)[-1]
        # What is changed, deleted or booked is a draft; all else needs a booked document.
        self.draft = path.endswith(("}/book", "generate-invoice")) or (method in ("PUT", "DELETE") and path[-1] == "}")
        body = {"Name": "Bo", "CountryKey": "DK", "Email": "bo@example.dk", "VatNumber": "12345674", "AttPerson": "Bo"}
        self.contact = call("POST", "/contacts", json=body)["ContactGuid"]
        self.sale = {"ContactGuid": self.contact, "ProductLines": [line()], "Date": DAY}
        self.file = call("POST", "/files", files={"file": ("a.png", b"x")})["FileGuid"]
        self.owner = ""
        self.parameters = {"accountingYear": "2026", **self._known()}

    def _known(self) -> dict[str, Any]:
        path, call = self.path, self.call
        if path.startswith("/attachments"):
            guid = self._booked("/invoices", self.sale)
            call("POST", f"/attachments/{guid}/{self.file}/a.png")
            return {"documentGuid": guid, "fileGuid": self.file, "fileName": "a.png", "documentType": "Invoice"}
        if path.startswith("/contacts/{contactGuid}/notes"):
            call("POST", f"/contacts/{self.contact}/notes", json={"Text": "note"})
            note = call("GET", f"/contacts/{self.contact}/notes")["Collection"][0]["Id"]
            return {"contactGuid": self.contact, "noteGuid": note}
        if path.startswith(("/contacts", "/state-of-account")):
            return {"guid": self.contact}
        if path.startswith("/products"):
            body = {"BaseAmountValue": 1, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
            return {"guid": call("POST", "/products", json=body)["ProductGuid"]}
        if path.startswith(("/files", "/vouchers/purchase/fileguid")):
            return {"fileGuid": self.file}
        if path == "/webhooks/unsubscribe":
            call("POST", "/webhooks/subscribe", json={"EventId": "invoice.booked", "Uri": "https://example.dk"})
        if path.startswith("/sales/creditnotes"):
            return self._document("/sales/creditnotes", self.sale)
        if path.startswith("/tradeoffers"):
            self.draft = True
            return self._document("/tradeoffers", self.sale)
        if path.startswith(("/invoices", "/sms")):
            return self._reminded() if "/reminders" in path else self._document("/invoices", self.sale)
        return self._bought()

    def _reminded(self) -> dict[str, Any]:
        guid = self._booked("/invoices", self.sale)
        self.owner = f"/invoices/{guid}"
        body = {"Timestamp": self.stamp(), "Date": "2026-02-01", "WithFee": True}
        reminder = self.call("POST", f"{self.owner}/reminders", json=body)["Id"]
        if not self.draft:
            self.call("POST", f"{self.owner}/reminders/{reminder}/book", json={"Timestamp": self.stamp()})
        return {"voucherGuid": guid, "id": reminder}

    def _document(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if "payment" in self.path:
            self.draft = False
        guid = str(self.call("POST", path, json=body)["Guid"]) if self.draft else self._booked(path, body)
        self.owner, known = f"{path}/{guid}", {"guid": guid, "voucherGuid": guid}
        if "paymentGuid" in self.path:
            payment = {"DepositAccountNumber": 55000, "Description": "Bank", "Amount": 25, "Timestamp": self.stamp()}
            known["paymentGuid"] = self.call("POST", f"{self.owner}/payments", json=payment)["Guid"]
        return known

    def _bought(self) -> dict[str, Any]:
        lines = [{"Description": "x", "AccountNumber": 6000, "Amount": 125, "BalancingAccountNumber": 55000}]
        bought = {"VoucherDate": DAY, "Lines": lines, "PurchaseType": "credit", "ContactGuid": self.contact}
        bought |= {"PaymentDate": "2026-01-20", "RegionKey": "DK"}
        if self.path.startswith("/vouchers/manuel"):
            return self._voucher("/vouchers/manuel", {"VoucherDate": DAY, "Lines": lines})
        if self.path.startswith("/vouchers/purchase/creditnotes"):
            bought.pop("PaymentDate")
            return self._voucher("/vouchers/purchase/creditnotes", bought)
        known = self._voucher("/vouchers/purchase", bought, "payment" in self.path)
        known |= {"id": known["guid"]}
        if "{paymentId}" in self.path:
            payment = {"DepositAccountNumber": 55000, "Description": "Bank", "Amount": 25, "Timestamp": self.stamp()}
            path = f"/purchase-vouchers/{known['guid']}/payments"
            known["paymentId"] = self.call("POST", path, json=payment)["Guid"]
            known["timestamp"] = self.stamp()
        return known

    def _voucher(self, path: str, body: dict[str, Any], booked: bool = False) -> dict[str, Any]:
        version = "v1.2" if path == "/vouchers/purchase" else "v1"
        created = self.call("POST", path, version=version, json=body)
        guid = created["Guid"]
        self.owner = f"{path}/{guid}"
        if booked or "generate" in self.path:
            self.call("POST", f"{self.owner}/book", json={"Timestamp": self.stamp()})
        return {"guid": guid}

    def _booked(self, path: str, body: dict[str, Any]) -> str:
        created = self.call("POST", path, json=body)
        guid = str(created["Guid"])
        self.call("POST", f"{path}/{guid}/book", json={"Timestamp": created["TimeStamp"]})
        return guid

    def stamp(self) -> str:
        """The version of the document in the path, under either spelling."""
        if not self.owner:
            return "0" * 16
        read = self.call.raw("GET", self.owner).json()
        # One that was deleted may be gone for good.
        return str(read.get("TimeStamp") or read.get("Timestamp") or "0" * 16)

    def plausible(self, body: Any) -> Any:
        """A generated body, with values that exist in this organization, where there are any."""
        if self.path == "/ledgeritems" and isinstance(body, list):
            entry = {"Description": "x", "Amount": 25, "AccountNumber": 1000, "BalancingAccountNumber": 55000}
            return [{"VoucherDate": DAY, "Lines": [entry]}]
        if isinstance(body, list):
            return [self.plausible(item) for item in body]
        if isinstance(body, float):
            return round(max(-100.0, min(body, 100.0)), 2)
        if not isinstance(body, dict):
            return body
        bought = "vouchers" in self.path
        known = {
            "Timestamp": self.stamp() if isinstance(body.get("Timestamp"), str) else None,
            "ContactGuid": self.contact,
            "AccountNumber": 6000 if bought else 1000,
            "BalancingAccountNumber": 55000,
            "DepositAccountNumber": 55000,
            "CountryKey": "DK",
            "Unit": "parts",
            "Currency": "DKK",
            "Language": "da-DK",
            "PaymentMeanEnum": "Domestic",
            "EventId": "invoice.booked",
            "Uri": "https://example.dk/hook",
            "Receiver": "a@b.example",
            "ReceiverPhoneNumber": "+45 35350000",
            "Date": "2026-03-10",
            "VoucherDate": DAY,
            "Message": None,
            "Description": "x",
            **dict.fromkeys(("ProductGuid", "InvoiceTemplateId", "CreditNoteFor", "FileGuid", "VatCode", "Number")),
            **dict.fromkeys(("AccountVatCode", "BalancingAccountVatCode", "IsPaymentForVoucherId", "CurrencyKey")),
            **dict.fromkeys(("PaymentConditionType", "PaymentConditionNumberOfDays", "Guid", "PaymentDate")),
            **dict.fromkeys(("AttPerson", "InvoiceMailOutOptionKey", "From", "To", "ReceiverEanNumber")),
        }
        if self.path.startswith("/webhooks"):
            body = {"EventId": None, "Uri": None}
        if self.path == "/vouchers/purchase/{guid}":
            body = {"Timestamp": "", **body}
            known["Timestamp"] = self.stamp()
        # What only seems optional: a line needs a description, an amount and its accounts.
        if "BaseAmountValue" in body:
            body = {"Description": "x", "Unit": "parts", **body}
        elif "Amount" in body or "BalancingAccountNumber" in body:
            body = {"Description": "x", "AccountNumber": 0, "Amount": 1, **body}
            known["Amount"] = 25
        if "PurchaseType" in body:
            body = {"PaymentDate": None, "RegionKey": None, **body}
            known |= {"PurchaseType": "credit", "PaymentDate": "2026-03-10", "RegionKey": "DK"}
            known["DepositAccountNumber"] = None
        if self.path.endswith("/accounts/entry"):
            known |= {"Number": 1300, "VatCode": "none"}
        if self.path.endswith("/accounts/deposit"):
            known["Number"] = 55500
        if self.path.endswith("/payments"):
            known["PaymentDate"] = "2026-03-10"
        return {
            name: value if isinstance(value, dict) else known[name] if name in known else self.plausible(value)
            for name, value in body.items()
        }
