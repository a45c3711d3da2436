"""Whether the credentials reach an organization, and what its subscription covers: one cheap read."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.masking import hidden

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient


def subscription_of(client: "DineroClient") -> tuple[bool, str]:
    """Name the client's organization and its subscription (`GET /v1.1/organizations`).

    :param client: DineroClient
    :return: (whether all is well, what was found or what to do)
    :raises DineroError: there was no answer to tell from
    """
    found = {each["Id"]: each for each in client.organizations.subscriptions()}
    try:
        number = client.organization_id
    except DineroConfigurationError as error:
        return False, f"{error} The credentials are accepted. {reached(found.values())}"
    if number not in found:
        return False, f"These credentials don't reach organization {number}. {reached(found.values())}"
    subscription = found[number]["Subscription"]
    told = "Total" if subscription.get("HasTotal") else "Pro" if subscription.get("HasPro") else None
    name = f"{hidden(found[number]['Name'])} ({number})"
    if told is None:
        return False, f"{name} has no Pro subscription: Dinero refuses all else. Renew it in Dinero."
    return True, f"{name}, subscription {told}."


def reached(organizations: Iterable[Mapping[str, Any]]) -> str:
    """Return how an error says which organizations there are to choose from.

    :param organizations: of mappings with Id and Name
    """
    named = ", ".join(f"{each['Id']} ({hidden(each['Name'])})" for each in organizations)
    return f"They reach: {named or 'none'}."
