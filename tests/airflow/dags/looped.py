"""A task loop of Airflow 3.4: each iteration creates its own invoice."""

from airflow.sdk import DAG, task, task_group

from airflow_provider_dinero.operators.invoices import DineroCreateInvoiceOperator

LINE = {"Description": "Fee", "Quantity": 1, "BaseAmountValue": "200.00", "Unit": "month", "AccountNumber": 1000}


@task_group
def monthly():
    made = DineroCreateInvoiceOperator(
        task_id="invoice", dinero_conn_id="dinero_own", invoice={"ProductLines": [LINE], "Description": "in a loop"}
    )

    @task
    def many() -> list[dict]:
        return [{"invoice": {"ProductLines": [LINE], "Description": f"mapped in a loop, {each}"}} for each in range(2)]

    mapped = DineroCreateInvoiceOperator.partial(task_id="mapped", dinero_conn_id="dinero_own").expand_kwargs(many())

    @task
    def last() -> None: ...

    [made, mapped] >> last()


if hasattr(monthly, "loop"):
    with DAG("looped", schedule=None) as dag:
        monthly.loop(max_iterations=3)
