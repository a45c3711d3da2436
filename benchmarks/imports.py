"""What importing all operators, sensors and the hook costs over `airflow.sdk` alone, in cold processes.

Beside it, in the same run, Airflow's own HTTP hook, operator and sensor, as a ratio.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from airflow_provider_dinero.get_provider_info import get_provider_info

SDK = "from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator, PokeReturnValue, task"
# All that a DAG may import, as Airflow is told of it.
OURS = tuple(
    module
    for kind in ("hooks", "operators", "sensors")
    for each in get_provider_info()[kind]  # type: ignore[no-untyped-call]
    for module in each["python-modules"]
)
PEER = (
    "airflow.providers.http.hooks.http",
    "airflow.providers.http.operators.http",
    "airflow.providers.http.sensors.http",
)
RUNS = 7
BUDGET_MS = 25.0
PROGRAM = """
{sdk}
import time
begin = time.perf_counter()
{imports}
print((time.perf_counter() - begin) * 1000)
"""


def cost(modules: tuple[str, ...]) -> float:
    """Return the milliseconds that the modules cost over airflow.sdk: the median of cold processes."""
    program = PROGRAM.format(sdk=SDK, imports="\n".join(f"import {module}" for module in modules))
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "AIRFLOW_HOME": str(Path(".airflow", "bench").absolute())}
    figures = [
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout for _ in range(RUNS)
    ]
    return statistics.median(map(float, figures))


def main() -> None:
    """Measure, and fail when the median is over the budget."""
    ours, peer = cost(OURS), cost(PEER)
    print(f"airflow-provider-dinero {ours:6.1f} ms (budget {BUDGET_MS:.0f} ms)")
    print(f"providers-http          {peer:6.1f} ms, ratio {ours / peer:.3f}")
    sys.exit(ours > BUDGET_MS)


if __name__ == "__main__":
    main()
