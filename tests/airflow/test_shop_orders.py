"""The main job: a month of orders, twice."""

import csv
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from local import ROOT, api_requests, outbox

from tests.deployment import Deployment

GROUP = "examples"
MONTH = "2011-06"


Ended = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def ended(deployment: Deployment) -> dict[str, Ended]:
    """What ran at the same time: a month of orders, one without any, and the README's DAG."""
    runs = {
        "month": ("dinero_shop_orders", deployment.airflow.trigger("dinero_shop_orders", month=MONTH)),
        "none": ("dinero_shop_orders", deployment.airflow.trigger("dinero_shop_orders", month="2012-01")),
        "readme": ("one_invoice", deployment.airflow.trigger("one_invoice")),
    }
    return {name: deployment.ended(*run) for name, run in runs.items()}


def orders() -> dict[str, Decimal]:
    """The month's orders and their totals, read here and not by the DAG."""
    with (ROOT / "example_dags/data/chinook/orders.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["order_date"].startswith(MONTH)]
    return {row["order_id"]: Decimal(row["total"]) for row in rows}


def test_a_month_of_orders_is_booked_and_mailed(deployment: Deployment, ended: dict[str, Ended]) -> None:
    first = ended["month"]
    assert {each["state"] for each in first.values()} == {"success"}
    booked = deployment.returned(first["invoices", -1])["Report"]
    assert {each["Key"]: Decimal(each["TotalInclVat"]) for each in booked} == {
        f"chinook-order-{order}": total for order, total in orders().items()
    }
    mails = Counter(each["invoice"] for each in outbox(deployment.sandbox))  # other tests send some too
    assert {each["Guid"]: mails[each["Guid"]] for each in booked} == {each["Guid"]: 1 for each in booked}


@pytest.mark.usefixtures("ended")
def test_the_second_run_makes_nothing_new(deployment: Deployment) -> None:
    def successful_writes() -> int:
        return sum(
            each["method"] != "GET" and each["status"] == 200 and not each["path"].endswith("/token")
            for each in api_requests(deployment.sandbox)
        )

    mails, writes = len(outbox(deployment.sandbox)), successful_writes()
    second = deployment.run("dinero_shop_orders", month=MONTH)
    assert {each["state"] for each in second.values()} == {"success"}
    assert deployment.returned(second["invoices", -1])["unchanged"] == len(orders())
    assert len(outbox(deployment.sandbox)) == mails
    assert successful_writes() == writes


def test_the_dag_of_the_readme_sends_an_invoice(deployment: Deployment, ended: dict[str, Ended]) -> None:
    readme = ended["readme"]
    assert {each["state"] for each in readme.values()} == {"success"}
    invoice = deployment.returned(readme["invoice", -1])
    assert (invoice["Recipients"], invoice["TotalInclVat"]) == (["ida@example.dk"], "100.00")


def test_a_month_without_orders_says_so(deployment: Deployment, ended: dict[str, Ended]) -> None:
    read = ended["none"]["read_orders", -1]
    assert read["state"] == "failed"
    assert "There are no orders in 2012-01" in deployment.log(read)
