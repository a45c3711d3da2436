"""Task loops, from Airflow 3.4 on."""

import pytest
from airflow import __version__

from airflow_provider_dinero.api import DineroClient
from tests.deployment import Deployment


@pytest.mark.skipif(__version__.startswith("3.3."), reason="task loops came with Airflow 3.4")
def test_each_iteration_makes_an_invoice_of_its_own(deployment: Deployment, client: DineroClient) -> None:
    def made() -> int:
        return sum(
            "in a loop" in str(each["Description"]) for each in client.invoices.list(fields=["Guid", "Description"])
        )

    run_id = deployment.airflow.trigger("looped")
    deployment.ended("looped", run_id)
    assert deployment.airflow.state("looped", run_id) == "success"
    assert made() == 3 + 3 * 2
    deployment.airflow.call(
        "POST", "/dags/looped/clearTaskInstances", json={"dry_run": False, "dag_run_id": run_id, "only_failed": False}
    )
    deployment.ended("looped", run_id)
    assert made() == 3 + 3 * 2
