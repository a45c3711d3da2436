"""Two workers on CeleryExecutor share a token and the request allowance. No DAG is changed for it."""

from collections import Counter

import requests
from local import api_requests

from airflow_provider_dinero.sandbox.same_origin_middleware import CONTROL
from tests.deployment import Deployment


def test_a_hundred_tasks_share_one_token_and_the_allowance(deployment: Deployment) -> None:
    requests.delete(f"{deployment.sandbox}/_sandbox/requests", headers=CONTROL, timeout=10).raise_for_status()
    ended = deployment.run("many")
    asked = api_requests(deployment.sandbox)
    assert [each["status"] for each in asked if each["path"] == "/connect/token"] == [200]
    assert Counter(each["status"] for each in asked if each["organization"]) == {200: 150}  # none is 429
    assert {each["state"] for each in ended.values()} == {"success"}
    workers = deployment.returned(ended["tally", -1])
    assert sorted(workers) == ["worker-1", "worker-2"]
    assert sum(workers.values()) == 100


def test_the_main_job_runs_unchanged(deployment: Deployment) -> None:
    ended = deployment.run("dinero_shop_orders")
    assert {each["state"] for each in ended.values()} == {"success"}
