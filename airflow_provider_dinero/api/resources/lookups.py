"""What other bodies refer to: accounting years, VAT types, countries."""

from airflow_provider_dinero.api.operations import Operation
from airflow_provider_dinero.api.resources.base import Resource, Rows

_YEARS = Operation("GET", "/v1/{organizationId}/accountingyears")
_VAT_TYPES = Operation("GET", "/v1/{organizationId}/vatTypes")
_COUNTRIES = Operation("GET", "/v1/countries")


class AccountingYears(Resource):
    """Accounting years. A new one is created when something is booked in it."""

    @_YEARS.performed_by
    def list(self) -> Rows:
        """Return the accounting years (`GET /v1/{organizationId}/accountingyears`).

        :return: list of dicts with Name (which reports take), FromDate and ToDate
        """
        return self._array(_YEARS)


class VatTypes(Resource):
    """VAT types. An organization may have added its own."""

    @_VAT_TYPES.performed_by
    def list(self) -> Rows:
        """Return the VAT types (`GET /v1/{organizationId}/vatTypes`).

        :return: list of dicts with VatCode, Name and VatRate, a fraction such as 0.25
        """
        return self._array(_VAT_TYPES)


class Countries(Resource):
    """Countries."""

    @_COUNTRIES.performed_by
    def list(self) -> Rows:
        """Return the countries that a contact can be in (`GET /v1/countries`).

        :return: list of dicts with Key and Name
        """
        return self._array(_COUNTRIES)
