"""The button that leads from a task to its document in Dinero."""

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from airflow_provider_dinero.api import DineroClient

APP = "https://app.dinero.dk"
SANDBOX_PAGES = "/_sandbox/ui"


class DineroLink(BaseOperatorLink):
    """Leads to what the task created or found in Dinero."""

    name = "Dinero"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """Return the address. Airflow calls this in the worker when the task is done, and stores the result.

        :param operator: BaseOperator, which has done its work
        :param ti_key: TaskInstanceKey
        """
        return str(getattr(operator, "document_url", ""))


def document_url(client: "DineroClient", place: str = "") -> str:
    """Return the address at which a person sees a document: in Dinero's app, or on the sandbox's own pages.

    :param client: DineroClient
    :param place: str, the path below the organization in the app; default the organization itself
    """
    from airflow_provider_dinero.api.client import BASE_URL

    if not place and client.base_url != BASE_URL:
        return f"{client.base_url}/"
    root = APP if client.base_url == BASE_URL else client.base_url + SANDBOX_PAGES
    return f"{root}/{client.organization_id or ''}/{place}".rstrip("/")
