"""Steps that a person must approve, with a real scheduler, which skips nothing in mapped groups by itself."""

import time

from airflow_provider_dinero.api import DineroClient, eq
from tests.deployment import Deployment

DAG, GROUP = "approvals", "books"
# By task and map index, what a person answers.
ANSWERS = {
    ("each.approve", 0): "Approve",
    ("each.approve", 1): "Reject",
    ("each.approve", 2): "Approve",
    ("asked", 0): "Reject",
    ("asked", 1): "Approve",
}


def test_only_what_a_person_approved_is_done(deployment: Deployment, client: DineroClient) -> None:
    contact = client.contacts.upsert(
        {"ExternalReference": "approvals", "Name": "Approvals", "CountryKey": "DK", "IsPerson": True},
        match_by="ExternalReference",
    )
    run_id = deployment.airflow.trigger(DAG, contact=contact["ContactGuid"])
    end, answered = time.monotonic() + 300, set[tuple[str, int]]()
    while answered != set(ANSWERS):
        assert time.monotonic() < end
        time.sleep(2)
        states = {
            (each["task_id"], each["map_index"]): each["state"] for each in deployment.airflow.instances(DAG, run_id)
        }
        waiting = {place for place in ANSWERS if states.get(place) == "awaiting_input"} - answered
        if waiting | answered != set(ANSWERS):  # all at once: no person answers within a second either
            continue
        time.sleep(8)
        for task_id, index in waiting:
            place = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task_id}/{index}/hitlDetails"
            chosen = {"chosen_options": [ANSWERS[task_id, index]], "params_input": {}}
            deployment.airflow.call("PATCH", place, json=chosen)
            answered.add((task_id, index))
    ended = deployment.ended(DAG, run_id)
    state = {place: each["state"] for place, each in ended.items()}
    assert [state["each.book", index] for index in range(3)] == ["success", "skipped", "success"]
    booked = [client.invoices.get(deployment.returned(ended["each.draft", index])["Guid"]) for index in range(3)]
    assert [each["Status"] for each in booked] == ["Booked", "Draft", "Booked"]
    assert [state["of_own_index", index] for index in range(2)] == ["skipped", "success"]
    assert state["after_late", -1] == "skipped"
    assert "Not approved: nobody answered in time" in deployment.log(ended["after_late", -1])
    names = ["approvals-first", "approvals-second", "approvals-late"]
    there = [len(list(client.contacts.list(filters=eq("ExternalReference", name)))) for name in names]
    assert there == [0, 1, 0]
