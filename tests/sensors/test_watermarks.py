"""Watermarks of consumers of changes: nothing is skipped, whatever happens to their runs."""

from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient
from airflow_provider_dinero.api.lists.changes import OVERLAP, as_utc, changes_since
from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.commit_changes import DineroCommitChangesOperator
from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from tests.conftest import CONTACT, line
from tests.operators.bench import Bench, Run

FOR_EVER = "2020-01-01T00:00:00Z"
WAIT = {"timeout": 1, "poke_interval": 0.5}


def consumer(bench: Bench, *, fails: bool = False, **arguments: Any) -> Any:
    """A DAG that waits for contacts and uses them."""
    from airflow.sdk import task

    with bench.dag() as dag:
        sensor = DineroChangesSensor(
            task_id="wait",
            **{"resource": "contacts", "initial_since": FOR_EVER, **WAIT, **arguments},
        )

        @task
        def use(changes: dict[str, Any]) -> int:
            if fails:
                raise RuntimeError("what uses the changes fails")
            return int(changes["count"])

        use(sensor.output)
    return dag


def contact(beside: DineroClient, name: str) -> str:
    return str(beside.contacts.create({**CONTACT, "Name": name, "ExternalReference": name})["ContactGuid"])


def told(run: Run) -> list[str]:
    return sorted(run["wait"].returned["created"]) if run["wait"].state == "success" else []


def test_a_run_that_ended_well_commits_its_window(bench: Bench, beside: DineroClient) -> None:
    dag = consumer(bench)
    first = contact(beside, "a")
    assert told(bench.run(dag)) == [first]
    second = contact(beside, "b")
    assert told(bench.run(dag)) == [second]  # the first is in the overlap, and isn't reported again
    again = bench.run(dag)
    assert (again["wait"].state, again["use"].state) == ("failed", "upstream_failed")


def test_a_run_that_failed_sees_its_changes_again(bench: Bench, beside: DineroClient) -> None:
    dag, first = consumer(bench, fails=True), contact(beside, "a")
    assert told(bench.run(dag)) == [first]
    second = contact(beside, "b")
    assert told(bench.run(dag)) == sorted([first, second])


def test_a_run_that_was_deleted_sees_its_changes_again(bench: Bench, beside: DineroClient) -> None:
    dag, first = consumer(bench), contact(beside, "a")
    deleted(bench.run(dag))
    assert told(bench.run(dag)) == [first]


def test_a_run_that_is_cleared_sees_its_changes_again(bench: Bench, beside: DineroClient) -> None:
    dag, first = consumer(bench), contact(beside, "a")
    run = bench.run(dag)
    assert told(run) == told(bench.again(run)) == [first]
    assert bench.run(dag)["wait"].state == "failed"  # the repetition committed it


def test_what_a_run_at_work_was_given_is_not_committed(bench: Bench, beside: DineroClient) -> None:
    dag, first = consumer(bench), contact(beside, "a")
    run = bench.run(dag)
    state_of(run, "running")
    second = contact(beside, "b")
    assert told(bench.run(dag)) == sorted([first, second])
    state_of(run, "success")
    third = contact(beside, "c")
    assert told(bench.run(dag)) == [third]


def test_two_consumers_of_which_one_fails(bench: Bench, beside: DineroClient) -> None:
    good, bad = consumer(bench), consumer(bench, fails=True)
    made: list[str] = []
    for name in "abc":
        made.append(contact(beside, name))
        assert told(bench.run(good)) == [made[-1]]
        assert told(bench.run(bad)) == sorted(made)


def test_an_operator_commits_the_window(bench: Bench, beside: DineroClient) -> None:
    with bench.dag() as dag:
        wait = DineroChangesSensor(
            task_id="wait", **WAIT, resource="contacts", initial_since=FOR_EVER, commit="by_operator"
        )
        DineroCommitChangesOperator(task_id="commit", changes=wait.output, resource="contacts")
    with bench.dag() as other:
        DineroChangesSensor(
            task_id="wait", **WAIT, resource="contacts", consumer=f"{dag.dag_id}.wait", commit="by_operator"
        )
    first = contact(beside, "a")
    run = bench.run(dag)
    assert told(run) == [first]
    assert run["commit"].returned["until"] == run["wait"].returned["until"]
    second = contact(beside, "b")
    assert told(bench.run(other)) == told(bench.run(other)) == [second]  # nobody commits
    assert told(bench.run(dag)) == [second]
    assert bench.run(dag)["wait"].state == "failed"


