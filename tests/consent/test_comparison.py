"""`airflow dinero compare`: what reading shows of each switch, and that it shows nothing else."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import ProcessBudget, Slot
from airflow_provider_dinero.consent.comparison import BY_WRITING, UNKNOWN, Comparison
from airflow_provider_dinero.sandbox.server import running
from airflow_provider_dinero.sandbox.settings import SWITCHES, Settings
from tests.conftest import line

Add = Callable[..., str]
NAME = "Fahrrad Müller"
# Settings of the machine, and of the application at Visma Connect.
NOT_DINEROS = {
    "state",
    "allowed_hosts",
    "clock",
    "requests_per_minute",
    "token_lifetime",
    "grace_seconds",
    "redirect_uris",
    "require_pkce",
}


def company(client: DineroClient) -> None:
    """Do what a company does."""
    contact = {"Name": NAME, "CountryKey": "DE", "IsPerson": False, "VatNumber": "12345"}
    guid = client.contacts.create(contact)["ContactGuid"]
    client.products.create({
        "Name": "Time",
        "BaseAmountValue": 1,
        "Quantity": 1,
        "AccountNumber": 1000,
        "Unit": "hours",
    })
    lines = [line(BaseAmountValue="9.99"), line(BaseAmountValue="12.37", Quantity=3), line(BaseAmountValue="9.99")]
    cash = {"ContactGuid": guid, "PaymentConditionType": "NettoCash"}
    for incl_vat in (True, False):
        made = client.invoices.create({**cash, "ProductLines": lines, "ShowLinesInclVat": incl_vat})
        client.invoices.book(made["Guid"])
    client.invoices.delete(client.invoices.create({**cash, "ProductLines": [line()]})["Guid"])


def compared(**settings: Any) -> dict[str, str]:
    with running(requests_per_minute=10_000, **settings) as sandbox:
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", sandbox.url)

        def client() -> DineroClient:
            return DineroClient(100001, grant, base_url=sandbox.url, requests_per_minute=10_000)

        company(client())
        sandbox.forward(days=1, hours=1)
        before = len(sandbox.requests())
        found = list(Comparison(client()).findings())
        assert {each["method"] for each in sandbox.requests()[before:]} <= {"GET", "POST"}
        writes = [each["path"] for each in sandbox.requests()[before:] if each["method"] == "POST"]
        assert writes == ["/dineroapi/oauth/token"]
        assert NAME not in "\n".join(map(str, found))
    assert len(found) == len({each.switch for each in found})
    return {each.switch: each.setting for each in found}


def test_the_sandbox_as_it_is_is_recognized() -> None:
    found = compared()
    seconds = float(found.pop("contact_filter_seconds"))
    assert seconds < 5
    assert {switch: setting for switch, setting in found.items() if setting != UNKNOWN} == {
        "date_header": "on",
        "page_size_error": "400",
        "result_without_filter": "before-paging",
        "v1_changes_include_deleted": "off",
        "overdue_moves_updated_at": "off",
        "vat_rounding": "line",
        "foreign_vat_numbers": "taken",
        "hours_unit": "taken",
        "v1_invoice_payments": "gone",
    }
    assert set(found) | {"contact_filter_seconds"} == {each.name for each in fields(Settings)} - NOT_DINEROS
    assert set(SWITCHES) <= set(found) | {"contact_filter_seconds"}
    assert all(found[switch] == UNKNOWN for switch in BY_WRITING)


@pytest.mark.parametrize(
    ("switch", "value", "setting"),
    [
        ("date_header", False, "off"),
        ("page_size_error", 413, "413"),
        ("result_without_filter", "before-filter", "before-filter"),
        ("v1_changes_include_deleted", True, "on"),
        ("overdue_moves_updated_at", True, "on"),
        ("vat_rounding", "unit", "unit"),
        ("vat_rounding", "document", "document"),
        ("v1_invoice_payments", "v2", "v2"),
    ],
)
def test_another_setting_is_recognized(switch: str, value: Any, setting: str) -> None:
    assert compared(**{switch: value})[switch] == setting


def test_the_wait_for_the_allowance_is_not_measured() -> None:
    class Busy(ProcessBudget):
        wait = 0.0

        def reserve(self, key: str, per_minute: int, within: float, who: str = "") -> Slot:
            slot = super().reserve(key, per_minute, within, who)
            return Slot(slot.at + self.wait, slot.left)

    with running(requests_per_minute=10_000, contact_filter_seconds=0.5) as sandbox:
        grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", sandbox.url)
        budget = Busy()
        client = DineroClient(100001, grant, base_url=sandbox.url, requests_per_minute=10_000, budget=budget)
        company(client)
        for found in Comparison(client).findings():
            if found.switch == "contact_filter_seconds":
                break
            budget.wait = 3.0 if found.switch == "overdue_moves_updated_at" else 0.0
    assert 0.5 <= float(found.setting) < 3


def test_an_empty_company_tells_little(add: Add, airflow: Any) -> None:
    own = add("own", grant="personal_integration", organization_id=100001)
    code, out, _ = airflow("dinero", "compare", own, "--json")
    known = {each["switch"]: each["setting"] for each in json.loads(out) if each["setting"] != UNKNOWN}
    assert (code, known) == (0, {"date_header": "on", "page_size_error": "400"})
