"""Contacts: customers and suppliers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dinero.operators.base import DineroBaseOperator, whole

if TYPE_CHECKING:
    from airflow.sdk import Context


class DineroUpsertContactOperator(DineroBaseOperator):
    """Creates a contact, or updates an existing one where it differs. Repeating it changes nothing.

    It is an error if two mapped tasks of a run give one contact different content; the error names both.

    Dinero: `GET` and `POST /v1/{organizationId}/contacts`, `PUT /v2/{organizationId}/contacts/{guid}`.

    :param contact: dict in Dinero's own property names (Name, CountryKey and IsPerson are required). Templated.
    :param match_by: str, the property that finds the contact: ExternalReference, VatNumber or Email; default
        ExternalReference
    :param generation: int, raise it to create a contact again after it was deleted in Dinero; default 0. Templated.
    :param on_other_name: str, what to do if match_by is Email, and only contacts with another Name have the address:
        fail, update (it is the same customer), or create (another contact with this address); default fail
    :param only_create: bool, whether to keep an existing contact as corrected in Dinero; default False
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
        on_other_name: str = "fail",
        only_create: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contact = contact
        self.match_by = match_by
        self.generation = generation
        self.on_other_name = on_other_name
        self.only_create = only_create

    def perform(self, context: "Context") -> dict[str, Any]:
        """Find the contact, and create or update it."""
        from airflow_provider_dinero.adapters.task_identity import identity_of
        from airflow_provider_dinero.api.resources.mapped_notes import Mapped

        place = identity_of(context)
        found = self.client.contacts.upsert(
            self.contact,
            match_by=self.match_by,
            generation=whole("generation", self.generation),
            on_other_name=self.on_other_name,
            only_create=self.only_create,
            mapped=Mapped(str(place._replace(map_index=-1)), place.map_index) if place.map_index >= 0 else None,
        )
        self.log.info("contact %s %s", found["ContactGuid"], found["Change"])
        return found
