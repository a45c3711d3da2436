"""A payout of a payment provider becomes one voucher with three ledger lines: gross, fee and bank.

The amounts of ledger lines include VAT. The three accounts of this example have no VAT, so the lines have the VAT code
"none". Sales of 1543.13 and a fee of 22.38 thus book -1543.13 on account 55020, 22.38 on 6300 and 1520.75 on 55000.
Without "none", Dinero would split VAT off each line, according to the VAT code of its account.

Before you use this DAG, change the three accounts, where the payout comes from (in this example, from the params of the
run, which another system can set when it triggers the DAG), and the connection `dinero_default`.

Each payout is posted only once, even if another run contains it again, because its Id in Dinero is derived from the
number of the payout. Once the payout is booked, you can't change its amounts by running the DAG again. To correct it,
post lines under another number.
"""

from decimal import Decimal
from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_dinero.operators.ledger import DineroPostLedgerItemsOperator

# These accounts are in Dinero's standard chart of accounts. A positive amount is a debit.
PROVIDER_ACCOUNT = 55020  # what the payment provider owes us; the sales were booked here
FEE_ACCOUNT = 6300  # bank charges, which have no VAT
BANK_ACCOUNT = 55000

DAY = "{{ macros.dinero.period_key(dag_run, dag, 'day') }}"  # the day of the run

with DAG(
    "dinero_payout",
    description="Payout of a payment provider → three ledger lines → booked",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),  # the DAG uses its time zone
    params={
        "payout": Param(1001, type="integer", title="Number of the payout, which becomes the voucher number"),
        "paid_on": Param(None, type=["null", "string"], format="date", title="Paid on; empty: the day of the run"),
        "gross": Param("1543.13", type="string", pattern=r"^\d+\.\d{2}$", title="Sold (DKK)"),
        "fee": Param("22.38", type="string", pattern=r"^\d+\.\d{2}$", title="Fee (DKK)"),
    },
    default_args={"retries": 2, "retry_delay": 5},
    tags=["dinero", "example"],
) as dag:

    @task
    def lines_of(today: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the three lines of the voucher, which add up to zero."""
        assert params
        gross, fee = Decimal(params["gross"]), Decimal(params["fee"])
        voucher = {
            "VoucherNumber": params["payout"],
            "VoucherDate": params["paid_on"] or today,
        }
        return [
            {**voucher, "Description": text, "Amount": str(amount), "AccountNumber": account, "AccountVatCode": "none"}
            for text, amount, account in (
                ("Gross", -gross, PROVIDER_ACCOUNT),
                ("Fee", fee, FEE_ACCOUNT),
                ("Bank", gross - fee, BANK_ACCOUNT),
            )
        ]

    DineroPostLedgerItemsOperator(
        task_id="post", lines=lines_of(DAY), idempotency_key="payout-{{ params.payout }}", book=True
    )
