"""The chart of accounts."""

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_dinero.api.bodies.comparison import same_text
from airflow_provider_dinero.api.bodies.validation import as_list, canonical, check
from airflow_provider_dinero.api.errors import DineroOutcomeUnknown
from airflow_provider_dinero.api.operations import UNKNOWN, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Resource, Row, Rows, guarded

# The documents' lists of fields omit IsHidden, although their defaults include it.
FIELDS = ("AccountNumber", "Name", "VatCode", "Category", "IsHidden")
PURCHASE_FIELDS = (*FIELDS, "CategoryName")
DEPOSIT_FIELDS = ("AccountNumber", "Name", "IsDefault", "IsHidden")

_IS_THERE = Lost("nothing", "the chart of accounts has an account with this number and name", "yes", UNKNOWN)
_LIST = Operation("GET", "/v1/{organizationId}/accounts/entry")
_PURCHASE = Operation("GET", "/v1/{organizationId}/accounts/purchase")
_DEPOSIT = Operation("GET", "/v1/{organizationId}/accounts/deposit")
_CREATE = Operation(
    "POST", "/v1/{organizationId}/accounts/entry", Repeat.BARE, body="AccountCreateModel", lost=_IS_THERE
)
_CREATE_DEPOSIT = Operation(
    "POST", "/v1/{organizationId}/accounts/deposit", Repeat.BARE, body="DepositCreateModel", lost=_IS_THERE
)


class Accounts(Resource):
    """The chart of accounts."""

    @_LIST.performed_by
    def list(self, *, fields: Collection[str] = FIELDS, category: str | None = None) -> Rows:
        """Return the whole chart of accounts (`GET /v1/{organizationId}/accounts/entry`).

        :param fields: names of AccountNumber, Name, VatCode, Category, IsHidden; default all
        :param category: str, such as Turnover or Liquid Assets; default all
        :return: list of dicts
        """
        return self._fields(_LIST, fields, FIELDS, categoryFilter=category)

    @_PURCHASE.performed_by
    def purchase(self, *, fields: Collection[str] = PURCHASE_FIELDS) -> Rows:
        """Return the accounts that purchase vouchers can use (`GET /v1/{organizationId}/accounts/purchase`).

        :param fields: names of AccountNumber, Name, VatCode, Category, CategoryName, IsHidden; default all
        :return: list of dicts
        """
        return self._fields(_PURCHASE, fields, PURCHASE_FIELDS)

    @_DEPOSIT.performed_by
    def deposit(self, *, fields: Collection[str] = DEPOSIT_FIELDS) -> Rows:
        """Return the deposit accounts: banks, payment providers (`GET /v1/{organizationId}/accounts/deposit`).

        :param fields: names of AccountNumber, Name, IsDefault, IsHidden; default all
        :return: list of dicts
        """
        return self._fields(_DEPOSIT, fields, DEPOSIT_FIELDS)

    @_CREATE.performed_by
    @guarded
    def create(self, body: Mapping[str, Any]) -> None:
        """Create an account (`POST /v1/{organizationId}/accounts/entry`).

        :param body: mapping like AccountCreateModel: Number, Name and VatCode
        :raises DineroRefused: the number is taken
        :raises DineroOutcomeUnknown: the response was lost, and the account doesn't show up
        """
        self._add(_CREATE, body, self.list)

    @_CREATE_DEPOSIT.performed_by
    @guarded
    def create_deposit(self, body: Mapping[str, Any]) -> None:
        """Create a deposit account (`POST /v1/{organizationId}/accounts/deposit`).

        :param body: mapping like DepositCreateModel: Number (usually 55000-55999), Name, and the bank's details
        :raises DineroRefused: the number is taken
        :raises DineroOutcomeUnknown: the response was lost, and the account doesn't show up
        """
        self._add(_CREATE_DEPOSIT, body, self.deposit)

    def _fields(
        self, operation: Operation, fields: Collection[str], allowed: Collection[str], **query: str | None
    ) -> Rows:
        with self.session.guard():
            query["fields"] = ",".join(canonical(as_list(fields), allowed))
        return self._array(operation, query=query)

    def _add(self, operation: Operation, body: Mapping[str, Any], read: Any) -> None:
        wanted = check(str(operation.body), body)

        def look() -> Row | None:
            there: Rows = read()
            numbered = (each for each in there if each["AccountNumber"] == wanted["Number"])
            return next((each for each in numbered if same_text(each["Name"], wanted["Name"])), None)

        try:
            self.session.send(operation, body=wanted)
        except DineroOutcomeUnknown:
            if self._seen(look, patient=True) is None:
                raise
