"""Once a week, this DAG calculates how much the customers of each organization owe it.

One Visma Connect authorization gives access to all these organizations. Before you use this DAG, change what it does
for each organization (`owed`). Every operator takes `organization_id` in the same way. Also change the connection
`dinero_visma`: its grant must be Visma Connect, and a user with access to all the organizations must have authorized
it. To include only some of them, set `allowed_organizations` in the connection.

Organizations without Dinero Pro have no API, so the DAG leaves them out. Each organization has its own allowance of 100
requests a minute.
"""

from typing import Any

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.call import DineroOperator

CONN_ID = "dinero_visma"

with DAG(
    "dinero_many_organizations",
    description="Every organization of one Visma Connect authorization → what its customers owe",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 7 * * 1", timezone="Europe/Copenhagen"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    default_args={"retries": 2, "retry_delay": 5, "dinero_conn_id": CONN_ID},
    tags=["dinero", "example"],
) as dag:
    organizations = DineroOperator(task_id="organizations", operation="organizations.list")

    @task
    def with_pro(found: list[dict[str, Any]]) -> list[int]:
        """Return the numbers of the organizations that have an API."""
        return [each["Id"] for each in found if each["IsPro"]]

    @task(map_index_template="{{ organization_id }}", multiple_outputs=False)
    def owed(organization_id: int) -> dict[str, Any]:
        """Return what an organization's customers owe it, and how much of that is overdue."""
        client = DineroHook(CONN_ID, organization_id).get_conn()
        unpaid = list(client.invoices.list(status=["Booked", "Overdue"], fields=["TotalInclVatInDkk", "Status"]))
        late = [each for each in unpaid if each["Status"] == "Overdue"]
        return {
            "organization": organization_id,
            "unpaid": str(sum(each["TotalInclVatInDkk"] for each in unpaid)),
            "overdue": str(sum(each["TotalInclVatInDkk"] for each in late)),
        }

    owed.expand(organization_id=with_pro(organizations.output))
