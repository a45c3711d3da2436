"""Cases that could lose changes, or end waiting sensors: each of these did so once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from airflow_provider_dinero.adapters.asset_state import AssetState
from airflow_provider_dinero.adapters.task_identity import TaskIdentity
from airflow_provider_dinero.adapters.watermarks import Watermark, Watermarks, mark_of
from airflow_provider_dinero.api import DineroClient, eq
from airflow_provider_dinero.api.errors import DineroInvalidBody
from airflow_provider_dinero.api.feeds.windows import Consumer
from airflow_provider_dinero.api.lists.changes import OVERLAP, changes_since
from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.sensors.changes import DineroChangesSensor
from airflow_provider_dinero.sensors.states import DineroInvoiceStatusSensor
from airflow_provider_dinero.triggers import polling
from airflow_provider_dinero.triggers.changes import DineroChangesTrigger
from airflow_provider_dinero.triggers.polling import SURE, Failed, Poll
from tests.operators.bench import Bench
from tests.sensors.test_waiting import waits
from tests.sensors.test_watermarks import FOR_EVER, consumer, contact, store, stored, told


def test_what_is_beyond_the_limit_is_told_next() -> None:
    """Also where many rows have one second, in which a window can't end."""
    seconds = [1, 2, 2, 2, 3, 4, 4, 900, 900, 900]
    begin, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 20, tzinfo=UTC)
    rows = [
        {"ContactGuid": str(number), "UpdatedAt": (begin + timedelta(seconds=each, milliseconds=number)).isoformat()}
        for number, each in enumerate(seconds)
    ]
    mark, windows = Watermark(begin), []
    for _ in range(6):
        later = [row for row in reversed(rows) if datetime.fromisoformat(row["UpdatedAt"]) >= mark.until]
        found = Consumer("contacts", mark.until, mark.seen, limit=2).window(later, now - timedelta(minutes=5))
        windows.append(found.window["created"] + found.window["updated"])
        mark = mark_of(found)
    assert windows == [["0", "1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"], [], [], []]
    assert mark.until == now - timedelta(minutes=5)


def test_a_mark_that_is_set_back_stays_there(bench: Bench, beside: DineroClient) -> None:
    """Its window is pending still, and must not carry the mark over what lies between."""
    dag, first = consumer(bench), contact(beside, "a")
    bench.run(dag)
    second = contact(beside, "b")
    bench.run(dag)
    ((key, value),) = stored()
    assert value["pending"]
    store(key, {**value, "until": "2021-01-01T00:00:00Z"})
    assert told(bench.run(dag)) == sorted([first, second])


def test_a_window_after_a_mark_that_was_set_back_is_not_committed(bench: Bench, beside: DineroClient) -> None:
    class Store(dict[str, Any]):
        set = dict.__setitem__

    import contextlib

    marks = Watermarks(
        AssetState(Store(), "asset", "x"), contextlib.nullcontext, TaskIdentity("dag", "run", "task", -1, None)
    )
    marks.start(Watermark(datetime(2026, 1, 1, tzinfo=UTC)))
    assert marks.commit("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z") is None
    done = marks.commit("2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z")
    assert done is not None
    assert done.until == datetime(2026, 2, 2, tzinfo=UTC)


def test_tasks_that_are_mapped_over_filters_have_a_mark_each(bench: Bench, beside: DineroClient) -> None:
    made = [contact(beside, name) for name in "ab"]
    with bench.dag() as dag:
        DineroChangesSensor.partial(
            task_id="wait",
            resource="contacts",
            initial_since=FOR_EVER,
            timeout=1,
            inlets=[dinero_asset("dinero_default", "contacts")],
        ).expand(filters=[[eq("Name", "a")], [eq("Name", "b")]])
    run = bench.run(dag)
    assert [run["wait", index].returned["created"] for index in range(2)] == [[made[0]], [made[1]]]
    assert len(stored()) == 2


def test_one_condition_need_not_be_a_list(bench: Bench, beside: DineroClient) -> None:
    contact(beside, "a")
    found = waits(bench, DineroChangesSensor, resource="contacts", changes_since=FOR_EVER, filters=eq("Name", "A"))
    assert found.returned["count"] == 1
    assert DineroChangesTrigger(resource="contacts", filters=eq("Name", "A")).filters == [["Name", "eq", "A"]]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", [{}, {"deferrable": True}])
