"""Whether the credentials reach an organization, and what its subscription includes: one cheap read."""

from collections.abc import Iterable, Mapping
from operator import index
from typing import TYPE_CHECKING, Any

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.http.responses import LONGEST_MESSAGE
from airflow_provider_dinero.api.masking import hidden

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient


def subscription_of(client: "DineroClient") -> str:
    """Return the name of the client's organization and its subscription (`GET /v1.1/organizations`).

    :param client: DineroClient
    :raises DineroConfigurationError: the credentials don't reach the organization, or it has no Pro subscription
    :raises DineroError: there was no response to judge by
    """
    with client.session.guard():
        rows = client.organizations.subscriptions()
        found = {each["Id"]: each for each in map(described, rows)}
        subscriptions = {each["Id"]: dict(each["Subscription"]) for each in rows}
    try:
        number = client.organization_id
    except DineroConfigurationError as error:
        told = f"{error.message} The credentials are accepted. {reached(found.values())}"
        raise DineroConfigurationError(told, error.advice, settings=error.settings) from None
    if number not in found:
        raise DineroConfigurationError(f"These credentials don't reach organization {number}.", reached(found.values()))
    subscription = subscriptions[number]
    kind = "Total" if subscription.get("HasTotal") else "Pro" if subscription.get("HasPro") else None
    name = f"{found[number]['Name']} ({number})"
    if kind is None:
        raise DineroConfigurationError(
            f"{name} has no Pro subscription, so Dinero refuses everything else.", "Renew it in Dinero."
        )
    return f"{name}, subscription {kind}."


def described(organization: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to show of an organization: its number, and its name shortened to fit a message.

    :param organization: mapping from Dinero
    :raises LookupError, TypeError: it has no number or no name
    """
    return {"Id": index(organization["Id"]), "Name": hidden(str(organization["Name"])[:LONGEST_MESSAGE])}


def reached(organizations: Iterable[Mapping[str, Any]]) -> str:
    """Return the organizations to choose from, for an error.

    :param organizations: iterable of mappings with Id and Name
    """
    named = ", ".join(f"{each['Id']} ({each['Name']})" for each in organizations)
    return f"They reach: {named or 'none'}."
