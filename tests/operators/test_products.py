"""Products."""

from typing import Any

import pytest

from airflow_provider_dinero.operators.products import DineroUpsertProductOperator
from tests.operators.bench import Bench

PRODUCT: dict[str, Any] = {
    "Name": "Plade",
    "ProductNumber": "P-1",
    "ExternalReference": "album-1",
    "BaseAmountValue": "99.95",
    "Quantity": 1,
    "AccountNumber": 1000,
    "Unit": "parts",
}


def upsert(bench: Bench, match_by: str = "ExternalReference", retries: int = 2, **changes: Any) -> Any:
    return bench.one(DineroUpsertProductOperator, product={**PRODUCT, **changes}, match_by=match_by, retries=retries)


def methods(bench: Bench) -> list[str]:
    return [each["method"] for each in bench.sandbox.requests() if "/products" in each["path"]]


def test_an_upsert_creates_once_and_then_changes_only_what_differs(bench: Bench) -> None:
    first = upsert(bench)
    assert first.returned["Change"] == "created"
    assert methods(bench) == ["GET", "POST"]
    again = upsert(bench)
    assert again.returned == {**first.returned, "Change": "unchanged"}
    assert methods(bench) == ["GET", "POST", "GET"]
    assert f"product {first.returned['ProductGuid']} unchanged" in again.log
    changed = upsert(bench, BaseAmountValue="89.95", Comment="På tilbud")
    assert changed.returned == {**first.returned, "Change": "updated"}
    assert upsert(bench, BaseAmountValue=89.95).returned["Change"] == "unchanged"
    # What the author doesn't name stays.
    assert upsert(bench, BaseAmountValue=89.95, Comment="På tilbud").returned["Change"] == "unchanged"
    assert bench.sandbox.state()["products"] == 1


def test_a_product_is_found_by_its_number(bench: Bench) -> None:
    first = upsert(bench)
    renamed = upsert(bench, match_by="ProductNumber", ExternalReference="album-2")
    assert renamed.returned == {**first.returned, "Change": "updated"}
    assert upsert(bench).returned["Change"] == "created"


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(("effect", "ended"), [("reset-after", "success"), ("reset", "failed")])
def test_a_lost_answer_is_looked_for_and_never_sent_again_blindly(bench: Bench, effect: str, ended: str) -> None:
    bench.sandbox.fault(effect, method="POST", path="/**/products", times=1)
    told = upsert(bench)
    assert told.state == ended
    if ended == "failed":  # nothing is to be seen: a person has to look
        assert len(told.errors) == 1
        assert "DineroOutcomeUnknown" in told.log
    assert methods(bench).count("POST") == 1
    assert upsert(bench).state == "success"
    assert bench.sandbox.state()["products"] == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"AccountNumber": 4711}, "Use a number from the organization's chart of accounts"),
        ({"BaseAmuontValue": 1}, "BaseAmuontValue is unknown to Dinero, did you mean BaseAmountValue?"),
        ({"ExternalReference": None}, "The product has no ExternalReference to match by"),
        ({"Unit": "pieces"}, "Unit"),
    ],
)
def test_what_is_wrong_fails_at_once(bench: Bench, changes: dict[str, Any], told: str) -> None:
    failed = upsert(bench, **changes)
    assert (failed.state, len(failed.errors)) == ("failed", 1)
    assert told in failed.error
    assert bench.sandbox.state()["products"] == 0


def test_two_matches_are_an_error_that_names_them(bench: Bench) -> None:
    made = [upsert(bench, ExternalReference=name).returned["ProductGuid"] for name in ("one", "two")]
    failed = upsert(bench, match_by="ProductNumber")
    assert "2 products have the ProductNumber P-1" in failed.error
    assert all(guid in failed.error for guid in made)


def test_a_dry_run_writes_nothing(bench: Bench) -> None:
    told = bench.one(DineroUpsertProductOperator, product=PRODUCT, dry_run=True)
    assert told.returned == {"DryRun": True, "Next": "POST /v1/100001/products"}
    guid = upsert(bench).returned["ProductGuid"]
    told = bench.one(DineroUpsertProductOperator, product={**PRODUCT, "Name": "LP"}, dry_run=True)
    assert told.returned["Next"] == f"PUT /v1/100001/products/{guid}"
    told = bench.one(DineroUpsertProductOperator, product=PRODUCT, dry_run=True)
    assert told.returned == {"DryRun": True, "ProductGuid": guid, "Change": "unchanged"}
