"""What the operators share: the connection, the dry run, waiting for the allowance, and the result."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_dinero.adapters.airflow_errors import reported
from airflow_provider_dinero.api.errors import DineroDryRun, DineroInvalidBody, DineroThrottled
from airflow_provider_dinero.assets import asset_uri
from airflow_provider_dinero.links import DineroLink, document_url
from airflow_provider_dinero.operators.approval import NOT_NEEDED, NotNeeded, require_approval
from airflow_provider_dinero.rendering import AuthoredTemplates
from airflow_provider_dinero.retry_policy import DINERO_RETRY_POLICY

if TYPE_CHECKING:
    from airflow.sdk import Context, RetryPolicy, XComArg

    from airflow_provider_dinero.api import DineroClient
    from airflow_provider_dinero.hooks.dinero import DineroHook


# A shorter deferral can be overtaken by its own trigger on a busy Airflow.
SHORTEST_DEFERRAL = timedelta(seconds=10)

# int() also accepts 1_001, which is not 1001 if it identifies something.
WHOLE = r"[+-]?\d{1,40}"


class DineroBaseOperator(AuthoredTemplates):
    """The base of the operators.

    If the request allowance is used up for more than a minute, the task defers, keeps its slot and continues there.

    :param dinero_conn_id: str, the connection; default dinero_default. Templated.
    :param organization_id: int, digits as str, or None for the connection's own; default None. Templated.
    :param approval: dict, the output of an ApprovalOperator or HITLOperator: unless a person has chosen Approve, the
        task sends nothing and is skipped; default none, no approval needed. Templated.
    :param dry_run: bool, whether to check everything and write nothing; default False
    :param retry_policy: RetryPolicy; default DineroRetryPolicy
    :param multiple_outputs: bool, whether to return each key as its own XCom too: operator.output["Guid"]; default True
    """

    template_fields: Sequence[str] = ("dinero_conn_id", "organization_id", "approval")
    operator_extra_links = (DineroLink(),)
    ui_color = "#d9f2e6"
    # The resource that the operator writes, as in the asset `dinero://<conn_id>/<resource>` and the client's attribute.
    resource: str
    # Whether it writes the resource, instead of only reading it.
    writes = True
    _task_client: "DineroClient | None" = None

    def __init__(
        self,
        *,
        dinero_conn_id: str = "dinero_default",
        organization_id: int | str | None = None,
        approval: "Mapping[str, Any] | XComArg | NotNeeded | None" = NOT_NEEDED,
        dry_run: bool = False,
        # Defaults of parameters, not of kwargs, since the former reach mapped tasks too.
        retry_policy: "RetryPolicy | None" = DINERO_RETRY_POLICY,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(retry_policy=retry_policy, multiple_outputs=multiple_outputs, **kwargs)
        self.dinero_conn_id = dinero_conn_id
        self.organization_id = organization_id
        self.needs_approval = not isinstance(approval, NotNeeded)
        self.approval = approval if self.needs_approval else None
        self.is_dry_run = dry_run  # `dry_run` is a method of Airflow's

    @cached_property
    def hook(self) -> "DineroHook":
        """The hook of the connection."""
        from airflow_provider_dinero.hooks.dinero import DineroHook

        return DineroHook(self.dinero_conn_id, self.organization_id)

    @property
    def client(self) -> "DineroClient":
        """The client of the connection; while the task runs, the one with the task's options."""
        return self._task_client or self.hook.get_conn()

    def client_options(self) -> dict[str, Any]:
        """Return how the task's client waits for the allowance: the task defers, and keeps its slot."""
        return {"keep_slots": True}

    @reported
    def execute(self, context: "Context") -> dict[str, Any]:
        """Perform the work; wrong arguments fail the task immediately."""
        return self._execute(context, {})

    @reported
    def resume(
        self, context: "Context", event: Any = None, slot: float | None = None, done: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Continue after a deferral, with the slot that was kept, at the next step."""
        return self._execute(context, done or {}, slot)

    def _execute(self, context: "Context", done: dict[str, Any], slot: float | None = None) -> dict[str, Any]:
        from airflow.sdk.lineage import get_hook_lineage_collector

        from airflow_provider_dinero.adapters.intents import TaskIntents

        if self.needs_approval:
            require_approval(self, self.approval, context)
        self._done = done
        client = self._task_client = self.hook.make_client(
            intents=TaskIntents(context),
            dry_run=self.is_dry_run,
            slot=slot,
            **self.client_options(),
        )
        self.document_url = document_url(client)  # for documents without a page of their own
        try:
            with client.show_errors():
                if self.is_dry_run:
                    return self.perform_dry_run(context)
                result = self.perform(context)
        except DineroThrottled as error:
            if error.until is None or error.slot is None:
                raise
            self.log.info("the request allowance is used up: this task continues at %s UTC", f"{error.until:%H:%M:%S}")
            self.defer_until(error.until, error.slot)
        collector = get_hook_lineage_collector()
        add = collector.add_output_asset if self.writes else collector.add_input_asset
        add(context=self.hook, scheme="dinero", uri=asset_uri(self.dinero_conn_id, self.resource))
        return result

    def defer_until(self, until: datetime, slot: float | None = None) -> NoReturn:
        """Defer until then, and continue with the next step.

        :param until: datetime, at least ten seconds from now
        :param slot: float, the slot to keep for the next request; default none
        """
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        moment = max(until, datetime.now(UTC) + SHORTEST_DEFERRAL)
        kept = {"slot": slot, "done": self._done}
        self.defer(trigger=DateTimeTrigger(moment=moment), method_name="resume", kwargs=kept)

    def step(self, name: str, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do one of several steps, unless it was done before this task deferred.

        :param name: str
        :param do: callable that does it, and returns plain JSON
        """
        if name not in self._done:
            self._done[name] = do()
        return dict(self._done[name])

    @abstractmethod
    def perform(self, context: "Context") -> dict[str, Any]:
        """Do the operator's work."""

    def perform_dry_run(self, context: "Context") -> dict[str, Any]:
        """Check and read everything before the first write, and write nothing.

        :param context: Context
        :return: the result of `perform` if nothing needs to be written; else `{"DryRun", "Next"}`, Next being the
            request that would be sent, with what is already known, such as the Guid and the total
        """
        try:
            found = self.perform(context)
        except DineroDryRun as error:
            stopped = error
        else:
            self.log.info("dry run: nothing would be written")
            # Rows, which DineroOperator may return, stay unchanged.
            return {**found, "DryRun": True} if isinstance(found, Mapping) else found
        who = ": an earlier task would send it, and this one would continue" if stopped.earlier else " would be sent"
        self.log.info("dry run: %s%s", stopped.operation, who)
        told = {} if stopped.body is None else self.preview(stopped.body)
        return {"DryRun": True, "Next": stopped.operation, **stopped.known, **told}

    def preview(self, body: Any) -> dict[str, Any]:
        """Return what a dry run can say about a body that would be sent, such as its total; default nothing.

        :param body: mapping or list, the checked body
        """
        return {}

    def key_of(self, context: "Context", key: str | int | None) -> str:
        """Return the idempotency key: the given one, or the task's own identity.

        :param context: Context
        :param key: str, int or None, rendered
        :raises DineroInvalidBody: it is empty, or neither str nor int
        """
        from airflow_provider_dinero.api.bodies.idempotency import key_text

        if key is None:
            from airflow_provider_dinero.adapters.task_identity import identity_of

            place = identity_of(context)
            if place.map_index >= 0:
                self.log.warning(
                    "Mapped without an idempotency_key: if the list changes, an index identifies another document. "
                    "Pass a key for each with expand_kwargs."
                )
            return str(place)
        text = key_text(key).strip()
        if text in {"", "None"}:
            raise DineroInvalidBody("The idempotency_key is empty.", "Leave it out, or correct its template.")
        return text

    def document(self, name: str, given: str | Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is known about a document, given as a Guid or as another operator's output.

        :param name: str, the argument, named in the error
        :param given: str or mapping
        :return: mapping with Guid at least
        :raises DineroInvalidBody: it has no Guid, or comes from a dry run
        """
        if isinstance(given, str) and not given.lstrip().startswith("{"):
            return {"Guid": given}
        known = require_mapping(name, given)
        if known.get("Next"):  # the output of a dry run
            if self.is_dry_run:
                raise DineroDryRun(known["Next"], earlier=True)
            raise DineroInvalidBody(f"The {name} is from a dry run, so it doesn't exist.", "Run without dry_run.")
        if not known.get("Guid"):
            raise DineroInvalidBody(f"The {name} has no Guid.", "Pass another operator's output, or a Guid.")
        return known


def whole(name: str, value: int | str) -> int:
    """Return a whole number that a template may have rendered as text.

    :param name: str, the argument, named in the error
    :param value: int or str
    """
    written = isinstance(value, str) and re.fullmatch(WHOLE, value.strip(), re.ASCII)
    if written or (isinstance(value, Integral) and not isinstance(value, bool)):
        return int(value)
    raise DineroInvalidBody(f"{name}: {value!r} is not a whole number.", "Nothing was sent.")


def require_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return an argument that must be a dict.

    :param name: str, the argument, named in the error
    :param value: the argument
    """
    if not isinstance(value, Mapping):
        raise DineroInvalidBody(
            f"{name}: this must be a dict, not {type(value).__name__}.",
            "A template renders text: pass another task's result instead, as operator.output or what a @task returned.",
        )
    return value


def require_rows(name: str, value: Any) -> list[Any]:
    """Return a list argument; an empty one skips the task, as Airflow does with an empty mapping.

    :param name: str, the argument, named in the error
    :param value: the argument: a list or another iterable of rows
    :raises AirflowSkipException: there is nothing to do
    :raises DineroInvalidBody: it isn't a list
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise DineroInvalidBody(
            f"{name}: this must be a list, not {type(value).__name__}.",
            "A template renders text: pass another task's result instead, as operator.output or what a @task returned.",
        )
    rows = list(value)
    if not rows:
        from airflow.sdk.exceptions import AirflowSkipException

        raise AirflowSkipException(f"Nothing to do: {name} is empty.")
    return rows
