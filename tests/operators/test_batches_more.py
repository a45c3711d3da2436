"""Lists of contacts, products and payments in one task."""

from collections import Counter
from typing import Any

from airflow_provider_dinero.adapters.notes_store import PREFIX, AssetNotes
from airflow_provider_dinero.api.ports import MemoryStateStore
from airflow_provider_dinero.operators.batches import (
    DineroAddPaymentsOperator,
    DineroInvoicesOperator,
    DineroUpsertContactsOperator,
    DineroUpsertProductsOperator,
)
from tests.api.batch_shop import order, orders
from tests.operators.bench import Bench

PAYMENT = {"DepositAccountNumber": 55000, "Description": "Bank"}


def run(bench: Bench, operator: Any, **arguments: Any) -> tuple[Any, Counter[str]]:
    """Run a task, and return its result and its requests."""
    before = len(bench.sandbox.requests())
    told = bench.one(operator, **arguments)
    asked = [each for each in bench.sandbox.requests()[before:] if "token" not in each["path"]]
    return told, Counter(f"{each['method']} {each['path'].partition('?')[0].split('/')[3]}" for each in asked)


def test_contacts(bench: Bench) -> None:
    """Nine by one list; again by one request; and what differs, by three more each."""
    listed = [{**order(number)["contact"], "ExternalReference": f"c-{number}"} for number in range(9)]
    told, asked = run(bench, DineroUpsertContactsOperator, contacts=listed)
    assert (told.returned["created"], asked) == (9, {"GET contacts": 1, "POST contacts": 9})
    told, asked = run(bench, DineroUpsertContactsOperator, contacts=listed)
    assert (told.returned["unchanged"], asked) == (9, {"GET contacts": 1})
    listed[3]["City"] = "Aarhus"
    told, asked = run(bench, DineroUpsertContactsOperator, contacts=listed, only_create=True)
    assert (told.returned["unchanged"], asked) == (9, {"GET contacts": 1})
    told, asked = run(bench, DineroUpsertContactsOperator, contacts=listed, dry_run=True)
    assert (told.returned["updated"], asked) == (1, {"GET contacts": 2})
    told, asked = run(bench, DineroUpsertContactsOperator, contacts=[*listed, {**listed[3], "City": "Odense"}, {}])
    assert "1 of 11 items failed: item 11: " in told.error
    assert asked == {"GET contacts": 4, "PUT contacts": 2}
    told, _ = run(bench, DineroUpsertContactsOperator, contacts=[{**listed[3], "City": "Odense"}])
    assert told.returned["unchanged"] == 1


