"""The plugin in an Airflow without users, and in processes that serve no page."""

import subprocess
import sys

import requests

from tests.deployment import Deployment

IMPORTED = """
import sys
from airflow.sdk.plugins_manager import AirflowPlugin
before = set(sys.modules)
import airflow_provider_dinero.plugin
print(*sorted(set(sys.modules) - before))
"""


def test_where_all_are_admins_nobody_logs_in(deployment: Deployment) -> None:
    page = requests.get(f"{deployment.airflow.url}/dinero/", allow_redirects=False, timeout=30)
    assert page.status_code == 200
    assert "dinero_in_database" in page.text
    assert f'value="{deployment.airflow.url}/dinero/callback"' in page.text


def test_the_plugin_costs_a_process_that_only_loads_it_nothing() -> None:
    answer = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["airflow_provider_dinero.periods", "airflow_provider_dinero.plugin"]
