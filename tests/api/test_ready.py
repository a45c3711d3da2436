"""A slot is used at once: the preparation of a process's first request is done before."""

import subprocess
import sys
from typing import Any

FIRST = """
import sys, time
from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, Slot, Token

class Store(MemoryTokenStore):
    def load(self, key):
        return Token("stored by another process", time.time() + 3600)

class Budget:
    def reserve(self, key, per_minute, within, who):
        print("requests" in sys.modules, "urllib3.connectionpool" in sys.modules)
        sys.exit()

url = sys.argv[1]
grant = PersonalIntegration("a", "b", "c", url)
client = DineroClient(1, grant, base_url=url, token_store=Store(), budget=Budget())
client.organizations.subscriptions()
"""


def test_nothing_is_imported_between_slot_and_request(sandbox: Any) -> None:
    done = subprocess.run([sys.executable, "-c", FIRST, sandbox.url], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True"]