def test_what_dinero_cannot_be_asked_for_fails_alone(bench: Bench) -> None:
    """A semicolon can't be written in a filter, nor what looks like a blank."""
    odd = ("a;b", "a\u00a0b")
    contacts = [{**order(0)["contact"], "ExternalReference": each} for each in ("good", *odd)]
    product = {"Name": "Bell", "BaseAmountValue": "80", "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
    products = [{**product, "ExternalReference": each} for each in ("good", *odd)]
    (row,) = bench.one(DineroInvoicesOperator, invoices=[order(0)], book=True).returned["Report"]
    payments = [
        {"idempotency_key": "0", "invoice": row["Guid"], "payment": {"Amount": "125"}},
        *({"idempotency_key": each, "external_reference": each, "payment": {"Amount": "1"}} for each in odd),
    ]
    for told in (
        bench.one(DineroUpsertContactsOperator, contacts=contacts),
        bench.one(DineroUpsertProductsOperator, products=products),
        bench.one(DineroAddPaymentsOperator, payments=payments, payment=PAYMENT),
    ):
        assert "2 of 3 items failed" in told.error
        assert "a semicolon" in told.error
    state = bench.sandbox.state()
    assert [state[name] for name in ("contacts", "products", "payments")] == [2, 1, 1]


def test_products(bench: Bench) -> None:
    listed = [
        {
            "ExternalReference": f"p-{number}", "Name": f"Bell {number}", "BaseAmountValue": "80", "Quantity": 1,
            "AccountNumber": 1000, "Unit": "parts",
        }
        for number in range(5)
    ]  # fmt: skip
    told, asked = run(bench, DineroUpsertProductsOperator, products=listed)
    assert not told.errors
    assert (told.returned["created"], asked) == (5, {"GET products": 6, "POST products": 5})
    told, asked = run(bench, DineroUpsertProductsOperator, products=listed)
    assert (told.returned["unchanged"], asked) == (5, {"GET products": 1})
    listed[1]["BaseAmountValue"] = "81"
    assert run(bench, DineroUpsertProductsOperator, products=listed)[0].returned["updated"] == 1
    assert bench.sandbox.state()["products"] == 5


def test_payments(bench: Bench) -> None:
    """Found by Guid, number and ExternalReference; what can't be paid is a row of the report."""
    made = orders(6)
    for number, each in enumerate(made):
        each["invoice"]["ExternalReference"] = f"web-{number // 5}"  # the first five have one
    told = bench.one(DineroInvoicesOperator, invoices=made, book=True)
    guids = [row["Guid"] for row in told.returned["Report"]]
    draft = bench.one(DineroInvoicesOperator, invoices=[order(9)]).returned["Report"][0]["Guid"]
    listed: list[dict[str, Any]] = [
        {"idempotency_key": "bank-1", "invoice": guids[0], "payment": {"Amount": "125"}},
        {"idempotency_key": "bank-2", "number": 2, "payment": {"Amount": "25"}},
        {"idempotency_key": 3, "number": "2", "payment": {"Amount": "100.00"}},
        {"idempotency_key": "bank-4", "external_reference": "web-1", "payment": {"Amount": "125"}},
    ]
    told, asked = run(bench, DineroAddPaymentsOperator, payments=listed, payment=PAYMENT)
    assert told.returned["created"] == 4, told.errors
    assert bench.sandbox.state()["payments"] == 4
    wrong: list[dict[str, Any]] = [
        {"idempotency_key": "bank-5", "external_reference": "web-0", "payment": {"Amount": "125"}},
        {"idempotency_key": "bank-6", "number": 77, "payment": {"Amount": "125"}},
        {"idempotency_key": "bank-7", "number": 6, "payment": {"Amount": "125"}},
        {"idempotency_key": "bank-8", "payment": {"Amount": "125"}},
        {"idempotency_key": "bank-9", "invoice": draft, "payment": {"Amount": "125"}},
    ]
    told, asked = run(bench, DineroAddPaymentsOperator, payments=[*listed, *wrong], payment=PAYMENT)
    reasons = (
        "5 invoices have the ExternalReference web-0: ", "No invoice has the Number 77", "Invoice 6 is already paid",
        "bank-8: The payment needs one of invoice, number, external_reference",
    )  # fmt: skip
    assert "5 of 9 items failed" in told.error
    assert [reason for reason in reasons if reason not in told.error] == []
    assert bench.sandbox.state()["payments"] == 4
    told, asked = run(bench, DineroAddPaymentsOperator, payments=listed, payment=PAYMENT)
    assert (told.returned["unchanged"], asked) == (4, {"GET invoices": 6})


def test_notes_are_stored_as_text_and_read_in_any_form() -> None:
    """A dict is what earlier builds stored; what a person or a missing backend left there is nothing."""
    store = MemoryStateStore()
    notes, kept = AssetNotes(store), {"guid": ["digest", True, ""]}
    notes.set("1", kept)
    assert (store.get(f"{PREFIX}1"), notes.get("1")) == ('{"guid":["digest",true,""]}', kept)
    for value, found in ((kept, kept), ("{", None), ("[]", None), (None, None), ({"__airflow_state_ref__": "x"}, None)):
        store.set(f"{PREFIX}1", value)
        assert notes.get("1") == found
