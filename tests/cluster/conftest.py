"""One cluster for all tests of this folder; its connections are in the metadata database only."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import cluster
from local import ROOT

from tests.deployment import Deployment
from tests.leaks import search, tokens, watched


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    dags = tmp_path_factory.mktemp("cluster") / "dags"
    shutil.copytree(ROOT / "example_dags", dags)
    shutil.copytree(Path(__file__).parent / "dags", dags, dirs_exist_ok=True)
    folder, state = ROOT / ".airflow" / "cluster-test", dags.parent / "sandbox.db"
    options = ["--refresh-tokens", "one-time", "--state", str(state)]
    with watched() as seen, cluster(folder, dags, *options) as running:
        running.connect("dinero_default", "personal_integration")
        running.connect("dinero_many", "visma_connect")
        yield Deployment(running.airflow, running.sandbox)
        secrets = {each: each for each in ("sandbox-secret", "sandbox-api-key")}
        # The first refresh token is one that the sandbox's own command line resembles.
        secrets |= {name: token for name, token in tokens(state).items() if token != "sandbox-refresh-token"}
        assert search(secrets, [folder], running.database, running.redis, seen) == []