def test_a_page_for_people_does_not_end_the_wait(bench: Bench, beside: DineroClient, mode: dict[str, Any]) -> None:
    bench.sandbox.fault("status", status=200, body="<html>", path="/v2/*/contacts", times=2)
    contact(beside, "a")
    found = waits(bench, DineroChangesSensor, resource="contacts", changes_since=FOR_EVER, **mode)
    assert (found.state, found.returned["count"]) == ("success", 1), found.log


def test_a_mark_moves_over_what_holds_nothing(bench: Bench, beside: DineroClient) -> None:
    contact(beside, "a")
    dag = consumer(bench, filters=[eq("Name", "nobody")])
    assert bench.run(dag)["wait"].state == "failed"
    ((_, value),) = stored()
    assert value["until"] > "2026-01-01"


def test_what_is_no_guid_is_refused_before_anything_is_sent(bench: Bench) -> None:
    found = waits(bench, DineroInvoiceStatusSensor, invoices=["None"], deferrable=True)
    assert "'none' is not a valid Guid" in found.error


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "Payed"}, {"resource": "invoice"}, {"poke_interval": 0}, {"limit": 0},
        {"changes_since": "yesterday"}, {"dinero_conn_id": "{{ x }}"}, {"filters": [eq("Number", 1)]},
    ],
)  # fmt: skip
def test_a_watcher_that_is_wrong_is_an_import_error_and_no_more(wrong: dict[str, Any]) -> None:
    """Airflow only survives a TypeError when it creates a stored trigger."""
    with pytest.raises(DineroInvalidBody) as raised:
        DineroChangesTrigger(**wrong)
    assert isinstance(raised.value, TypeError)


def test_what_looks_wrong_for_good_must_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnexpectedAnswer

    errors: list[Any] = [
        *[DineroConfigurationError("There is no connection.")] * (SURE - 1), None,
        *[DineroConfigurationError("There is no connection.")] * SURE, DineroUnexpectedAnswer("HTML"), KeyError("Guid"),
        OverflowError("a date"),
    ]  # fmt: skip
    found = []

    def read() -> str:
        error = errors.pop(0)
        if error:
            raise error
        return "rows"

    sleep = asyncio.sleep

    async def poll() -> None:
        async for each in Poll(read, 1.0, "contacts").alone():
            found.append(each.for_good if isinstance(each, Failed) else None)
            if not errors:
                return

    monkeypatch.setattr(polling.asyncio, "sleep", lambda seconds: sleep(0))
    asyncio.run(poll())
    assert [each for each in found if each is not None] == [False] * (SURE - 1) + [False] * (SURE - 1) + [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.usefixtures("migrated")
def test_a_mark_that_can_not_be_read_ends_no_watcher(capsys: pytest.CaptureFixture[str]) -> None:
    """It is looked for again at the next poll, and what is no mark is not overwritten."""
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    from airflow_provider_dinero.triggers.changes_look import Look

    gone = AirflowRuntimeError(ErrorResponse(error=ErrorType.GENERIC_ERROR, detail=None))
    answers: list[Any] = [gone, {"until": "yesterday"}, "text", {"__airflow_state_ref__": "s3://x"}]
    left: list[int] = []

    class Store:
        _by_name: ClassVar = {"asset": None}

        def get(self, key: str) -> Any:
            answer = answers.pop(0) if answers else None
            if isinstance(answer, Exception):
                raise answer
            return answer

        def set(self, key: str, value: Any) -> None:
            left.append(len(answers))
            raise gone

    class Rows:
        async def rows_since(self, since: datetime, look: Look) -> list[Any]:
            return look.rows

    now = datetime.now(UTC)
    row = {"ContactGuid": "a", "CreatedAt": now.isoformat(), "UpdatedAt": now.isoformat(), "DeletedAt": None}

    async def polls() -> Any:
        for rows in ([], [], [], [], [], [row]):
            await asyncio.sleep(0)
            yield Look(100001, now, now, rows), Rows()
            yield polling.STORED

    async def fired() -> list[Any]:
        trigger = DineroChangesTrigger(resource="contacts")
        trigger.asset_state_store = Store()  # type: ignore[assignment]
        return [event.payload async for event in trigger.filter_shared_stream(polls())]

    assert [each["created"] for each in asyncio.run(fired())] == [["a"]]
    assert set(left) == {0}
    # Its mark lies five minutes before its first look, and it leaves out what changed before that look.
    assert f"has no watermark: it reports what changes after {changes_since(now + OVERLAP)}" in capsys.readouterr().out
