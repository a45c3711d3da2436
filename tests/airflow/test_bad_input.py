"""Bad input fails the task immediately, with one message that says what to do: with a real scheduler and worker."""

import pytest

from tests.deployment import Deployment

# What the log says. All but `unreachable` must fail on their first try, for all their retries.
TOLD = {
    "bad_wrong_secret": "Check the client ID and client secret of the connection",
    "bad_no_instant": "'yesterday' is not an ISO 8601 instant",
    "bad_shadowed": "Remove AIRFLOW_VAR_DINERO_TOKEN__",
    "bad_stale_timestamp": "Look at what has changed. Then, in a DAG, clear the task that created it",
    "bad_unreachable": "Start the sandbox with `dinero-sandbox serve`",
    "plain_wrong_secret": "Check the client ID and client secret of the connection",
}
TRIES = {"bad_unreachable": 2}


@pytest.fixture(scope="module")
def runs(deployment: Deployment) -> dict[str, str]:
    """All DAGs, started at once: run ids by DAG."""
    return {dag_id: deployment.airflow.trigger(dag_id) for dag_id in TOLD}


@pytest.mark.parametrize("dag_id", TOLD)
def test_it_fails_at_once_and_says_what_to_do(deployment: Deployment, runs: dict[str, str], dag_id: str) -> None:
    failed = deployment.ended(dag_id, runs[dag_id])["it", -1]
    assert failed["state"] == "failed"
    assert failed["try_number"] == TRIES.get(dag_id, 1)
    log = deployment.log(failed)
    assert TOLD[dag_id].replace('"', '\\"') in log
    if dag_id.startswith("bad_"):  # of an operator or a sensor: the advice is on its own line, and no frame is ours
        events = deployment.events(failed)
        errors = [error for each in events for error in each.get("error_detail") or ()]
        happened, remedy = errors[0]["exc_value"].splitlines()
        assert [each["event"] for each in events if each.get("level") == "error"][:2] == [happened, remedy]
        ours = [
            frame for error in errors for frame in error["frames"] if "airflow_provider_dinero" in frame["filename"]
        ]
        assert (ours == []) is (dag_id not in TRIES)
    for secret in ("sandbox-secret", "sandbox-api-key", "sandbox-refresh-token"):
        assert secret not in log
