"""The organizations that the credentials reach."""

from collections.abc import Collection

from airflow_provider_dinero.api.bodies.validation import as_list, canonical
from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource, Rows

FIELDS = (
    "Name", "Id", "Type", "IsPro", "IsPayingPro", "IsVatFree", "Email", "Phone", "Street", "City", "ZipCode",
    "AttPerson", "IsTaxFreeUnion", "VatNumber",
)  # fmt: skip

_LIST = Operation("GET", "/v1/organizations")
_SUBSCRIPTIONS = Operation("GET", "/v1.1/organizations")


class Organizations(Resource):
    """Works without a Pro subscription and without an organization id."""

    @_LIST.performed_by
    def list(self, *, fields: Collection[str] = FIELDS) -> Rows:
        """Return all organizations (`GET /v1/organizations`).

        :param fields: names of the properties to get, in any case; default all
        :return: list of dicts
        """
        with self.session.guard():
            query = {"fields": ",".join(canonical(as_list(fields), FIELDS))}
        return self._array(_LIST, query=query)

    @_SUBSCRIPTIONS.performed_by
    def subscriptions(self) -> Rows:
        """Return all organizations, each with its Subscription (`GET /v1.1/organizations`).

        :return: list of dicts with Id, Name, Subscription and more
        """
        return self._array(_SUBSCRIPTIONS)