def test_a_window_of_another_resource_is_refused(bench: Bench) -> None:
    window = {"until": FOR_EVER, "resource": "invoices", "consumer": "x"}
    told = bench.one(DineroCommitChangesOperator, changes=window, resource="contacts", retries=2)
    assert (told.state, len(told.errors)) == ("failed", 1)
    assert "not a window of contacts" in told.error


def test_a_new_consumer_begins_now(bench: Bench, beside: DineroClient) -> None:
    contact(beside, "before")
    dag = consumer(bench, initial_since=None)
    assert bench.run(dag)["wait"].state == "failed"
    after = contact(beside, "after")
    assert told(bench.run(dag)) == [after]


@pytest.mark.usefixtures("hurried")
def test_a_new_consumer_that_finds_dinero_gone_begins_when_it_first_looked(bench: Bench, beside: DineroClient) -> None:
    dag = consumer(bench, initial_since=None, timeout=0)
    bench.sandbox.fault("status", status=503, path="/v2/*/contacts", times=4)
    assert bench.run(dag)["wait"].state == "failed"
    meanwhile = contact(beside, "meanwhile")
    assert meanwhile in told(bench.run(dag))


def test_the_mark_is_there_for_a_person_to_see_and_to_move(bench: Bench, beside: DineroClient) -> None:
    dag, first = consumer(bench), contact(beside, "a")
    bench.run(dag)
    second = contact(beside, "b")
    bench.run(dag)
    (key, value), *others = stored()
    assert not others
    assert key == f"100001.{dag.dag_id}.wait"
    assert value["until"] < value["pending"].popitem()[1]["until"] or value["seen"]
    store(key, {"until": FOR_EVER})
    assert told(bench.run(dag)) == sorted([first, second])


