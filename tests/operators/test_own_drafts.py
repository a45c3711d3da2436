"""An untouched draft is updated to the new content of its key: expenses, their credit notes, trade offers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from airflow_provider_dinero.api.errors import DineroConflict
from airflow_provider_dinero.api.resources.documents import OwnDraft
from airflow_provider_dinero.operators.purchase_credit_notes import DineroPurchaseCreditNoteOperator
from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator
from airflow_provider_dinero.operators.trade_offers import DineroCreateTradeOfferOperator
from tests.conftest import line
from tests.operators.bench import Bench
from tests.operators.sales.conftest import failed

OTHER = "exists with other content"


class Kind(NamedTuple):
    """A kind of document.

    :param operator: class
    :param resource: str, the client's attribute
    :param arguments: callable that returns the operator's arguments for an amount and a year
    """

    operator: Any
    resource: str
    arguments: Callable[[str, int], dict[str, Any]]


@pytest.fixture(params=["cash", "receipt", "credit note", "offer"])
def kind(request: pytest.FixtureRequest, beside: Any, tmp_path: Path) -> Kind:
    person = {"Name": "Papirhuset", "CountryKey": "DK", "IsPerson": False, "Email": "a@b.dk"}
    contact = beside.contacts.create(person)["ContactGuid"]
    receipt = tmp_path / "receipt.pdf"
    receipt.write_bytes(b"%PDF-1.4")

    def lines(amount: str) -> list[dict[str, Any]]:
        return [{"Description": "Papir", "Amount": amount, "AccountNumber": 6000}]

    def cash(amount: str, year: int) -> dict[str, Any]:
        paid = {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK"}
        return {"voucher": {**paid, "VoucherDate": f"{year}-11-02", "Lines": lines(amount)}, "book": True}

    def note(amount: str, year: int) -> dict[str, Any]:
        body = {"ContactGuid": contact, "Date": f"{year}-11-02T00:00:00Z", "Lines": lines(amount)}
        return {"credit_note": body, "book": True}

    def offer(amount: str, year: int) -> dict[str, Any]:
        priced = [line(BaseAmountValue=amount)]
        return {"trade_offer": {"ContactGuid": contact, "Date": f"{year}-11-02", "ProductLines": priced}}

    return {
        "cash": Kind(DineroPurchaseVoucherOperator, "purchase_vouchers", cash),
        "receipt": Kind(
            DineroPurchaseVoucherOperator,
            "purchase_vouchers",
            lambda amount, year: {**cash(amount, year), "receipt": str(receipt)},
        ),
        "credit note": Kind(DineroPurchaseCreditNoteOperator, "purchase_credit_notes", note),
        "offer": Kind(DineroCreateTradeOfferOperator, "trade_offers", offer),
    }[request.param]


def test_a_refused_one_is_mended_and_goes_on(bench: Bench, beside: Any, kind: Kind) -> None:
    """In another run; a dry run says so first."""
    wrong = bench.one(kind.operator, **kind.arguments("125.00", 2011), idempotency_key="a")
    if kind.resource != "trade_offers":
        assert "2011" in failed(wrong)
    right = {**kind.arguments("130.00", bench.sandbox.now().year), "idempotency_key": "a"}
    if "voucher" in right and "receipt" not in right:  # the others' first request would be another
        assert bench.one(kind.operator, **right, dry_run=True).returned["Next"].startswith("PUT ")
    told = bench.one(kind.operator, **right)
    assert (told.state, told.returned["Change"]) == ("success", "updated"), told.errors
    there = getattr(beside, kind.resource).get(told.returned["Guid"])
    amounts = {
        each.get("AmountInclVatValue") or each["BaseAmountValue"]
        for each in there.get("Lines") or there["ProductLines"]
    }
    assert amounts == {130}
    if kind.resource == "trade_offers":
        return
    assert there["Status"] != "Draft"
    # What is booked stays.
    assert OTHER in failed(bench.one(kind.operator, **kind.arguments("140.00", 2026), idempotency_key="a"))


def test_what_another_has_touched_stays(bench: Bench, beside: Any, kind: Kind) -> None:
    """The same applies to a draft of another task of the same run; its own task may change it."""
    resource = getattr(beside, kind.resource)

    def arguments(amount: str) -> dict[str, Any]:
        return {**kind.arguments(amount, 2026), **({} if kind.resource == "trade_offers" else {"book": False})}

    with bench.dag() as dag:
        kind.operator.partial(task_id="it", idempotency_key="a").expand_kwargs([
            arguments("125.00"),
            arguments("130.00"),
        ])
    run = bench.run(dag)
    assert [run["it", index].state for index in range(2)] == ["success", "failed"]
    assert OTHER in run["it", 1].error
    guid = run["it", 0].returned["Guid"]
    there = resource.get(guid)
    if kind.resource == "trade_offers":
        beside.trade_offers.email(guid)
    else:
        names = ("PurchaseType", "DepositAccountNumber", "RegionKey", "VoucherDate", "FileGuid", "ContactGuid", "Date")
        content = {name: there[name] for name in names if there.get(name)}
        lines = [{"Description": "Tape", "Amount": "99.00", "AccountNumber": 6000}]
        reference = {"ExternalReference": "a"} if kind.resource == "purchase_vouchers" else {}
        resource.update(guid, {**content, **reference, "Lines": lines})
    assert OTHER in failed(bench.one(kind.operator, **arguments("130.00"), idempotency_key="a"))


def test_an_offer_that_was_sent_stays(beside: Any) -> None:
    """Whoever wrote it last: a customer has seen it."""
    contact = beside.contacts.create({"Name": "Bo", "CountryKey": "DK", "IsPerson": True, "Email": "a@b.dk"})
    offer = {"ContactGuid": contact["ContactGuid"], "ProductLines": [line()], "Guid": str(uuid4())}
    beside.trade_offers.create(offer)
    beside.trade_offers.email(offer["Guid"])
    stamp = beside.trade_offers.get(offer["Guid"])["TimeStamp"]
    own = OwnDraft(datetime.now(UTC) + timedelta(days=1), lambda: stamp)
    with pytest.raises(DineroConflict, match=OTHER):
        beside.trade_offers.create({**offer, "Comment": "other"}, own_draft=own)
