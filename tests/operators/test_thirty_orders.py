"""Thirty orders as shops have them, by the example: the good ones are booked once, the bad ones refused."""

import csv
import importlib.util
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.operators.bench import Bench

EXAMPLES = Path(__file__).parent.parent.parent / "example_dags"
REFUSED = {
    "1013": "VatNumber: 12345678 is not a valid CVR number",
    "1021": "comes to 228.10 DKK, but 228.00 is expected: a difference of -0.10. The document wasn't booked. Correct "
    "its lines or the expected total, which is in DKK and includes VAT, and run it again.",
    "1022": "ProductLines[0].BaseAmountValue: a number is written with a point before the decimals and nothing between "
    "thousands, such as 1250.75, and not '39,95'",
    "1023": "Currency: Unknown currency EURO",
    "1027": "ProductLines[0].Quantity is empty",
    "1028": "such as 1250.75, and not '1.099,00'",
}
MENDED = (
    ("12345678", "31000017"),
    ("39,95", "39.95"),
    ('"79,90"', "79.90"),
    ("EURO", "EUR"),
    ("1.099,00", "1099.00"),
    ("DKK,228.00", "DKK,228.10"),
    ('punkterfri",199.00,,', 'punkterfri",199.00,1,'),
)


def example() -> Any:
    spec = importlib.util.spec_from_file_location("shop_orders", EXAMPLES / "dinero_shop_orders.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def totals(folder: Path) -> dict[str, Decimal]:
    """What the shop says, by the name of the order in Dinero."""
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        return {
            f"bicycles-order-{row['order_id']}": Decimal(row["total"].replace(",", ".")) for row in csv.DictReader(file)
        }


def mend(data: Path) -> None:
    """Correct the six orders, as a person would."""
    for name in ("customers", "orders", "order_lines"):
        place = data / "bicycles" / f"{name}.csv"
        text = place.read_text(encoding="utf-8")
        for wrong, right in MENDED:
            text = text.replace(wrong, right)
        place.write_text(text, encoding="utf-8")


def test_each_good_order_is_booked_once_and_each_bad_one_refused_before(
    bench: Bench, beside: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, there = example(), totals(EXAMPLES / "data" / "bicycles")
    assert len(there) == 30
    bad = {f"bicycles-order-{number}": reason for number, reason in REFUSED.items()}

    def booked() -> dict[str, Any]:
        rows = [row for row in beside.invoices.list() if row["Status"] != "Draft"]
        assert max(Counter(row["ExternalReference"] for row in rows).values()) == 1
        return {row["ExternalReference"]: row for row in rows}

    first = bench.run(module.dag, shop="bicycles", month="2026-10")
    told = first["invoices"]
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert told.error.startswith("6 of 30 items failed: ")
    assert [key for key, reason in bad.items() if f"{key}: " not in told.error or reason not in told.error] == []
    rows = booked()
    assert {key: row["TotalInclVat"] for key, row in rows.items()} == {
        key: total for key, total in there.items() if key not in bad
    }
    assert [rows[key]["Number"] for key in sorted(rows)] == list(range(1, 25))
    euros = {key[-4:] for key, row in rows.items() if row["Currency"] == "EUR"}
    assert euros == {"1005", "1010", "1020"}
    assert rows["bicycles-order-1012"]["Status"] == "Paid"  # nothing to pay
    # Two guests on one address are two people; no text of a shop is a template; a company abroad has no Danish VAT.
    names = {key[-4:]: row["ContactName"] for key, row in rows.items()}
    assert (names["1006"], names["1007"], names["1016"]) == ("Karen Lund", "Mads Lund", "Karen Lund")
    assert (names["1004"], names["1015"]) == ("Café Blå ApS", "Zoë {{ var.value.secret }}")
    saddle = beside.invoices.get(rows["bicycles-order-1006"]["Guid"])["ProductLines"][0]
    assert saddle["Description"] == "Sadel „Blød“ til {{ ti.task_id }} og {% raw %}"
    assert beside.invoices.get(rows["bicycles-order-1005"]["Guid"])["TotalVat"] == 0
    mails = Counter(each["to"] for each in bench.sandbox.outbox())
    assert mails.total() == 24 - 4  # four orders of customers without an address
    assert mails["rechnung@radhaus.example"] == 2

    shutil.copytree(EXAMPLES / "data", tmp_path / "data")
    mend(tmp_path / "data")
    monkeypatch.setattr(module, "DATA", tmp_path / "data")
    again = bench.run(module.dag, shop="bicycles", month="2026-10")
    assert {each.state for each in again.tasks.values()} == {"success"}, again["invoices"].errors
    counts = {name: again["invoices"].returned[name] for name in ("items", "created", "updated", "unchanged")}
    assert counts == {"items": 30, "created": 5, "updated": 1, "unchanged": 24}
    rows = booked()
    assert {key: row["TotalInclVat"] for key, row in rows.items()} == totals(tmp_path / "data" / "bicycles")
    assert len(bench.sandbox.outbox()) == 30 - 4
    assert sorted(row["Number"] for row in rows.values()) == list(range(1, 31))
