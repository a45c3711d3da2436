"""Only what the DAG author wrote is a template; what another task returned is data."""

from ast import literal_eval
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, ObjectStoragePath

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context


class AuthoredTemplates(BaseOperator):
    """Renders what the DAG author wrote, and leaves unchanged what came from another task.

    Airflow renders the arguments of a mapped task after it has filled in the results of other tasks. It skips objects
    that it filled in itself, but not what `expand_kwargs` found in a task's result, nor what `__init__` copied: the
    text of an order could then put a connection's secret on an invoice.
    """

    _keeps_text = False

    def render_template(
        self,
        content: Any,
        context: "Context",
        jinja_env: "jinja2.Environment | None" = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value, but not text that is data; results of other tasks are filled in."""
        if self._keeps_text and isinstance(content, str | ObjectStoragePath):
            return content
        return super().render_template(content, context, jinja_env, seen_oids)

    def _render(self, template: "jinja2.Template", context: "Context", dag: Any = None) -> Any:
        """Render a template; even with native objects, text stays text.

        Airflow's own rendering of native objects parses the rendered text as Python: "1_001" becomes 1001, and "8680"
        the number 8680. Here, a template that is one expression returns its value, and all others return text; only a
        dict, or a list of dicts or texts, that is written out in the template is still parsed.
        """
        dag = dag or self.get_dag()
        if not self._should_render_native(dag):
            return super()._render(template, context, dag)
        # Airflow returns a single node unchanged: here, the list of all nodes.
        names = ("environment", "globals", "name", "blocks")
        whole = SimpleNamespace(
            **{name: getattr(template, name) for name in names},
            root_render_func=lambda made: iter([list(template.root_render_func(made))]),
        )
        nodes = super()._render(whole, context, dag)
        if len(nodes) == 1 and not isinstance(nodes[0], str):
            return nodes[0]
        return _structure("".join(map(str, nodes)))

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: "Context",
        jinja_env: "jinja2.Environment",
        seen_oids: set[int],
    ) -> None:
        # A private function of Airflow: the only place between the arguments of a mapped task and their rendering.
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
            return
        authored = self._authored(template_fields, context)
        data = [name for name in template_fields if name not in authored]
        # Not seen_oids: a constant of the DAG file may be a template in `partial`, and data if `.map` returns it.
        super()._do_render_template_fields(self, authored, context, jinja_env, set())
        self._keeps_text = True
        super()._do_render_template_fields(self, data, context, jinja_env, seen_oids)
        self._keeps_text = False

    def _authored(self, names: Iterable[str], context: "Context") -> list[str]:
        """Return the names of the arguments that are unchanged since the author wrote them."""
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
        # `__init__` may have built an argument from several, or a row of `expand_kwargs` may have replaced it: only the
        # objects in the DAG file itself are rendered.
        given = {**dag.default_args, **task.task_group.default_args, **task.partial_kwargs}
        written = {name: [value] for name, value in given.items()} | literal
        return [name for name in names if any(getattr(self, name) is each for each in written.get(name, ()))]


def _structure(text: str) -> Any:
    """Return the dict, or the list of dicts or texts, that a text represents; any other text unchanged."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        found = literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    members = found if isinstance(found, list) else [found] if isinstance(found, dict) else [None]
    return found if all(isinstance(each, dict | str) for each in members) else text
