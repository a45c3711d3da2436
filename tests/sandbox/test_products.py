from __future__ import annotations

from typing import Any

import pytest

from .conftest import Caller, Clock, Draft, line

UNKNOWN = "11111111-2222-4333-8444-555555555555"
BODY = {
    "Name": "Rød cykel",
    "ProductNumber": "C-7",
    "BaseAmountValue": 100.1,
    "Quantity": 3,
    "AccountNumber": 1000,
    "Unit": "parts",
    "Comment": "med kurv",
}


@pytest.fixture
def product(call: Caller) -> str:
    return str(call("POST", "/products", json=BODY)["ProductGuid"])


def test_read(call: Caller, product: str) -> None:
    # 100.10 x 1.25 = 125.125 -> 125.13; 3 x 100.10 = 300.30; 3 x 125.125 = 375.375 -> 375.38
    read = call("GET", f"/products/{product}")
    amounts = ("BaseAmountValueInclVat", "TotalAmount", "TotalAmountInclVat")
    assert [str(read[name]) for name in amounts] == ["125.13", "300.30", "375.38"]
    assert (read["Name"], read["CreatedAt"], read["DeletedAt"]) == ("Rød cykel", "2026-03-10T12:00:00.000", None)
    assert call("GET", f"/products/{UNKNOWN}", 404)["code"] == 40


def test_replace_and_delete(call: Caller, clock: Clock, product: str) -> None:
    clock.forward(seconds=1)
    assert call("PUT", f"/products/{product}", json={**BODY, "Name": "Blå", "Comment": None}) is None
    read = call("GET", f"/products/{product}")
    assert (read["Name"], read["Comment"], read["UpdatedAt"]) == ("Blå", None, "2026-03-10T12:00:01.000")
    call("DELETE", f"/products/{product}")
    assert call("GET", f"/products/{product}")["DeletedAt"] == "2026-03-10T12:00:01.000"
    assert call.code("PUT", f"/products/{product}", json=BODY) == 65
    assert call.code("DELETE", f"/products/{product}") == 65


@pytest.mark.parametrize(
    ("change", "code"), [({"AccountNumber": 4711}, 77), ({"Unit": "stk"}, 42), ({"Comment": "x" * 129}, 42)]
)
def test_refused(call: Caller, change: dict[str, Any], code: int) -> None:
    assert call.code("POST", "/products", json={**BODY, **change}) == code


def test_list(call: Caller, clock: Clock, product: str) -> None:
    clock.forward(seconds=1)
    call("POST", "/products", json={**BODY, "Name": "Blå", "ProductNumber": None, "ExternalReference": "shop 1"})

    def names(**query: str) -> list[str]:
        return [row["Name"] for row in call("GET", "/products", params=query)["Collection"]]

    assert names() == ["Blå", "Rød cykel"]
    assert names(freeTextSearch="c-7") == ["Rød cykel"]
    assert names(queryFilter="ExternalReference eq 'Shop 1'") == ["Blå"]
    assert names(changesSince="2026-03-10T12:00:01Z") == ["Blå"]
    assert set(call("GET", "/products")["Collection"][0]) == {"Name", "ProductGuid"}


def test_line_of_a_product(call: Caller, draft: Draft, product: str) -> None:
    created = draft(line(90, Description=None, ProductGuid=product))
    (read,) = call("GET", f"/invoices/{created['Guid']}")["ProductLines"]
    assert (read["Description"], read["Comments"], str(read["TotalAmount"])) == ("C-7 - Rød cykel", "med kurv", "90.00")
    assert read["ProductGuid"] == product
    call("DELETE", f"/products/{product}")
    body = {"ProductLines": [line(Description=None, ProductGuid=product)]}
    assert call.code("POST", "/invoices", json=body) == 42
