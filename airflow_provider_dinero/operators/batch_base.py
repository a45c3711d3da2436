"""The base of the operators that process a list: its source, report, progress and notes."""

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.api.errors import DineroError, DineroInvalidBody, DineroThrottled
from airflow_provider_dinero.assets import dinero_asset
from airflow_provider_dinero.operators.base import DineroBaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_dinero.api.batches.batches import Batches

# The largest report, in bytes, to store in an XCom.
LARGEST_XCOM = 48_000
FAILED = "failed"
Row = dict[str, Any]


class Hidden:
    """Another task's list, hidden from the rendered fields that Airflow stores, since it has names and addresses.

    :param items: iterable
    """

    def __init__(self, items: Any) -> None:
        self.items = items

    def __str__(self) -> str:
        return f"{len(self.items)} items" if isinstance(self.items, Sequence) else "items"


class DineroBatchOperator(DineroBaseOperator):
    """Processes a list, each item once, however often it runs.

    It records what it wrote, as hashes without the content, in the state of the asset `dinero://<conn_id>/<resource>`,
    which is one of its inlets. The next run, and other DAGs, find the records there.

    :param path: str or ObjectStoragePath, a file of newline-delimited JSON instead of the list, one item per line.
        Templated.
    :param report_path: str or ObjectStoragePath of the report, which has one line of JSON per item. Default next to
        `path`, as `<name>.report.ndjson`; without `path` the task returns the report, as long as it is small.
        Templated.
    :param on_error: str, continue: process the whole list, then fail with the number of failed items and the first ten
        of them; or stop: fail at the first; default continue
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "path", "report_path")
    # Whether `work` takes the results that were reported before the task deferred.
    resumes: ClassVar[bool] = False
    # The name of the argument for the list; with the suffix _callable, of the one for the function that returns it.
    listed: ClassVar[str]

    def __init__(
        self,
        *,
        path: "str | ObjectStoragePath | None" = None,
        report_path: "str | ObjectStoragePath | None" = None,
        on_error: str = "continue",
        dinero_conn_id: str = "dinero_default",
        **kwargs: Any,
    ) -> None:
        self.asset = dinero_asset(dinero_conn_id, self.resource)
        # Not a parameter, since its default would replace Airflow's own in mapped tasks.
        inlets = [*(kwargs.pop("inlets", None) or []), self.asset]
        super().__init__(dinero_conn_id=dinero_conn_id, inlets=inlets, **kwargs)
        self.path = path
        self.report_path = report_path
        self.on_error = on_error

    def require_one_source(self, items: Any, function: Callable[..., Iterable[Any]] | None) -> None:
        """Check that the list has exactly one source.

        :param items: the list, or None
        :param function: callable or None
        :raises DineroInvalidBody: it has none, or several
        """
        names = (self.listed, "path", f"{self.listed}_callable")
        if sum(each is not None for each in (items, self.path, function)) != 1:
            raise DineroInvalidBody(f"Pass one of {', '.join(names)}.", "Nothing was sent.")

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self and (items := getattr(self, self.listed)) is not None and not isinstance(items, Hidden):
            setattr(self, self.listed, Hidden(items))

    @abstractmethod
    def work(self, batches: "Batches", items: Iterable[Any], **options: Any) -> Row:
        """Process the list.

        :param batches: Batches
        :param items: iterable
        :param options: the arguments for every list: on_error, report, progress
        """

    def perform(self, context: "Context") -> Row:
        """Process the list, and store its report however it ends."""
        from airflow_provider_dinero.adapters.notes_store import notes_store_of

        with self._reporting(context) as report:
            found = self.work(
                self.client.batches(notes_store_of(context, self.asset)),
                self._items(context),
                on_error=self.on_error,
                report=report.add,
                progress=self._progress(context["task_state_store"]),
                **self._earlier(),
            )
        self.log.info("%s: %s", self.listed, ", ".join(f"{found[name]} {name}" for name in report.COUNTED))
        return {**found, "Report": report.place}

    def _earlier(self) -> dict[str, Any]:
        """Return what this task reported before it deferred, as an option of `work`."""
        told: dict[str, Any] = self._done.get("told", {}) if self.resumes else {}
        rows = {int(at): row if isinstance(row, dict) else {"Change": row} for at, row in told.items()}
        return {"done": rows} if rows else {}

    def perform_dry_run(self, context: "Context") -> Row:
        """Check everything and write only the report."""
        found = {**self.perform(context), "DryRun": True}
        if "requests" in found:
            self.log.info("dry run: it would take %d requests, %d min", found["requests"], found["minutes"])
        return found

    def _items(self, context: "Context") -> Iterable[Any]:
        """Return the list from its source."""
        items = getattr(self, self.listed)
        function: Callable[..., Iterable[Any]] | None = getattr(self, f"{self.listed}_callable")
        if self.path is not None:
            return _lines(self.path)
        if function is not None:
            return iter(function(**context) if _takes_context(function) else function())
        given = items.items if isinstance(items, Hidden) else items
        if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
            raise DineroInvalidBody(
                f"{self.listed}: this must be a list of dicts, not {type(given).__name__}.",
                "A template renders text: pass another task's result instead, as operator.output or what a @task "
                "returned.",
            )
        found: Sequence[Any] = given if isinstance(given, Sequence) else list(given)
        return found

    def _progress(self, store: Any) -> Callable[[int, int], None]:
        """Return a callable that logs the progress every ten seconds, and keeps the last line in a store."""
        from airflow_provider_dinero.adapters.progress import Progress

        return Progress(self.client, f"items of {self.listed}", store=store).reach

    @contextmanager
    def _reporting(self, context: "Context") -> Generator["Report"]:
        """Provide a report, and store it at the end, even if the task is stopped."""
        from tempfile import NamedTemporaryFile

        with NamedTemporaryFile(prefix="dinero-", suffix=".ndjson") as file:
            report = Report(file)
            try:
                yield report
            except DineroThrottled:
                self._done["told"] = report.told()
                raise
            except BaseException as error:
                place = self._put(report)
                context["ti"].xcom_push(key="report", value=place)
                if isinstance(error, DineroError) and isinstance(place, str):
                    self.log.error("The report: %s", place)
                raise
            self._put(report)

    def _put(self, report: "Report") -> str | list[Row]:
        """Store a report and return its path; or return its rows, if there is no path."""
        from pathlib import Path

        from airflow_provider_dinero.storage.store import file_store

        report.file.flush()
        target = self.report_path or (_beside(self.path) if self.path is not None else None)
        if target is not None:
            store, name = file_store(target)
            store.write(name, Path(report.file.name))
            report.place = str(target)
        else:
            report.place = report.rows()
        return report.place


class Report:
    """The rows of a report, in a local file.

    :param file: file, opened for bytes
    """

    COUNTED = ("created", "updated", "unchanged", FAILED)

    def __init__(self, file: "IO[bytes]") -> None:
        self.file = file
        self.place: str | list[Row] = []

    def add(self, row: Row) -> None:
        """Add a row.

        :param row: dict, plain JSON
        """
        import msgspec

        self.file.write(msgspec.json.encode(row) + b"\n")

    def told(self) -> dict[str, Any]:
        """Return what was reported so far, by index: the Change, or the whole row of an item that failed."""
        import msgspec

        self.file.flush()
        self.file.seek(0)
        found = [msgspec.json.decode(line) for line in self.file]
        return {str(row["Item"] - 1): row if row["Change"] == FAILED else row["Change"] for row in found}

    def rows(self) -> list[Row]:
        """Return all rows if they fit into an XCom, otherwise as many failed rows as fit."""
        import msgspec

        self.file.seek(0)
        lines = self.file.readlines()
        if sum(map(len, lines)) > LARGEST_XCOM:
            lines = [line for line in lines if msgspec.json.decode(line)["Change"] == FAILED]
        found, size = [], 0
        for line in lines:
            size += len(line)
            if size > LARGEST_XCOM:
                break
            found.append(msgspec.json.decode(line))
        return found


def _lines(path: "str | ObjectStoragePath") -> Iterator[bytes]:
    """Yield the lines of a file that aren't empty."""
    from airflow_provider_dinero.storage.addresses import place_of

    place: Any = place_of(path)
    with place.open("rb") as file:
        yield from (line for line in file if line.strip())


def _beside(path: "str | ObjectStoragePath") -> str:
    """Return the default path of the report for a file."""
    text = str(path)
    stem, dot, ending = text.rpartition(".")
    return f"{stem}.report.ndjson" if dot and "/" not in ending else f"{text}.report.ndjson"


def _takes_context(function: Callable[..., Any]) -> bool:
    """Tell whether a function takes Airflow's context as keyword arguments."""
    import inspect

    kinds = [each.kind for each in inspect.signature(function).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds
