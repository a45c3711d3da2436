"""Any call of the client, by its name."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_type_hints

from airflow_provider_dinero.api.errors import DineroError, DineroInvalidBody, DineroOutcomeUnknown
from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping, require_rows, whole

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_dinero.api.operations import Operation


class DineroOperator(DineroBaseOperator):
    """Performs any call of the client: `DineroOperator(operation="reports.saldo", arguments={"year": 2026})`.

    Unlike the other operators, this one can't check what is already done: a write that can't be made idempotent (an
    e-mail, a payment, an upload, ledger items) is attempted once per task of a run, and never repeated automatically.
    A create gets its Guid from the key.

    Dinero: all operations, see the page `All operations` of the docs.

    :param operation: str, the call, as `python -m airflow_provider_dinero.api` prints it, such as `reports.saldo`.
        Templated.
    :param arguments: dict, what the call takes, by name; default none. Templated.
    :param limit: int, the most rows to return; more are an error; default 1000
    :param idempotency_key: str or int, identifies a created document; default the task's own identity. Templated.
    :param generation: int, raise it to repeat a write, after a person has checked in Dinero; default 0. Templated.
    :param multiple_outputs: bool, whether to return each key as an XCom of its own too, for calls that return a dict;
        default False
    :return: the result of the call as plain JSON: amounts as str, rows as a list
    """

    template_fields: Sequence[str] = (
        *DineroBaseOperator.template_fields,
        "operation",
        "arguments",
        "idempotency_key",
        "generation",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"arguments": "json"}

    def __init__(
        self,
        *,
        operation: str,
        arguments: Mapping[str, Any] | None = None,
        limit: int = 1000,
        idempotency_key: str | int | None = None,
        generation: int | str = 0,
        multiple_outputs: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.operation = operation
        self.arguments = arguments
        self.limit = limit
        self.idempotency_key = idempotency_key
        self.generation = generation

    def perform(self, context: "Context") -> Any:
        """Perform the call."""
        from airflow_provider_dinero.api.operations import Otherwise, Repeat

        call, performed = self._call()
        arguments = dict(require_mapping("arguments", self.arguments or {}))
        self.resource = self.operation.split(".")[0]
        self.writes = performed is None or performed.repeat is not Repeat.READ
        if performed and performed.lost and performed.lost.own_guid:
            arguments["body"] = self._with_guid(context, performed, arguments.get("body"))
        taken = _taken(call)
        try:
            if unknown := [name for name in arguments if name not in taken]:
                raise TypeError(f"got an unexpected keyword argument {unknown[0]!r}")
            bound = inspect.signature(call).bind(**arguments)
        except TypeError as error:
            raise DineroInvalidBody(
                f"{self.operation}: {error}.", f"It accepts {', '.join(taken) or 'no arguments'}."
            ) from None

        if performed and (performed.body or "").startswith("["):  # a body that is a list
            for name, value in arguments.items():
                if isinstance(value, list | tuple):
                    require_rows(name, value)

        def result() -> Any:
            return self._plain(call(*bound.args, **bound.kwargs))

        lost = performed.lost if performed else None
        once = lost is not None and not lost.own_guid and lost.otherwise is Otherwise.UNKNOWN
        done = self._begun_once(result) if once else result()
        self.document_url = document_url(self.client)
        told = done.get("Change", "done") if isinstance(done, dict) else "done"
        self.log.info("%s: %s", self.operation, f"{len(done)} rows" if isinstance(done, list) else told)
        return done

    def _call(self) -> "tuple[Callable[..., Any], Operation | None]":
        """Return the client's method of this name, and the operation that it performs."""
        from airflow_provider_dinero.api.bodies.validation import nearest
        from airflow_provider_dinero.api.operations import operation_of
        from airflow_provider_dinero.api.resources.catalog import resources_of

        resources = resources_of(self.client)
        calls = {
            f"{name}.{method}": getattr(resource, method)
            for name, resource in resources.items()
            for method in dir(resource)
            if not method.startswith("_") and callable(getattr(resource, method))
        }
        if self.operation not in calls:
            meant = nearest(self.operation, list(calls))
            raise DineroInvalidBody(
                f"There is no operation {self.operation!r}" + (f", did you mean {meant}?" if meant else "."),
                "`python -m airflow_provider_dinero.api` prints them all.",
            )
        call: Callable[..., Any] = calls[self.operation]
        if inspect.signature(call).return_annotation is bytes:
            raise DineroInvalidBody(
                f"{self.operation} returns a file, which is too much for an XCom.",
                "Use the hook in a @task: write the content to a path, and return the path.",
            )
        name, _, method = self.operation.partition(".")
        return call, operation_of(type(resources[name]), method)

    def _with_guid(self, context: "Context", performed: "Operation", body: Any) -> dict[str, Any]:
        """Return the body of a create with a Guid made from the key, unless it has one."""
        from airflow_provider_dinero.api.bodies import models
        from airflow_provider_dinero.api.bodies.idempotency import guid_for

        given = dict(require_mapping("arguments: body", body))
        name = "Guid" if "Guid" in getattr(models, performed.body or "").model_fields else "ContactGuid"
        key = self.key_of(context, self.idempotency_key)
        guid = guid_for(self.client.organization_id, self.resource, key, whole("generation", self.generation))
        return {name: guid, **{each: value for each, value in given.items() if each != name or value}}

    def _begun_once(self, do: Callable[[], Any]) -> Any:
        """Do a write that Dinero doesn't show, unless an earlier try started it."""
        intents = self.client.session.intents
        name = f"{self.client.organization_id}/{self.operation}/{whole('generation', self.generation)}"
        if intents.begun(name):
            raise DineroOutcomeUnknown(
                f"This task has already started {self.operation}, and Dinero doesn't show its outcome.",
                "Check in Dinero; to do it again, pass another generation.",
            )
        intents.begin(name)
        try:
            return do()
        except DineroOutcomeUnknown:
            raise
        except DineroError as error:
            if not error.lost:  # refused, or never sent
                intents.end(name)
            raise

    def _plain(self, value: Any) -> Any:
        """Return a value as JSON; amounts as text, so that no øre is lost."""
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if isinstance(value, Decimal):
            from airflow_provider_dinero.api.bodies.numbers import written

            return written(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, PathLike):
            return fspath(value)
        if isinstance(value, Mapping):
            return {str(name): self._plain(each) for name, each in value.items()}
        if hasattr(value, "_asdict"):
            return self._plain(value._asdict())
        return self._rows(value)

    def _rows(self, rows: Iterable[Any]) -> list[Any]:
        found = list(islice(rows, self.limit + 1))
        if len(found) > self.limit:
            raise DineroInvalidBody(
                f"{self.operation} returns more than {self.limit} rows, which is a lot for an XCom.",
                "Narrow it by its arguments, raise the limit, or use the hook in a @task.",
            )
        return [self._plain(each) for each in found]


def _taken(call: Callable[..., Any]) -> list[str]:
    """Return the names of a call's arguments, including the keywords of its TypedDict."""
    names: list[str] = []
    for name, parameter in inspect.signature(call).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            (described,) = get_args(parameter.annotation)
            names += get_type_hints(described)
        else:
            names.append(name)
    return names
