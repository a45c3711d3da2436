"""One real Airflow and one sandbox for all tests of this folder."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from local import ROOT, Airflow, airflow, connection, free_port, sandbox
from services import installed, postgres

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.auth import token_key
from tests.faulty import Faults, before
from tests.leaks import search, tokens, watched

SCARCE = 5  # requests a minute that the connection dinero_scarce has, which share nothing with the others


class Deployment(NamedTuple):
    """A running Airflow, and the sandbox that its connections lead to."""

    airflow: Airflow
    sandbox: str
    faults: Faults | None  # between the two, if anything is
    scarce: str = ""  # where the connection dinero_scarce has its allowance
    warehouse: Path = Path()  # the SQLite file of the connection warehouse

    def run(self, dag_id: str, **conf: Any) -> dict[tuple[str, int], dict[str, Any]]:
        """Run a DAG to its end and return its task instances by (task_id, map_index)."""
        run_id = self.airflow.trigger(dag_id, **conf)
        return self.ended(dag_id, run_id)

    def ended(self, dag_id: str, run_id: str) -> dict[tuple[str, int], dict[str, Any]]:
        """Wait for the end of a run and return its task instances."""
        return {(each["task_id"], each["map_index"]): each for each in self.airflow.follow(dag_id, run_id)}

    def log(self, instance: dict[str, Any]) -> str:
        """Return the log of all tries of a task instance."""
        place = f"/dags/{instance['dag_id']}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
        tries = range(1, instance["try_number"] + 1)
        params = {"map_index": instance["map_index"], "full_content": "true"}
        return "\n".join(
            json.dumps(self.airflow.call("GET", f"{place}/logs/{number}", params=params), ensure_ascii=False)
            for number in tries
        )

    def returned(self, instance: dict[str, Any]) -> Any:
        """Return what a task returned."""
        place = f"/dags/{instance['dag_id']}/dagRuns/{instance['dag_run_id']}/taskInstances/{instance['task_id']}"
        params = {"map_index": instance["map_index"], "deserialize": "true"}
        return self.airflow.call("GET", f"{place}/xcomEntries/return_value", params=params)["value"]


@pytest.fixture(scope="package")  # what tests of other folders give to their processes is no matter of its search
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    dags = folder / "dags"
    shutil.copytree(ROOT / "example_dags", dags)
    shutil.copytree(Path(__file__).parent / "dags", dags, dirs_exist_ok=True)
    for example in dags.glob("dinero_*.py"):  # what a schedule runs keeps to this folder too
        example.write_text(example.read_text().replace("/data/", f"{folder}/data/"))
    scarce = str(folder / "scarce")
    (dags / "readme.py").write_text(readme_dag(), encoding="utf-8")
    with ExitStack() as stack:
        url = stack.enter_context(
            sandbox(folder, "--requests-per-minute", "10000", "--state", str(folder / "sandbox.db"))
        )
        faults, seen = stack.enter_context(before(url)), stack.enter_context(watched())
        given = {**connections(url, faults.url, scarce), "AIRFLOW_CONN_WAREHOUSE": f"sqlite:///{folder}/warehouse.db"}
        database = f"sqlite:///{folder}/home/airflow.db"
        if installed("postgres"):  # SQLite takes one writer at a time, and lets others starve on a busy machine
            database = f"postgresql+psycopg2://{stack.enter_context(postgres(folder))}"
            given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database
            given["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"] = "50"
        running = stack.enter_context(airflow(folder / "home", dags, **given))
        made = json.loads(connection(url))
        made["extra"]["requests_per_minute"] = 10000
        running.call("POST", "/connections", json={"connection_id": "dinero_in_database", **as_rest(made)})
        yield Deployment(running, url, faults, scarce, folder / "warehouse.db")
        secrets = tokens(folder / "sandbox.db") | {each: each for each in ("sandbox-secret", "sandbox-api-key")}
        assert search(secrets, [folder / "home"], database, processes=seen) == []


@pytest.fixture
def client(deployment: Deployment) -> DineroClient:
    """A client of the deployment's sandbox, beside Airflow."""
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", deployment.sandbox)
    return DineroClient(100001, grant, base_url=deployment.sandbox, requests_per_minute=10000)


def readme_dag() -> str:
    """The first DAG that the README shows."""
    text = (ROOT / "README.md").read_text()
    return re.findall(r"```python\n(from airflow\.sdk import DAG\n.*?)```", text, re.DOTALL)[0]


def connections(url: str, faulty_url: str, scarce: str) -> dict[str, str]:
    """The connections of the tests, as environment variables: the right ones, and one for each thing wrong."""
    personal, visma = json.loads(connection(url)), json.loads(connection(url, "visma_connect"))

    def changed(base: dict[str, Any], extra: dict[str, Any] | None = None, **changes: Any) -> str:
        # All share an allowance, as they should; none has to wait for it.
        return json.dumps({
            **base,
            **changes,
            "extra": {**base["extra"], "requests_per_minute": 10000, **(extra or {})},
        })

    made = {
        "default": changed(personal),
        "visma": changed(visma),
        "wrong_secret": changed(personal, password="wrong"),
        "no_pro": changed(visma, {"organization_id": 100002}),
        "no_api_key": changed(personal, {"api_key": None}),
        "no_organization": changed(visma, {"organization_id": ""}),
        "dead_refresh_token": changed(visma, {"refresh_token": "dead"}),
        "read_only": changed(personal, {"read_only": True}),
        "faulty": changed(personal, host=faulty_url),
        "scarce": changed(personal, {"requests_per_minute": SCARCE, "coordination_url": scarce}),
        "shadowed": changed(personal, {"api_key": "sandbox-api-key-no-pro", "organization_id": 100002}),
        "unreachable": changed(personal, host=f"http://127.0.0.1:{free_port()}"),
    }
    grant = PersonalIntegration(personal["login"], personal["password"], "sandbox-api-key-no-pro", url)
    shadow = token_key(grant, url).upper()
    return {
        f"AIRFLOW_VAR_{shadow}": "not a token",
        **{f"AIRFLOW_CONN_DINERO_{name.upper()}": value for name, value in made.items()},
    }


def as_rest(made: dict[str, Any]) -> dict[str, Any]:
    """A connection as the REST API takes it."""
    return {**made, "extra": json.dumps(made["extra"])}
