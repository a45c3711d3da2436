"""Products, to which the lines of invoices can refer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.links import document_url
from airflow_provider_dinero.operators.base import DineroBaseOperator, require_mapping

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroUpsertProductOperator(DineroBaseOperator):
    """Creates a product, or updates an existing one where it differs. Repeating it changes nothing.

    Dinero: `GET` and `POST /v1/{organizationId}/products`, `GET` and `PUT /v1/{organizationId}/products/{guid}`.

    :param product: dict in Dinero's own property names (BaseAmountValue, Quantity, AccountNumber and Unit are
        required). Templated.
    :param match_by: str, the property that finds the product: ExternalReference or ProductNumber; default
        ExternalReference
    :return: `{"ProductGuid", "Change"}`, Change being created, updated or unchanged
    """

    resource = "products"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "product")
    template_fields_renderers: ClassVar[dict[str, str]] = {"product": "json"}

    def __init__(self, *, product: Mapping[str, Any], match_by: str = "ExternalReference", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.match_by = match_by

    def perform(self, context: "Context") -> dict[str, Any]:
        """Find the product, and create or update it."""
        found = self.client.products.upsert(require_mapping("product", self.product), match_by=self.match_by)
        self.document_url = document_url(self.client, "products")
        self.log.info("product %s %s", found["ProductGuid"], found["Change"])
        return found
