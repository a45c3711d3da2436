"""Whether the credentials reach an organization, and what its subscription covers: one cheap read."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_dinero.api.client import DineroClient


def subscription_of(client: "DineroClient") -> tuple[bool, str]:
    """Name the client's organization and its subscription (`GET /v1.1/organizations`).

    :param client: DineroClient
    :return: (whether all is well, what was found or what to do)
    :raises DineroError: there was no answer to tell from
    """
    number = client.organization_id
    found = {each["Id"]: each for each in client.organizations.subscriptions()}
    if number not in found:
        reached = ", ".join(f"{each['Id']} ({each['Name']})" for each in found.values()) or "none"
        return False, f"These credentials don't reach organization {number}. They reach: {reached}."
    subscription = found[number]["Subscription"]
    told = "Total" if subscription.get("HasTotal") else "Pro" if subscription.get("HasPro") else None
    name = f"{found[number]['Name']} ({number})"
    if told is None:
        return False, f"{name} has no Pro subscription: Dinero refuses all else. Renew it in Dinero."
    return True, f"{name}, subscription {told}."
