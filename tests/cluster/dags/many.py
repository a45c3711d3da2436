"""Many tasks that need more than the allowance of a minute."""

import os
from collections import Counter

from airflow.sdk import DAG, task

from airflow_provider_dinero.hooks.dinero import DineroHook

with DAG("many", schedule=None, max_active_tasks=16) as many:

    @task
    def look(number: int) -> str:
        """Ask Dinero once or twice, and return which worker did it."""
        client = DineroHook("dinero_many").get_conn()
        for _ in range(1 + number % 2):
            client.accounts.deposit()
        return os.environ["DINERO_CLUSTER_PART"]

    @task(multiple_outputs=False)
    def tally(workers: list[str]) -> dict[str, int]:
        """Return how many tasks each worker did."""
        return Counter(workers)

    tally(look.expand(number=list(range(100))))
