"""The cost of importing the hook, all operators, sensors and transfers over `airflow.sdk` alone, in cold processes.

Compiled beforehand, as pip does when it installs a package. The best of several runs, since all that other processes
do beside it can only add to it.

Beside it, in turns, Airflow's own HTTP hook, operator and sensor, as a ratio.
"""

import os
import subprocess
import sys
from pathlib import Path

from airflow_provider_dinero.get_provider_info import get_provider_info

SDK = "from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator, PokeReturnValue, task"
# Everything that a DAG may import, as registered with Airflow.
INFO = get_provider_info()  # type: ignore[no-untyped-call]
OURS = (
    *(module for kind in ("hooks", "operators", "sensors") for each in INFO[kind] for module in each["python-modules"]),
    *(each["python-module"] for each in INFO["transfers"]),
)
PEER = (
    "airflow.providers.http.hooks.http",
    "airflow.providers.http.operators.http",
    "airflow.providers.http.sensors.http",
)
RUNS = 7
BUDGET_MS = 25.0
RATIO = 0.13  # the same on the machine of the README's figures, and on a slower or busy one
PROGRAM = """
{sdk}
import time
begin = time.perf_counter()
{imports}
print((time.perf_counter() - begin) * 1000)
"""


def cost(modules: tuple[str, ...]) -> float:
    """Return the milliseconds that importing the modules takes over airflow.sdk, in a cold process."""
    program = PROGRAM.format(sdk=SDK, imports="\n".join(f"import {module}" for module in modules))
    folder = Path(".airflow", "bench").absolute()
    environment = {**os.environ, "AIRFLOW_HOME": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def main(slack: float) -> None:
    """Measure, and fail if the cost is over a budget; the slack applies to the milliseconds, not to the ratio."""
    runs = [(cost(OURS), cost(PEER)) for _ in range(RUNS + 1)][1:]  # the first one compiles
    ours, peer = (min(each) for each in zip(*runs, strict=True))
    print(f"airflow-provider-dinero {ours:6.1f} ms (budget {BUDGET_MS * slack:.0f} ms)")
    print(f"providers-http          {peer:6.1f} ms, ratio {ours / peer:.3f} (at most {RATIO})")
    sys.exit(ours > min(BUDGET_MS * slack, RATIO * peer))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
