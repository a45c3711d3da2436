"""Only what the author of a DAG wrote is a template; what another task returned is data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, ObjectStoragePath

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context


class AuthoredTemplates(BaseOperator):
    """Renders what the author of the DAG wrote, and leaves what came from another task as it is.

    Airflow renders the arguments of a mapped task after it has filled in what other tasks returned. It skips an object
    that it filled in itself, but not what `expand_kwargs` found in a task's result, nor what `__init__` copied: the
    text of an order could then read a connection's secret onto an invoice.
    """

    _keeps_text = False

    def render_template(
        self,
        content: Any,
        context: "Context",
        jinja_env: "jinja2.Environment | None" = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value, or leave its text as it is where that is data; results of other tasks are filled in."""
        if self._keeps_text and isinstance(content, str | ObjectStoragePath):
            return content
        return super().render_template(content, context, jinja_env, seen_oids)

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: "Context",
        jinja_env: "jinja2.Environment",
        seen_oids: set[int],
    ) -> None:
        # Airflow's private name: the only place between the arguments of a mapped task and their rendering.
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
            return
        authored = self._authored(template_fields, context)
        data = [name for name in template_fields if name not in authored]
        # Not seen_oids: a constant of the DAG file may be a template in `partial`, and data where `.map` returns it.
        super()._do_render_template_fields(self, authored, context, jinja_env, set())
        self._keeps_text = True
        super()._do_render_template_fields(self, data, context, jinja_env, seen_oids)
        self._keeps_text = False

    def _authored(self, names: Iterable[str], context: "Context") -> list[str]:
        """Return the names of the arguments that are as the author wrote them."""
        dag: Any = self.get_dag()
        task = dag and dag.task_dict.get(self.task_id)
        if not getattr(task, "is_mapped", False):
            return list(names)
        mapped: Any = task.expand_input.value
        if isinstance(mapped, Sequence):  # expand_kwargs over a list; an element may still be a task's result
            index: Any = context["ti"].map_index
            mapped = mapped[index]
            if isinstance(mapped, Mapping):
                return list(names)
        literal = {}
        if isinstance(mapped, Mapping):  # expand
            literal = {name: list(each) for name, each in mapped.items() if isinstance(each, Mapping | Sequence)}
            if len(literal) == len(mapped):
                return list(names)
        # `__init__` may have made an argument of several, or a row of `expand_kwargs` may have replaced it: only the
        # very objects that stand in the DAG file are rendered.
        given = {**dag.default_args, **task.task_group.default_args, **task.partial_kwargs}
        written = {name: [value] for name, value in given.items()} | literal
        return [name for name in names if any(getattr(self, name) is each for each in written.get(name, ()))]
