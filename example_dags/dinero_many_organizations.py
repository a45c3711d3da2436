"""Once a week, list what each organization of one Visma Connect authorization is owed.

What to change: what is done for each organization (`owed`; any operator takes `organization_id` in the same way), and
the connection `dinero_visma`. Its grant is Visma Connect, and a user who has access to all organizations has authorized
it. Its `allowed_organizations` limits it to some of them.

Organizations without Dinero Pro have no API, and are left out. Each organization has its own allowance of 100 requests
a minute.
"""

from typing import Any

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable, task

from airflow_provider_dinero.hooks.dinero import DineroHook
from airflow_provider_dinero.operators.call import DineroOperator

CONN_ID = "dinero_visma"

with DAG(
    "dinero_many_organizations",
    description="Every organization of one Visma Connect authorization → what it is owed",
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
