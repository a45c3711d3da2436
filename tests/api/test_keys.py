"""The keys that identify documents may never change: another Guid would be a second document."""

from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from airflow_provider_dinero.api.bodies.comparison import differences
from airflow_provider_dinero.api.bodies.idempotency import guid_for, key_text, reference_for
from airflow_provider_dinero.api.errors import DineroInvalidBody


@pytest.mark.parametrize(
    ("given", "guid"),
    [
        ((100001, "invoices", "order-4711"), "1ef3acf6-343d-5248-aca1-b8eee1b52235"),
        ((100001, "invoices", "order-4711", 1), "46276c0d-1c3c-5610-95d0-c9bb3d4e37f4"),
        ((100001, "ledger_items", "payout-1/9001"), "d0c1e4a8-f839-576c-ae49-b16ccefc6b71"),
    ],
)
def test_the_guid_of_a_key(given: tuple[int, str, str], guid: str) -> None:
    assert guid_for(*given) == guid


def test_the_reference_of_a_key() -> None:
    assert reference_for("ø" * 128) == "ø" * 128
    assert reference_for("ø" * 129) == "adc4345e-e6fa-53a0-9fca-c03c24a350fb"


SMALL, LARGE = "1ef3acf6-343d-5248-aca1-b8eee1b52235", "1EF3ACF6-343D-5248-ACA1-B8EEE1B52235"


@pytest.mark.parametrize(
    ("name", "wanted", "there", "differ"),
    [
        ("PaymentConditionType", "Paid", "NettoCash", False),
        ("Comment", "Paid", "x", True),
        ("VoucherDate", "2026-01-02", "2026-01-02T00:00:00", False),
        ("Comment", "2026-01-02", "2026-01-02T00:00:00", True),
        ("ContactGuid", LARGE, SMALL, False),
        ("CreditNoteFor", LARGE, SMALL, False),
        ("ExternalReference", LARGE, SMALL, True),
        ("LineVatCode", None, "none", False),
        ("Comment", "a\r\nb", "a\nb", False),
    ],
)
def test_what_a_value_means_depends_on_its_property(name: str, wanted: str, there: str, differ: bool) -> None:
    assert bool(differences({name: wanted}, {name: there})) is differ


# Texts whose `str()` is Number.FIRST.
Number = Enum("Number", {"FIRST": "A-1"}, type=str)


@pytest.mark.parametrize(
    ("key", "text"),
    [("1.10", "1.10"), ("1.1", "1.1"), ("01001", "01001"), ("1_001", "1_001"), (1001, "1001"), (-1, "-1"),
     (np.int64(1001), "1001"), (np.uint8(7), "7"), (np.str_("A-1"), "A-1"), (Number.FIRST, "A-1"), ("Århus", "Århus")],
)  # fmt: skip
def test_a_key_is_the_text_that_it_is(key: Any, text: str) -> None:
    assert guid_for(100001, "invoices", key) == guid_for(100001, "invoices", text)
    assert key_text(key) == text


@pytest.mark.parametrize(
    "key", [1.10, 1.0, Decimal("1.10"), True, np.float64(1.5), np.bool_(True), b"A-1", None, ["A-1"], UUID(SMALL)]
)
def test_a_key_that_is_neither_text_nor_a_whole_number_is_refused(key: Any) -> None:
    with pytest.raises(DineroInvalidBody, match=rf"not {type(key).__name__}. .* str\(order_number\)"):
        guid_for(100001, "invoices", key)
