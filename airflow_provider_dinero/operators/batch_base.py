"""What the operators share that take a list: where it comes from, its report, how far it is, and its notes."""

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

# A report of at most so many bytes fits into an XCom.
LARGEST_XCOM = 48_000
FAILED = "failed"
Row = dict[str, Any]


class Hidden:
    """A list of another task's, of which Airflow stores no content as a rendered field: it holds names and addresses.

    :param items: iterable
    """

    def __init__(self, items: Any) -> None:
        self.items = items

    def __str__(self) -> str:
        return f"{len(self.items)} items" if isinstance(self.items, Sequence) else "items"


class DineroBatchOperator(DineroBaseOperator):
    """Works through a list, each item once, however often it runs.

    What it wrote is kept, as a hash without content, in the state of the asset `dinero://<conn_id>/<resource>`, which
    is among its inlets; the next run, and other DAGs, find it there.

    :param path: str or ObjectStoragePath, a file of newline-delimited JSON in place of the list: an item a line.
        Templated.
    :param report_path: str or ObjectStoragePath, where the report goes: a line of JSON for each item. Default beside
        `path`, as `<name>.report.ndjson`; without `path` it is returned, as long as it is small. Templated.
    :param on_error: str, continue: work through the list, then fail with the number of those that failed and the first
        ten; or stop at the first; default continue
    """

    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "path", "report_path")
    # Whether `work` takes what was told before the task deferred.
    resumes: ClassVar[bool] = False
    # The name of the argument that holds the list; with _callable behind it, of the function that gives it.
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
        # Not a parameter: its default would replace Airflow's own for mapped tasks.
        inlets = [*(kwargs.pop("inlets", None) or []), self.asset]
        super().__init__(dinero_conn_id=dinero_conn_id, inlets=inlets, **kwargs)
        self.path = path
        self.report_path = report_path
        self.on_error = on_error

    def require_one_source(self, items: Any, function: Callable[..., Iterable[Any]] | None) -> None:
        """Make sure that the list comes from one place.

        :param items: the list, or None
        :param function: callable or None
        :raises DineroInvalidBody: it comes from none, or from several
        """
        names = (self.listed, "path", f"{self.listed}_callable")
        if sum(each is not None for each in (items, self.path, function)) != 1:
            raise DineroInvalidBody(f"Give one of {', '.join(names)}.", "Nothing was sent.")

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self and (items := getattr(self, self.listed)) is not None and not isinstance(items, Hidden):
            setattr(self, self.listed, Hidden(items))

    @abstractmethod
    def work(self, batches: "Batches", items: Iterable[Any], **options: Any) -> Row:
        """Work through the list.

        :param batches: Batches
        :param items: iterable
        :param options: what all lists take: on_error, report, progress
        """

    def perform(self, context: "Context") -> Row:
        """Work through the list, and put its report where it belongs, however it ends."""
        from airflow_provider_dinero.adapters.notes_store import notes_store_of

        with self._reporting(context) as report:
            found = self.work(
                self.client.batches(notes_store_of(context, self.asset)),
                self._items(context),
                on_error=self.on_error,
                report=report.add,
                progress=self._progress(),
                **self._earlier(),
            )
        self.log.info("%s: %s", self.listed, ", ".join(f"{found[name]} {name}" for name in report.COUNTED))
        return {**found, "Report": report.place}

    def _earlier(self) -> dict[str, Any]:
        """Return what this task has told before it deferred, as an option of `work`."""
        told: dict[str, Any] = self._done.get("told", {}) if self.resumes else {}
        rows = {int(at): row if isinstance(row, dict) else {"Change": row} for at, row in told.items()}
        return {"done": rows} if rows else {}

    def perform_dry_run(self, context: "Context") -> Row:
        """Check everything, write the report, and nothing else."""
        found = {**self.perform(context), "DryRun": True}
        if "requests" in found:
            self.log.info("dry run: it would take %d requests, %d min", found["requests"], found["minutes"])
        return found

    def _items(self, context: "Context") -> Iterable[Any]:
        """Return the list, wherever it comes from."""
        items = getattr(self, self.listed)
        function: Callable[..., Iterable[Any]] | None = getattr(self, f"{self.listed}_callable")
        if self.path is not None:
            return _lines(self.path)
        if function is not None:
            return iter(function(**context) if _takes_context(function) else function())
        given = items.items if isinstance(items, Hidden) else items
        if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
            raise DineroInvalidBody(
                f"{self.listed}: a list of dicts is needed, not {type(given).__name__}.",
                "A template renders text: pass another task's result instead, as operator.output or what a @task "
                "returned.",
            )
        found: Sequence[Any] = given if isinstance(given, Sequence) else list(given)
        return found

    def _progress(self) -> Callable[[int, int], None]:
        """Return what tells how far the work is, in a line every ten seconds."""
        from airflow_provider_dinero.adapters.progress import Progress

        told: list[Progress] = []
        before = [0]

        def tell(done: int, total: int) -> None:
            if not told:
                told.append(Progress(self.client, f"items of {self.listed}", total))
            told[0].step(done - before[0])
            before[0] = done

        return tell

    @contextmanager
    def _reporting(self, context: "Context") -> Generator["Report"]:
        """Give a report, and put it where it belongs at the end: also when the task is stopped."""
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
        """Put a report where it belongs, and return the place; or the rows themselves where they are few."""
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
    """The rows of a report, in a file of this machine.

    :param file: file, for bytes
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
        """Return what was told so far, by index: the Change, or the whole row where it failed."""
        import msgspec

        self.file.flush()
        self.file.seek(0)
        found = [msgspec.json.decode(line) for line in self.file]
        return {str(row["Item"] - 1): row if row["Change"] == FAILED else row["Change"] for row in found}

    def rows(self) -> list[Row]:
        """Return all rows where they are few, else those that failed, as many as fit."""
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
    """Yield the lines of a file that hold something."""
    from airflow_provider_dinero.storage.addresses import place_of

    place: Any = place_of(path)
    with place.open("rb") as file:
        yield from (line for line in file if line.strip())


def _beside(path: "str | ObjectStoragePath") -> str:
    """Return the place of the report of a file."""
    text = str(path)
    stem, dot, ending = text.rpartition(".")
    return f"{stem}.report.ndjson" if dot and "/" not in ending else f"{text}.report.ndjson"


def _takes_context(function: Callable[..., Any]) -> bool:
    """Tell whether a function takes Airflow's context as keyword arguments."""
    import inspect

    kinds = [each.kind for each in inspect.signature(function).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds
