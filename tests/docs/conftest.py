"""The bench of the operators runs the DAGs of the docs too."""

from tests.operators.conftest import bench, beside, execution_api, hurried
from tests.sensors.conftest import at_once

__all__ = ["at_once", "bench", "beside", "execution_api", "hurried"]
