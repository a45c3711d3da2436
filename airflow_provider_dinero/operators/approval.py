"""Check whether a person has approved a task."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroInvalidBody

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

# The options of Airflow's ApprovalOperator.
APPROVE, REJECT = "Approve", "Reject"


class NotNeeded:
    """The default of `approval`. It isn't None, since None is the output of a task that never ran."""

    def __repr__(self) -> str:
        return "no approval needed"


NOT_NEEDED = NotNeeded()


def require_approval(task: "BaseOperator", approval: Any, context: "Context") -> None:
    """Skip the task unless a person has approved it.

    :param task: BaseOperator
    :param approval: dict, list or None: the task's rendered `approval`
    :param context: Context
    :raises AirflowSkipException: nobody approved
    :raises DineroInvalidBody: the approval isn't an answer, or it isn't clear which of several belongs to this task
    """
    from airflow.sdk.exceptions import AirflowSkipException

    answer = _own_answer(task, approval, context)
    if answer is None:
        raise AirflowSkipException("Not approved: the approval has no answer.")
    chosen = answer["chosen_options"]
    user = answer.get("responded_by_user")
    if not user:
        raise AirflowSkipException(f"Not approved: nobody answered in time, and the default is {_listed(chosen)}.")
    who = user.get("name") or user.get("id")
    if APPROVE not in chosen or REJECT in chosen:
        raise AirflowSkipException(f"Not approved: {who} chose {_listed(chosen)}.")
    task.log.info("approved by %s at %s", who, answer.get("responded_at"))


def _own_answer(task: "BaseOperator", answer: Any, context: "Context") -> Mapping[str, Any] | None:
    """Return the answer that this task depends on; None if there is none."""
    mapped: Any = _mapped(task)
    crossed = mapped and isinstance(mapped.expand_input.value, Mapping) and len(mapped.expand_input.value) > 1
    if crossed and "approval" in mapped.expand_input.value:
        raise DineroInvalidBody(
            "approval: `expand` combines each document with every answer, not only with its own.",
            "Put the approval and this task in one mapped task group.",
        )
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        answer = _of_own_index(mapped, context)
    if answer is None:
        return None
    if not isinstance(answer, Mapping) or not isinstance(answer.get("chosen_options"), list | tuple):
        raise DineroInvalidBody(
            f"approval: this must be the answer to an approval, not {type(answer).__name__}.",
            "Pass the output of an ApprovalOperator or HITLOperator: approve.output.",
        )
    return answer


def _mapped(task: "BaseOperator") -> Any:
    """Return the mapped task in the DAG file that this task is an instance of; None if it isn't mapped."""
    dag: Any = task.get_dag()
    written = dag and dag.task_dict.get(task.task_id)
    return written if getattr(written, "is_mapped", False) else None


def _of_own_index(mapped: Any, context: "Context") -> Any:
    """Return the answer with this task's map index, from a mapped approval that has as many instances as this task."""
    ti: Any = context["ti"]
    source = mapped and getattr(mapped.partial_kwargs.get("approval"), "operator", None)

    def instances(task_id: str) -> int:
        return int(ti.get_ti_count(dag_id=ti.dag_id, task_ids=[task_id], run_ids=[ti.run_id]))

    if not source or instances(source.task_id) != instances(ti.task_id):
        raise DineroInvalidBody(
            "approval: there are several answers, and it isn't clear which one belongs to this task.",
            "Put the approval and this task in one mapped task group.",
        )
    return ti.xcom_pull(task_ids=source.task_id, map_indexes=ti.map_index)


def _listed(chosen: Sequence[str]) -> str:
    return " and ".join(map(str, chosen)) or "nothing"
