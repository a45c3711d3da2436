"""Contacts, against the sandbox."""

from typing import Any

import pytest

from airflow_provider_dinero.api import errors
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.resources.mapped_notes import MOST, Mapped, MappedNotes
from tests.conftest import CONTACT

PRODUCT = {"Name": "Wheel", "BaseAmountValue": 1, "Quantity": 1, "AccountNumber": 1000, "Unit": "parts"}


def calls(sandbox: Any) -> list[str]:
    """What was asked since the last look, without tokens."""
    return [each["method"] for each in sandbox.requests() if each["organization"]]


def test_an_upsert_creates_once_and_then_changes_only_what_differs(client: Any, sandbox: Any) -> None:
    first = client.contacts.upsert(CONTACT)
    assert first["Change"] == "created"
    assert client.contacts.upsert(CONTACT) == {**first, "Change": "unchanged"}
    assert client.contacts.upsert({**CONTACT, "City": "Ry"}) == {**first, "Change": "updated"}
    assert client.contacts.upsert({**CONTACT, "City": "Ry", "UseCvr": False}) == {**first, "Change": "unchanged"}
    there = client.contacts.get(first["ContactGuid"])
    assert (there["City"], there["Name"]) == ("Ry", CONTACT["Name"])
    assert calls(sandbox)[:3] == ["GET", "POST", "GET"]  # two requests to create, one to see that nothing differs


def test_what_somebody_added_in_dinero_stays(client: Any) -> None:
    guid = client.contacts.upsert(CONTACT)["ContactGuid"]
    client.contacts.update(guid, {**CONTACT, "Phone": "12345678", "PaymentConditionType": "NettoCash"})
    client.contacts.upsert({**CONTACT, "City": "Ry"})
    there = client.contacts.get(guid)
    assert (there["Phone"], there["PaymentConditionType"], there["City"]) == ("12345678", "NettoCash", "Ry")


@pytest.mark.parametrize(("match_by", "value"), [("Email", "A@b.dk"), ("VatNumber", "DE136695976")])
def test_a_contact_is_found_by_other_properties(client: Any, match_by: str, value: str) -> None:
    body = {"Name": "Bo", "CountryKey": "DE", "IsPerson": False, match_by: value}
    made = client.contacts.create(body)
    found = client.contacts.upsert({**body, match_by: value.lower(), "Name": "Bo"}, match_by=match_by)
    assert found["ContactGuid"] == made["ContactGuid"]


def test_a_reference_that_differs_in_case_is_another_contact(client: Any) -> None:
    first = client.contacts.upsert({**CONTACT, "ExternalReference": "abc"})
    second = client.contacts.upsert({**CONTACT, "ExternalReference": "ABC"})
    assert second["Change"] == "created"
    assert second["ContactGuid"] != first["ContactGuid"]


@pytest.mark.parametrize("blank", ["\u00a0", " ", "\n", "\t"])
def test_a_blank_at_the_end_makes_no_second_contact_or_product(client: Any, blank: str) -> None:
    product = {"ProductNumber": "p-1", "ExternalReference": "p-1", **PRODUCT}
    for resource, body, names in (
        (client.contacts, {**CONTACT, "Email": "bo@example.dk"}, ("ExternalReference", "Email")),
        (client.products, product, ("ExternalReference", "ProductNumber")),
    ):
        first = resource.upsert(body)
        for name in names:
            value = f" {body[name]}{' ' if name == 'Email' else blank}"  # an address with a line break is refused
            assert resource.upsert({**body, name: value}, match_by=name) == {**first, "Change": "unchanged"}
        assert len(list(resource.list())) == 1
        with pytest.raises(errors.DineroInvalidBody, match="to match by"):
            resource.upsert({**body, "ExternalReference": blank})


def test_two_matches_are_an_error_that_names_them(client: Any) -> None:
    guids = {client.contacts.create(CONTACT)["ContactGuid"] for _ in range(2)}
    with pytest.raises(errors.DineroConflict, match="2 contacts have the ExternalReference c-4") as raised:
        client.contacts.upsert(CONTACT)
    assert all(guid in str(raised.value) for guid in guids)


