"""One cluster for all tests of this folder; its connections are in the metadata database only."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import cluster
from local import ROOT

from tests.airflow.conftest import Deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    dags = tmp_path_factory.mktemp("cluster") / "dags"
    shutil.copytree(ROOT / "example_dags", dags)
    shutil.copytree(Path(__file__).parent / "dags", dags, dirs_exist_ok=True)
    with cluster(ROOT / ".airflow" / "cluster-test", dags, "--refresh-tokens", "one-time") as running:
        running.connect("dinero_default", "personal_integration")
        running.connect("dinero_many", "visma_connect")
        yield Deployment(running.airflow, running.sandbox, None)
