"""The measured facts about the real Dinero, line by line: section 11 of the facts that the sandbox is built from.

Each test names its line. docs/fidelity.md says how certain each is.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_dinero.sandbox.server import running

from .bookkeeper import CASH, CREDIT, LINES, Bookkeeper
from .causes_books import item, post
from .conftest import Caller, Clock, Draft, line, personal_token

DRAFT_NUMBER = 9223372036854775807
BOX = {"ledger_post_seconds": 0, "ledger_booking_seconds": 0, "requests_per_minute": 10_000}


def sandbox(**switches: Any) -> Any:
    return running(**{"clock": Clock(), **BOX, **switches})


def caller(box: Any) -> Caller:
    return Caller(box, personal_token(box))


def sale(amount: float | str, **more: Any) -> list[dict[str, Any]]:
    return [{"AccountNumber": 55000, "BalancingAccountNumber": 1000, "Amount": amount, **more}]


def test_line_1_amounts_of_ledger_lines_are_gross() -> None:
    with sandbox() as box:
        call = caller(box)
        booked = Bookkeeper(call, "").ledger(Lines=sale(1249.96))
        sums = Bookkeeper(call, "").sums(booked["Guid"])
        assert sums == {"55000": Decimal("1249.96"), "1000": Decimal("-999.97"), "64000": Decimal("-249.99")}


@pytest.mark.parametrize(("amounts", "bank"), [("net", "1562.45"), ("gross", "1249.96")])
def test_line_1_of_manual_vouchers_only_the_document_speaks(amounts: str, bank: str) -> None:
    with sandbox(manual_sales_amounts=amounts) as box:
        call = caller(box)
        booked = Bookkeeper(call, "").manual(Lines=sale(1249.96))
        assert Bookkeeper(call, "").sums(booked["Guid"])["55000"] == Decimal(bank)


def test_line_2_the_terms_paid_settle_nothing(call: Caller, booked: Draft) -> None:
    invoice = booked(line(100), PaymentConditionType="Paid")
    assert (invoice["PaymentStatus"], invoice["Status"]) == ("Booked", "Booked")
    assert (invoice["PaymentConditionType"], invoice["PaymentDate"]) == ("NettoCash", invoice["Date"])
    found = call("GET", f"/invoices/{invoice['Guid']}/payments", version="v2")
    assert (found["Payments"], found["RemainingAmount"]) == ([], Decimal(125))
    assert {str(each["AccountNumber"]) for each in call("GET", "/entries")} == {"56000", "1000", "64000"}


def test_line_3_vouchers_are_numbered_by_year_and_invoices_over_the_years(call: Caller, contact: str) -> None:
    keeper = Bookkeeper(call, contact)
    invoices = [
        keeper.invoice(Date=day, ProductLines=[{"AccountNumber": 1000, "BaseAmountValue": 1}])["Number"]
        for day in ("2025-12-30", "2026-01-02")
    ]
    assert invoices == [1, 2]
    numbers = [
        made["VoucherNumber"]
        for day in ("2025-12-30", "2025-12-31", "2026-01-02", "2026-01-03", "2027-01-01")
        for made in (
            keeper.manual(VoucherDate=day, Lines=sale(1)),
            keeper.purchase(**CASH, VoucherDate=day, Lines=LINES),
        )
    ]
    assert numbers == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
    assert keeper.credit_note({"Guid": call("GET", "/invoices")["Collection"][0]["Guid"]})["Number"] == 3


@pytest.mark.parametrize("meaning", ["kept", "grouping"])
def test_line_3_a_voucher_number_that_is_posted_again(meaning: str) -> None:
    with sandbox(ledger_voucher_number=meaning) as box:
        call = caller(box)
        keeper = Bookkeeper(call, "")
        assert keeper.ledger(VoucherNumber=1, Lines=sale(1))["VoucherNumber"] == 1
        if meaning == "kept":
            assert post(call, item(VoucherNumber=1)).json()["code"] == 42
        else:
            assert keeper.ledger(VoucherNumber=1, Lines=sale(1))["VoucherNumber"] == 2


@pytest.mark.parametrize("number", ["12345678", "1234567", "DK12345674", "12 34 56 74", "\u0661" * 8])
def test_line_4_a_danish_vat_number_is_checked(call: Caller, contact: str, number: str) -> None:
    body = {"Name": "Cykelbud", "CountryKey": "DK", "VatNumber": number}
    for method, path in (("POST", "/contacts"), ("PUT", f"/contacts/{contact}")):
        answer = call(method, path, 400, json=body)
        assert (answer["code"], set(answer["validationErrors"])) == (42, {"VatNumber"})
        call(method, path, json={**body, "VatNumber": "12345674"})


@pytest.mark.parametrize(
    ("country", "number", "checked"),
    [("DE", "12345678", 400), ("DE", "DE136695976", 200), ("GR", "EL094259216", 200), ("US", "12-3456789", 200)],
)
def test_line_4_a_foreign_one_by_a_switch(call: Caller, country: str, number: str, checked: int) -> None:
    body = {"Name": "Fahrrad", "CountryKey": country, "VatNumber": number}
    call("POST", "/contacts", json=body)
    with sandbox(foreign_vat_numbers="checked") as box:
        caller(box)("POST", "/contacts", checked, json=body)


@pytest.mark.parametrize("path", ["/invoices", "/sales", "/sales/creditnotes"])
def test_line_5_lists_number_a_draft_with_the_largest_int64(call: Caller, contact: str, path: str) -> None:
    kind = "/invoices" if path == "/sales" else path
    made = call("POST", kind, json={"ContactGuid": contact, "ProductLines": [line()]})
    (row,) = call("GET", path, params={"fields": "Number,Status"})["Collection"]
    assert row == {"Number": DRAFT_NUMBER, "Status": "Draft"}
    assert call("GET", path, params={"freeTextSearch": "922337"})["Collection"] == []
    assert call("GET", f"{kind}/{made['Guid']}")["Number"] == 0


def test_line_6_entries_know_three_voucher_types() -> None:
    with sandbox() as box:
        call = caller(box)
        contact = call("POST", "/contacts", json={"Name": "Cykelbud", "CountryKey": "DK"})["ContactGuid"]
        keeper = Bookkeeper(call, contact)
        sold = keeper.invoice(ProductLines=[{"AccountNumber": 1000, "BaseAmountValue": 100}], Currency="EUR")
        made = {
            keeper.pay(f"/invoices/{sold['Guid']}", Amount=900, AmountInForeignCurrency=125)["Guid"]: "manuel",
            keeper.ledger(Lines=sale(1))["Guid"]: "manuel",
            keeper.manual(Lines=sale(1))["Guid"]: "manuel",
            keeper.purchase(**CASH, Lines=LINES)["Guid"]: "Purchases",
            keeper.credit_note(sold)["Guid"]: "Sales",
            sold["Guid"]: "Sales",
        }
        entries = keeper.entries()
        assert {entry["VoucherGuid"]: entry["VoucherType"] for entry in entries} == made
        # The exchange difference is in the payment's voucher.
        assert {entry["VoucherType"] for entry in entries if entry["AccountNumber"] == 9470} == {"manuel"}


@pytest.mark.parametrize("moves", [False, True])
def test_line_7_falling_due_moves_no_updated_at(moves: bool) -> None:
    clock = Clock()
    with sandbox(clock=clock, overdue_moves_updated_at=moves, token_lifetime=10**6) as box:
        call = caller(box)
        contact = call("POST", "/contacts", json={"Name": "Cykelbud", "CountryKey": "DK"})["ContactGuid"]
        keeper = Bookkeeper(call, contact)
        body = {"ProductLines": [{"AccountNumber": 1000, "BaseAmountValue": 1}]}
        late = keeper.invoice(**body, PaymentConditionType="NettoCash")
        since = {"changesSince": "2026-03-11T00:00:00Z", "fields": "Guid,UpdatedAt"}
        assert call("GET", "/invoices", params=since)["Collection"] == []
        clock.forward(days=1)
        found = call("GET", "/invoices", params=since)["Collection"]
        assert found == ([{"Guid": late["Guid"], "UpdatedAt": "2026-03-11T00:00:00.000"}] if moves else [])
        (overdue,) = call("GET", "/invoices", params={"statusFilter": "Overdue", "fields": "Guid"})["Collection"]
        assert overdue == {"Guid": late["Guid"]}


def test_line_8_a_filter_by_contact_can_be_slow() -> None:
    with sandbox(contact_filter_seconds=1.0) as box:
        call = caller(box)
        contact = call("POST", "/contacts", json={"Name": "Cykelbud", "CountryKey": "DK"})["ContactGuid"]
        for query, slow in (({}, False), ({"queryFilter": f"ContactGuid eq '{contact}'"}, True)):
            started = time.monotonic()
            call("GET", "/invoices", params=query)
            assert (time.monotonic() - started > 0.9) == slow


def test_line_8_page_0_is_the_newest(call: Caller, booked: Draft) -> None:
    booked(Description="old"), booked(Description="new")
    (row,) = call("GET", "/invoices", params={"pageSize": 1})["Collection"]
    assert row["Description"] == "new"


def test_line_9_a_refund_is_a_negative_payment_of_the_invoice(call: Caller, contact: str, booked: Draft) -> None:
    keeper, invoice = Bookkeeper(call, contact), booked(line(100))
    path = f"/invoices/{invoice['Guid']}"
    keeper.pay(path, Amount=125)
    keeper.credit_note(invoice)
    assert call("GET", path)["PaymentStatus"] == "OverPaid"
    refund = keeper.pay(path, Amount=-125)
    assert keeper.sums(refund["Guid"]) == {"55000": Decimal(-125), "56000": Decimal(125)}
    assert call("GET", path)["PaymentStatus"] == "Paid"
    assert call("GET", f"{path}/payments", version="v2")["RemainingAmount"] == 0
    assert keeper.report("saldo").get("56000", 0) == keeper.report("saldo").get("55000", 0) == 0


def test_line_10_a_personal_integration_lists_contacts(call: Caller, contact: str) -> None:
    assert [row["contactGuid"] for row in call("GET", "/contacts")["Collection"]] == [contact]


def test_line_10_the_scope_read_suffices_for_reading(call: Caller) -> None:
    form = {"grant_type": "password", "scope": "read", "username": "sandbox-api-key", "password": "sandbox-api-key"}
    url = f"{call.sandbox.url}/dineroapi/oauth/token"
    token = requests.post(url, auth=("personal-sandbox", "sandbox-secret"), data=form, timeout=10).json()
    reader = Caller(call.sandbox, token["access_token"])
    assert reader("GET", "/contacts")["Collection"] == []
    assert reader.code("POST", "/contacts", 403, json={"Name": "Bo", "CountryKey": "DK"}) == 41


@pytest.mark.parametrize(
    ("rounding", "incl_vat", "lines", "sums"),
    [
        ("line", True, [("12.37", 1)] * 3, ("29.70", "7.41", "37.11")),
        ("unit", True, [("12.37", 1)] * 3, ("29.70", "7.41", "37.11")),
        ("document", True, [("12.37", 1)] * 3, ("29.69", "7.42", "37.11")),
        # One line of three: a third is 9.896, all of it 29.688.
        ("line", True, [("12.37", 3)], ("29.69", "7.42", "37.11")),
        ("unit", True, [("12.37", 3)], ("29.70", "7.41", "37.11")),
        ("document", True, [("12.37", 3)], ("29.69", "7.42", "37.11")),
        # Without VAT: 2.4975 of each, 7.4925 of all.
        ("line", False, [("9.99", 1)] * 3, ("29.97", "7.50", "37.47")),
        ("unit", False, [("9.99", 3)], ("29.97", "7.50", "37.47")),
        ("document", False, [("9.99", 1)] * 3, ("29.97", "7.49", "37.46")),
    ],
)
def test_line_11_vat_is_rounded_line_by_line(
    rounding: str, incl_vat: bool, lines: list[tuple[str, int]], sums: tuple[str, ...]
) -> None:
    with sandbox(vat_rounding=rounding) as box:
        call = caller(box)
        contact = call("POST", "/contacts", json={"Name": "Cykelbud", "CountryKey": "DK"})["ContactGuid"]
        keeper = Bookkeeper(call, contact)
        product_lines = [
            {"AccountNumber": 1000, "BaseAmountValue": float(amount), "Quantity": quantity}
            for amount, quantity in lines
        ]
        booked = keeper.invoice(ProductLines=product_lines, ShowLinesInclVat=incl_vat)
        assert tuple(str(booked[f"Total{name}"]) for name in ("ExclVat", "Vat", "InclVat")) == sums
        excl, vat, incl = map(Decimal, sums)
        assert keeper.sums(booked["Guid"]) == {"1000": -excl, "64000": -vat, "56000": incl}


@pytest.mark.parametrize("path", ["/accountingYears", "/LEDGERITEMS/ledgers", "/Contacts/", "/Invoices/Templates"])
def test_line_12_routes_are_matched_in_any_case(call: Caller, path: str) -> None:
    if path.startswith("/LEDGER"):
        assert call("POST", path, json=[]) == []
    else:
        assert call("GET", path) is not None
    root = call.sandbox.url
    assert requests.get(f"{root}/_SANDBOX/requests", timeout=10).status_code == 404


def test_line_12_an_account_number_may_be_text(call: Caller, draft: Draft) -> None:
    invoice = call("GET", "/invoices/" + draft(line(account="1000"))["Guid"])  # type: ignore[arg-type]
    assert invoice["ProductLines"][0]["AccountNumber"] == 1000
    assert call.code("POST", "/invoices", json={"ProductLines": [line(account="0x3e8")]}) == 42  # type: ignore[arg-type]
    # All other numbers may not.
    assert call.code("POST", "/invoices", json={"ProductLines": [line("100")]}) == 42


def test_line_12_an_upload_part_needs_no_name(call: Caller) -> None:
    for disposition in ('filename="a.pdf"', 'filename="a.pdf"; name=""'):
        body = f"--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n%PDF\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        guid = call("POST", "/files", data=body, headers=headers)["FileGuid"]
        assert call.raw("GET", f"/files/{guid}").content == b"%PDF"


@pytest.mark.parametrize("kind", ["text", "Text", "PRODUCT"])
def test_line_12_a_line_type_may_be_in_any_case(call: Caller, draft: Draft, kind: str) -> None:
    invoice = call("GET", "/invoices/" + draft(line(LineType=kind))["Guid"])
    assert invoice["ProductLines"][0]["LineType"] == kind.capitalize()


def test_line_13_fields_beyond_the_document(call: Caller, contact: str, booked: Draft) -> None:
    booked(line(100))
    (row,) = call("GET", "/contacts", params={"fields": "IsDebitor,isCreditor"})["Collection"]
    assert row == {"IsDebitor": True, "isCreditor": False}
    accounts = call("GET", "/accounts/entry", params={"fields": "AccountNumber,IsDefaultSalesAccount"})
    assert [each["AccountNumber"] for each in accounts if each["IsDefaultSalesAccount"]] == [1000]
    body = {"Name": "Klokke", "BaseAmountValue": 1, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
    call("POST", "/products", json={**body, "Comment": "lys"})
    assert call("GET", "/products", params={"fields": "Comment"})["Collection"] == [{"Comment": "lys"}]


def test_line_14_shapes_of_an_invoice(call: Caller) -> None:
    body = {"Name": "Cykelbud", "CountryKey": "DK", "Street": "Havnegade 4", "ZipCode": "8000", "City": "Aarhus C"}
    contact = call("POST", "/contacts", json={**body, "VatNumber": "12345674"})["ContactGuid"]
    product = {"Name": "Klokke", "ProductNumber": "K-1", "BaseAmountValue": 1, "Quantity": 1}
    guid = call("POST", "/products", json={**product, "AccountNumber": 1000, "Unit": "parts"})["ProductGuid"]
    lines = [line("29.70", ProductGuid=guid, Description=None)]
    lines[0]["BaseAmountValue"] = 29.7
    made = call("POST", "/invoices", json={"ContactGuid": contact, "ProductLines": lines})
    text = call.raw("GET", f"/invoices/{made['Guid']}").text
    for part in ('"BaseAmountValue":29.7,', '"Quantity":1.0,', '"TotalVat":7.43,', '"Comment":""'):
        assert part in text
    invoice = json.loads(text)
    assert invoice["Address"] == "Havnegade 4\n8000 Aarhus C\nCvr-nr.: 12345674"
    assert invoice["ProductLines"][0]["Description"] == "K-1 - Klokke"
    assert [each["Label"] for each in invoice["TotalLines"]] == ["Subtotal", "Moms (25,00%)", "Total DKK"]
    english = call("POST", "/invoices/fetch", json={"ProductLines": [line()], "Language": "en-GB"})
    assert english["TotalLines"][1]["Label"] == "VAT (25.00%)"
    free = call("POST", "/invoices/fetch", json={"ProductLines": [line(1, 1050)]})
    assert [each["Type"] for each in free["TotalLines"]] == ["Total"]


def test_line_15_texts_of_errors(call: Caller, draft: Draft) -> None:
    answer = call("POST", "/contacts", 400, json={"CountryKey": "XX"})
    assert answer["languageSpecificMessages"] == [{"property": "Name", "message": "Feltet Name skal udfyldes."}]
    answer = call("POST", "/contacts", 400, json={"Name": "Bo", "CountryKey": "XX"})
    assert answer["languageSpecificMessages"][0]["message"] == "Værdien i feltet CountryKey er ugyldig."
    guid = draft()["Guid"]
    call("DELETE", f"/invoices/{guid}")
    answer = call("DELETE", f"/invoices/{guid}", 400)
    assert (answer["code"], answer["message"]) == (65, "You cannot make changes, the invoice is deleted.")
    for expression, text in (("Balance eq '1'", "Unsupported Property"), ("Name eq 1", "Could not parse value input")):
        answer = call("GET", "/contacts", 400, params={"queryFilter": expression})
        assert (answer["code"], answer["message"].startswith(text)) == (46, True)


@pytest.mark.parametrize("path", ["/invoices", "/sales", "/tradeoffers"])
def test_line_15_an_unsupported_sort_is_500_without_a_body(call: Caller, path: str) -> None:
    response = call.raw("GET", path, params={"sort": "Weather"})
    assert (response.status_code, response.content) == (500, b"")


@pytest.mark.parametrize("status", [400, 415])
def test_line_15_the_status_for_a_wrong_file_type_is_a_switch(status: int) -> None:
    with sandbox(file_type_status=status) as box:
        assert caller(box).code("POST", "/files", status, files={"file": ("a.txt", b"x")}) == 67


def test_line_16_drafts_of_uploaded_pdfs() -> None:
    with sandbox(drafts_from_uploads=True) as box:
        call = caller(box)
        receipt, photo = (
            call("POST", "/files", files={"file": (name, b"x")})["FileGuid"] for name in ("a.pdf", "a.png")
        )
        (draft,) = call("GET", f"/vouchers/purchase/fileguid/{receipt}")
        assert call("GET", f"/vouchers/purchase/fileguid/{photo}") == []
        read = call("GET", f"/vouchers/purchase/{draft}")
        assert (read["Status"], read["ExternalReference"], read["FileGuid"]) == ("Draft", None, receipt)
        body = {**CASH, "Lines": LINES, "FileGuid": receipt}
        ours = call("POST", "/vouchers/purchase", version="v1.2", json=body)["Guid"]
        assert call("GET", f"/vouchers/purchase/fileguid/{receipt}") == [ours]
        assert call.code("GET", f"/vouchers/purchase/{draft}", 404) == 40


def test_line_17_a_unit_that_one_account_refuses_is_a_switch(call: Caller) -> None:
    body = {"ProductLines": [line(Unit="hours")]}
    call("POST", "/invoices", json=body)
    with sandbox(hours_unit="refused") as box:
        assert caller(box).code("POST", "/invoices", json=body) == 42


def test_line_17_client_credentials_are_unsupported(call: Caller) -> None:
    form = {"grant_type": "client_credentials", "client_id": "isv_sandbox", "client_secret": "sandbox-secret"}
    answer = requests.post(f"{call.sandbox.url}/connect/token", data={**form, "tenant_id": "1"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("answers", ["gone", "v2"])
def test_line_18_payments_of_v1_are_a_switch(answers: str) -> None:
    with sandbox(v1_invoice_payments=answers) as box:
        call = caller(box)
        contact = call("POST", "/contacts", json={"Name": "Cykelbud", "CountryKey": "DK"})["ContactGuid"]
        sold = Bookkeeper(call, contact).invoice(ProductLines=[{"AccountNumber": 1000, "BaseAmountValue": 100}])
        path = f"/invoices/{sold['Guid']}/payments"
        if answers == "gone":
            assert call.code("GET", path, 404) == 40
        else:
            assert call("GET", path) == call("GET", path, version="v2")


def test_line_18_the_legacy_purchase(call: Caller) -> None:
    receipt = call("POST", "/files", files={"file": ("a.pdf", b"x")})["FileGuid"]
    made = call("POST", "/vouchers/purchase", json={"voucherDate": "2026-03-09", "FileGuid": receipt, "Notes": "Paper"})
    assert set(made) == {"VoucherGuid"}
    read = call("GET", f"/vouchers/purchase/{made['VoucherGuid']}")
    assert (read["Status"], read["VoucherDate"], read["FileGuid"]) == ("Draft", "2026-03-09", receipt)


@pytest.mark.parametrize("currency", ["CHF", "PLN", "ISK", "CZK", "HUF", "JPY"])
def test_currencies_of_the_ecb(call: Caller, contact: str, currency: str) -> None:
    keeper = Bookkeeper(call, contact)
    sold = keeper.invoice(Currency=currency, ProductLines=[{"AccountNumber": 1050, "BaseAmountValue": 1234.5}])
    assert (sold["Currency"], sold["TotalInclVat"]) == (currency, Decimal("1234.50"))
    bought = keeper.purchase(**CREDIT, CurrencyKey=currency, Lines=[{"AccountNumber": 2050, "Amount": 1234.5}])
    in_dkk = keeper.sums(sold["Guid"])["56000"]
    assert in_dkk == -keeper.sums(bought["Guid"])["63000"] > 0


@pytest.mark.parametrize(
    ("path", "version", "body", "name"),
    [
        ("/invoices", "v1", {"ProductLines": [line()], "Currency": "XAU"}, "Currency"),
        ("/vouchers/purchase", "v1.2", {**CREDIT, "CurrencyKey": "dkk"}, "CurrencyKey"),
        ("/vouchers/purchase/creditnotes", "v1", {"Currency": "BGN", "Lines": LINES}, "Currency"),
    ],
)
def test_an_unknown_currency_is_refused(call: Caller, path: str, version: str, body: dict[str, Any], name: str) -> None:
    answer = call("POST", path, 400, version=version, json=body)
    assert (answer["code"], set(answer["validationErrors"])) == (42, {name})