@pytest.mark.parametrize("match_by", ["Name", "Phone", "Email"])
def test_there_must_be_something_to_match_by(client: Any, sandbox: Any, match_by: str) -> None:
    with pytest.raises(errors.DineroInvalidBody, match=match_by):
        client.contacts.upsert(CONTACT, match_by=match_by)
    assert sandbox.requests() == []


def test_a_deleted_contact_is_made_anew_only_on_purpose(client: Any, sandbox: Any) -> None:
    import requests

    guid = client.contacts.upsert(CONTACT)["ContactGuid"]
    token = requests.post(
        f"{sandbox.url}/dineroapi/oauth/token",
        auth=("personal-sandbox", "sandbox-secret"),
        data={"grant_type": "password", "username": "sandbox-api-key", "password": "sandbox-api-key"},
        timeout=5,
    ).json()["access_token"]
    there = f"{sandbox.url}/v1/100001/contacts/{guid}"
    requests.delete(there, headers={"Authorization": f"Bearer {token}"}, timeout=5).raise_for_status()
    with pytest.raises(errors.DineroConflict, match="pass another generation"):
        client.contacts.upsert(CONTACT)
    assert client.contacts.upsert(CONTACT, generation=1)["Change"] == "created"
    kinds = {change.row["ContactGuid"]: change.kind for change in client.contacts.changes("2020-01-01T00:00:00Z")}
    assert kinds.pop(guid) == "deleted"
    assert set(kinds.values()) == {"created"}
    living = [change.kind for change in client.contacts.changes("2020-01-01T00:00:00Z", include_deleted=False)]
    assert living == ["created"]


def test_the_same_guid_with_other_content_is_a_conflict(client: Any) -> None:
    body = {**CONTACT, "ContactGuid": "1f5cde3a-a594-43ca-8063-7a27c6d6de00"}
    assert client.contacts.create(body) == client.contacts.create(body)
    with pytest.raises(errors.DineroConflict, match="Name: Dinero has 'Bjørn Hansen', you gave 'Bo'"):
        client.contacts.create({**body, "Name": "Bo"})


def test_a_contact_that_became_another_customer_is_left_alone(client: Any) -> None:
    guid = client.contacts.upsert(CONTACT)["ContactGuid"]
    client.contacts.update(guid, {**CONTACT, "ExternalReference": "c-77"})
    with pytest.raises(errors.DineroConflict, match="ExternalReference: Dinero has 'c-77', you gave 'c-4'"):
        client.contacts.upsert(CONTACT)
    assert client.contacts.get(guid)["ExternalReference"] == "c-77"


def test_none_empties_a_property_and_empty_text_is_none(client: Any) -> None:
    client.contacts.upsert({**CONTACT, "Phone": "12345678", "City": ""})
    assert client.contacts.upsert({**CONTACT, "City": ""})["Change"] == "unchanged"
    emptied = client.contacts.upsert({**CONTACT, "Phone": None, "PaymentConditionType": None})
    assert emptied["Change"] == "updated"
    assert not client.contacts.get(emptied["ContactGuid"])["Phone"]
    assert client.contacts.upsert({**CONTACT, "Phone": None, "PaymentConditionType": None})["Change"] == "unchanged"


def test_an_upsert_makes_its_own_guid(client: Any, sandbox: Any) -> None:
    with pytest.raises(errors.DineroInvalidBody, match="can't have a ContactGuid"):
        client.contacts.upsert({**CONTACT, "ContactGuid": "1f5cde3a-a594-43ca-8063-7a27c6d6de00"})
    assert sandbox.requests() == []


SHARED = {**CONTACT, "Name": "Ida Holm", "Email": "family@example.dk"}
BO = {**SHARED, "Name": "Bo Holm", "ExternalReference": "bo"}


