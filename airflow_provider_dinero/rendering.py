"""Only what the author of a DAG wrote is a template; what another task returned is data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context


class AuthoredTemplates(BaseOperator):
    """Renders what the author of the DAG wrote, and leaves what came from another task as it is.

    Airflow renders the arguments of a mapped task after it has filled in what other tasks returned. It skips an object
    that it filled in itself, but not what `expand_kwargs` found in a task's result, nor what `__init__` copied: the
    text of an order could then read a connection's secret onto an invoice.
    """

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: "Context",
        jinja_env: "jinja2.Environment",
        seen_oids: set[int],
    ) -> None:
        """Render the fields of an object; of the task itself, only those that the author wrote.

        This is Airflow's private name, the only place between a mapped task's arguments and their rendering.
        """
        if parent is self:
            template_fields = self._authored(template_fields, context)
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)

    def _authored(self, names: Iterable[str], context: "Context") -> Iterable[str]:
        dag = self.get_dag()
        task: Any = dag and dag.task_dict.get(self.task_id)
        if not getattr(task, "is_mapped", False):
            return names
        mapped = task.expand_input.value
        if isinstance(mapped, Sequence):  # expand_kwargs over a list; an element may still be a task's result
            mapped = mapped[context["ti"].map_index]
            if isinstance(mapped, Mapping):
                return names
        literal = {}
        if isinstance(mapped, Mapping):  # expand
            literal = {name: list(each) for name, each in mapped.items() if isinstance(each, Mapping | Sequence)}
            if len(literal) == len(mapped):
                return names
        # `__init__` may have made an argument of several, or a row of `expand_kwargs` may have replaced it: only the
        # very objects that stand in the DAG file are rendered.
        group = self.task_group
        given = {**dag.default_args, **(group.default_args if group else {}), **task.partial_kwargs}
        written = {name: [value] for name, value in given.items()} | literal
        return [name for name in names if any(getattr(self, name) is each for each in written.get(name, ()))]
