"""What documents are known by may never change: another Guid would be a second document."""

import pytest

from airflow_provider_dinero.api.bodies.comparison import differences
from airflow_provider_dinero.api.bodies.idempotency import guid_for, reference_for


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