def test_an_address_that_people_share_leads_to_nobody_else(client: Any, sandbox: Any) -> None:
    ida = client.contacts.upsert(SHARED, match_by="Email")["ContactGuid"]
    with pytest.raises(errors.DineroConflict, match=r"family@example.dk belongs to 'Ida Holm' .* the Name 'Bo Holm'"):
        client.contacts.upsert(BO, match_by="Email")
    assert client.contacts.get(ida)["Name"] == "Ida Holm"
    same = client.contacts.upsert({**SHARED, "Name": "ida  holm", "City": "Ry"}, match_by="Email")
    assert same == {"ContactGuid": ida, "Change": "updated"}
    bo = client.contacts.upsert(BO, match_by="Email", on_other_name="create")
    assert bo["Change"] == "created"
    # If two have the same address, the name decides; and a repetition creates nothing.
    assert client.contacts.upsert(BO, match_by="Email") == {**bo, "Change": "unchanged"}
    assert client.contacts.upsert(BO, match_by="Email", on_other_name="create") == {**bo, "Change": "unchanged"}
    with pytest.raises(errors.DineroConflict, match="2 contacts have the Email"):
        client.contacts.upsert({**BO, "Name": "Eva"}, match_by="Email", on_other_name="update")
    with pytest.raises(errors.DineroInvalidBody, match=r"on_other_name can't be 'overwrite'\. Use fail, update, cr"):
        client.contacts.upsert(BO, match_by="Email", on_other_name="overwrite")


def test_of_an_address_are_made_as_many_contacts_as_there_are_names(client: Any) -> None:
    guests = [{**SHARED, "Name": name} for name in ("Ida", "Bo", "Eva")]
    made = [client.contacts.upsert(each, match_by="Email", on_other_name="create") for each in guests]
    assert [each["Change"] for each in made] == ["created"] * 3
    assert len({each["ContactGuid"] for each in made}) == 3


@pytest.mark.parametrize(
    ("match_by", "options"),
    [("ExternalReference", {}), ("VatNumber", {}), ("Email", {"on_other_name": "update"})],
)
def test_a_new_name_is_an_update_where_the_customer_is_the_same(client: Any, match_by: str, options: Any) -> None:
    body = {**SHARED, "IsPerson": False, "CountryKey": "DE", "VatNumber": "DE136695976"}
    first = client.contacts.upsert(body, match_by=match_by, **options)
    renamed = client.contacts.upsert({**body, "Name": "Holm ApS"}, match_by=match_by, **options)
    assert renamed == {**first, "Change": "updated"}
    assert client.contacts.get(first["ContactGuid"])["Name"] == "Holm ApS"


def test_what_an_accountant_corrected_is_left_where_contacts_are_only_created(client: Any, sandbox: Any) -> None:
    made = client.contacts.upsert(CONTACT, only_create=True)
    assert made["Change"] == "created"
    client.contacts.update(made["ContactGuid"], {**CONTACT, "Street": "Corrected 1"})
    sandbox.requests()
    before = len(calls(sandbox))
    assert client.contacts.upsert({**CONTACT, "Street": "Wrong 1"}, only_create=True) == {**made, "Change": "unchanged"}
    assert calls(sandbox)[before:] == ["GET"]
    assert client.contacts.get(made["ContactGuid"])["Street"] == "Corrected 1"


def test_notes_of_mapped_instances_are_kept_within_bounds(client: Any) -> None:
    body: Any = check("ContactCreateModel", CONTACT)
    notes = MappedNotes(client.session, "contacts")
    for index in range(MOST + 5):
        notes.add(Mapped("run", index), f"ExternalReference:{index}", body)
    changed = body | {"City": "Ry"}
    assert notes.other(Mapped("run", 0), f"ExternalReference:{MOST}", changed) == MOST
    assert notes.other(Mapped("run", 0), f"ExternalReference:{MOST}", body) is None
    assert notes.other(Mapped("run", MOST), f"ExternalReference:{MOST}", changed) is None  # it is itself
    assert notes.other(Mapped("other run", 0), f"ExternalReference:{MOST}", changed) is None
    assert notes.other(Mapped("run", 9), "ExternalReference:0", changed) is None  # long ago
    with client.session.lock.hold(f"{client.organization_id}/contacts/mapped") as held:
        assert len(held.note) < 65536
        held.leave("damaged\n1 2 3 4 five")
    assert notes.other(Mapped("run", 0), "ExternalReference:1", changed) is None
