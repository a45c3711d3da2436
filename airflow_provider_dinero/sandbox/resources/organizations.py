"""Organizations and countries, which need no organization in the path."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_dinero.sandbox.answers import JsonObject, answer
from airflow_provider_dinero.sandbox.calls import Call, Resource
from airflow_provider_dinero.sandbox.contract import project
from airflow_provider_dinero.sandbox.countries import COUNTRIES
from airflow_provider_dinero.sandbox.lists import pick, wanted_fields
from airflow_provider_dinero.sandbox.seed_data import ORGANIZATIONS, OWNER, Organization

resource = Resource()


@resource.operation("GET", "/v1/organizations")
def organizations(call: Call) -> Response:
    """List the organizations that the token reaches; works without Pro."""
    fields = wanted_fields(call, "/v1/organizations")
    return answer([pick(_model(ORGANIZATIONS[id]), fields) for id in call.reach])


@resource.operation("GET", "/v1.1/organizations")
def organizations_with_subscription(call: Call) -> Response:
    """List the same organizations in full."""
    return answer([project("OrganizationReadModelV2", _model(ORGANIZATIONS[id])) for id in call.reach])


@resource.operation("GET", "/v1/countries")
def countries(call: Call) -> Response:
    """List the countries that a contact can have."""
    return answer([{"Key": key, "DanishName": names[0], "EnglishName": names[1]} for key, names in COUNTRIES.items()])


def _model(organization: Organization) -> JsonObject:
    return {
        "Id": organization.id,
        "Name": organization.name,
        "Type": "Default",
        "CompanyTypeKey": "PrivateLimitedCompany",
        "IsPro": organization.pro,
        "IsPayingPro": organization.pro,
        "IsVatFree": False,
        "IsTaxFreeUnion": False,
        "Email": organization.email,
        "Phone": "35350000",
        "Street": "Nørrebrogade 1",
        "City": "København N",
        "ZipCode": "2200",
        "AttPerson": OWNER,
        "VatNumber": organization.vat_number,
        "CountryKey": "DK",
        "RoleKey": "Owner",
        "Subscription": {
            "HasPro": organization.pro,
            "HasPayingPro": organization.pro,
            "HasStarterPlus": False,
            "HasTotal": False,
            "HasYfs": False,
        },
    }
