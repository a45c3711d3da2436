"""Contacts: customers and suppliers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.operators.base import DineroBaseOperator, whole

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroUpsertContactOperator(DineroBaseOperator):
    """Creates a contact, or changes what differs in the one that is there. Repeating it changes nothing.

    Dinero: `GET` and `POST /v1/{organizationId}/contacts`, `PUT /v2/{organizationId}/contacts/{guid}`.

    :param contact: dict in Dinero's own property names (Name, CountryKey and IsPerson are required). Templated.
    :param match_by: str, the property that finds the contact: ExternalReference, VatNumber or Email; default
        ExternalReference
    :param generation: int, raised to make a contact anew after it was deleted in Dinero; default 0. Templated.
    :return: `{"ContactGuid", "Change"}`, Change being created, updated or unchanged
    """

    resource = "contacts"
    template_fields: Sequence[str] = (*DineroBaseOperator.template_fields, "contact", "generation")
    template_fields_renderers: ClassVar[dict[str, str]] = {"contact": "json"}

    def __init__(
        self,
        *,
        contact: Mapping[str, Any],
        match_by: str = "ExternalReference",
        generation: int | str = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contact = contact
        self.match_by = match_by
        self.generation = generation

    def perform(self, context: "Context") -> dict[str, Any]:
        """Find the contact, and create or change it."""
        found = self.client.contacts.upsert(
            self.contact, match_by=self.match_by, generation=whole("generation", self.generation)
        )
        self.log.info("contact %s %s", found["ContactGuid"], found["Change"])
        return found