def test_a_mark_that_airflow_deletes_is_taken_from_its_copy(
    bench: Bench, beside: DineroClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The scheduler deletes it while no DAG file refers to the asset: in tests/airflow/test_deploys.py it does."""
    dag = consumer(bench, initial_since=None)
    bench.run(dag)
    begun = changes_since(as_utc(stored()[0][1]["until"]) + OVERLAP)  # what changed before isn't reported
    assert f"has no watermark: it reports what changes after {begun}" in caplog.text
    second = contact(beside, "a")
    assert second in told(bench.run(dag))
    forgotten()
    third = contact(beside, "meanwhile")
    run = bench.run(dag)
    assert third in told(run)
    assert caplog.text.count("It is restored from its copy") == 1
    assert bench.run(dag)["wait"].state == "failed"


def test_a_mark_that_a_person_has_set_back_wins_over_its_copy(bench: Bench, beside: DineroClient) -> None:
    dag, first = consumer(bench), contact(beside, "a")
    bench.run(dag)
    bench.run(dag)
    ((key, value),) = stored()
    store(key, {"until": FOR_EVER})
    assert told(bench.run(dag)) == [first]
    assert value["until"] > FOR_EVER


@pytest.mark.parametrize(
    "wrong", [{"__airflow_state_ref__": "file:///x"}, "2026-01-01", 7, [], {}, {"until": "yesterday"}, {"pending": 1}]
)
def test_what_is_no_mark_is_an_error_and_stays(bench: Bench, beside: DineroClient, wrong: Any) -> None:
    dag = consumer(bench)
    contact(beside, "a")
    bench.run(dag)
    ((key, _),) = stored()
    store(key, wrong)
    run = bench.run(dag)
    assert run["wait"].state == "failed"
    assert f"under {key} isn't a watermark" in run["wait"].error
    assert "[workers] state_store_backend" in run["wait"].error
    assert stored() == [(key, wrong)]


def test_each_organization_has_its_own(bench: Bench, beside: DineroClient) -> None:
    first = contact(beside, "a")
    with bench.dag() as dag:
        from airflow.sdk import task

        @task
        def numbers() -> list[str]:
            return ["100001", "0100001"]

        DineroChangesSensor.partial(
            task_id="wait",
            resource="contacts",
            initial_since=FOR_EVER,
            inlets=[dinero_asset("dinero_default", "contacts")],
        ).expand(organization_id=numbers())
    run = bench.run(dag)
    assert [run["wait", index].returned["created"] for index in range(2)] == [[first], [first]]
    assert [key for key, _ in stored()] == [f"100001.{dag.dag_id}.wait"]


def test_an_asset_that_airflow_does_not_know_is_told(bench: Bench) -> None:
    with bench.dag() as dag:
        DineroChangesSensor.partial(task_id="wait", resource="products", timeout=1).expand(limit=[1])
    error = bench.run(dag)["wait", 0].error
    assert "inlets=[dinero_asset('dinero_default', 'products')]" in error


def test_a_mark_needs_a_connection_that_is_known() -> None:
    with pytest.raises(ValueError, match="without a template"):
        DineroChangesSensor(task_id="wait", dinero_conn_id="{{ params.conn }}")
    DineroChangesSensor(task_id="wait", dinero_conn_id="{{ params.conn }}", changes_since=FOR_EVER)
    with pytest.raises(ValueError, match="on_success or by_operator"):
        DineroChangesSensor(task_id="wait", commit="never")


@pytest.mark.parametrize(
    ("resource", "make"),
    [
        ("products", lambda c: c.products.create(PRODUCT)),
        ("invoices", lambda c: c.invoices.create({"ProductLines": [line()]})),
        ("sales", lambda c: c.invoices.create({"ProductLines": [line()]})),
        ("credit_notes", lambda c: c.credit_notes.create({"ProductLines": [line()]})),
        ("trade_offers", lambda c: c.trade_offers.create({"ContactGuid": contact(c, "a"), "ProductLines": [line()]})),
        ("entries", lambda c: booked(c)),
    ],
)  # fmt: skip
def test_every_resource_can_be_followed(bench: Bench, beside: DineroClient, resource: str, make: Any) -> None:
    dag = consumer(
        bench, resource=resource, initial_since="2026-11-20T00:00:00Z" if resource == "entries" else FOR_EVER
    )
    make(beside)
    first = bench.run(dag)
    assert first["use"].returned >= 1, first["wait"].log
    assert bench.run(dag)["wait"].state == "failed"
    make(beside)
    second = bench.run(dag)
    assert second["use"].returned == first["use"].returned
    assert not set(told(first)) & set(told(second))


def booked(client: DineroClient) -> None:
    lines = [{**LINE, "Description": "Kontingent"}]
    made = client.manual_vouchers.create({"VoucherDate": "2026-01-02", "Lines": lines})
    client.manual_vouchers.book(made["Guid"], timestamp=made["Timestamp"])


PRODUCT = {"BaseAmountValue": 1, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}
LINE = {"Amount": "100.00", "AccountNumber": 55000, "BalancingAccountNumber": 1000, "BalancingAccountVatCode": "none"}


def deleted(run: Run) -> None:
    from airflow.utils.session import create_session

    from tests.operators.bench import row_of

    with create_session() as session:
        session.delete(row_of(run, session))


def state_of(run: Run, state: str) -> None:
    from airflow.utils.session import create_session

    from tests.operators.bench import row_of

    with create_session() as session:
        row_of(run, session).state = state


def stored() -> list[tuple[str, Any]]:
    """What all assets have in their state stores."""
    import json

    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return [(each.key, json.loads(each.value)) for each in session.scalars(select(AssetStateStoreModel))]


def forgotten() -> None:
    """Airflow deletes its data of all assets."""
    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(AssetStateStoreModel))


def store(key: str, value: Any) -> None:
    import json

    from airflow.models.asset_state_store import AssetStateStoreModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        session.scalars(select(AssetStateStoreModel).filter_by(key=key)).one().value = json.dumps(value)
