"""Contacts: customers and suppliers."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.bodies import comparison, idempotency
from airflow_provider_dinero.api.bodies.validation import CheckedBody, check
from airflow_provider_dinero.api.errors import DineroConflict, DineroDryRun, DineroDuplicate, DineroInvalidBody
from airflow_provider_dinero.api.lists.filters import Condition, eq, query_filter
from airflow_provider_dinero.api.operations import GONE, OWN_GUID, SAME_AGAIN, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Listed, Row, Rows, guarded, stripped
from airflow_provider_dinero.api.resources.documents import Documents
from airflow_provider_dinero.api.resources.mapped_notes import Mapped, MappedNotes
from airflow_provider_dinero.api.resources.versions import gone

FIELDS = (
    "Name", "ContactGuid", "ExternalReference", "IsPerson", "Street", "ZipCode", "City", "CountryKey", "Phone",
    "Email", "Webpage", "AttPerson", "VatNumber", "EanNumber", "PaymentConditionType",
    "PaymentConditionNumberOfDays", "IsMember", "MemberNumber", "CompanyStatus", "VatRegionKey", "CreatedAt",
    "UpdatedAt", "DeletedAt", "PreferredInvoiceLanguageKey", "PreferredInvoiceCurrencyKey",
)  # fmt: skip
FILTERABLE = ("ExternalReference", "Name", "Email", "VatNumber", "EanNumber", "IsPerson", "Phone")
MATCHABLE = ("ExternalReference", "VatNumber", "Email")
# What to do if the contact that is found by its e-mail address has another name.
ON_OTHER_NAME = ("fail", "update", "create")

_ALL = "/v1/{organizationId}/contacts"
_ONE = f"{_ALL}/{{guid}}"
_LIST = Operation("GET", _ALL, paginated=True, changes_since=True)
_LIST_ALL = Operation("GET", "/v2/{organizationId}/contacts", paginated=True, changes_since=True)
_GET = Operation("GET", _ONE)
_CREATE = Operation(
    "POST",
    _ALL,
    Repeat.KEYED,
    body="ContactCreateModel",
    lost=OWN_GUID._replace(look_up="the contact with this Guid has the content of the body"),
)
# Sending a PUT of the whole contact twice gives the same contact.
_UPDATE = Operation(
    "PUT", "/v2/{organizationId}/contacts/{guid}", Repeat.KEYED, body="ContactUpdateModel", lost=SAME_AGAIN
)
_DELETE = Operation("DELETE", _ONE, Repeat.KEYED, lost=GONE)
_RESTORE = Operation(
    "POST", f"{_ONE}/restore", Repeat.KEYED, lost=SAME_AGAIN._replace(look_up="the contact has no DeletedAt")
)


class Contacts(Documents, Listed):
    """Customers and suppliers. A contact has no Timestamp: the last write wins."""

    WHAT = "Contact"
    DELETED_APART = False

    @_LIST.performed_by
    def list(
        self,
        *,
        fields: Collection[str] | None = None,
        filters: Condition | Iterable[Condition] = (),
        changes_since: datetime | str | None = None,
        deleted_only: bool = False,
    ) -> Iterator[Row]:
        """Yield contacts that are not deleted (`GET /v1/{organizationId}/contacts`).

        :param fields: names of the properties to get, in any case; default all of the list
        :param filters: conditions made by `eq` and `contains`, on ExternalReference, Name, Email, VatNumber,
            EanNumber, IsPerson or Phone
        :param changes_since: datetime or ISO 8601 text; only rows that changed at or after it
        :param deleted_only: bool, whether to return only deleted ones; default False
        :return: iterator of dicts
        """
        return self._read_living(fields=fields, filters=filters, changes_since=changes_since, deleted_only=deleted_only)

    @_LIST_ALL.performed_by
    def list_all(
        self,
        *,
        fields: Collection[str] | None = None,
        filters: Condition | Iterable[Condition] = (),
        changes_since: datetime | str | None = None,
    ) -> Iterator[Row]:
        """Yield contacts, including deleted ones, which have a DeletedAt (`GET /v2/{organizationId}/contacts`).

        :param fields: names of the properties to get, in any case; default all of the list
        :param filters: as for `list`
        :param changes_since: datetime or ISO 8601 text; only rows that changed at or after it
        :return: iterator of dicts
        """
        return self._read(fields=fields, filters=filters, changes_since=changes_since)

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a contact, deleted or not (`GET /v1/{organizationId}/contacts/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    @_CREATE.performed_by
    @guarded
    def create(self, body: Mapping[str, Any]) -> Row:
        """Create a contact (`POST /v1/{organizationId}/contacts`); with a ContactGuid, repeated calls create only one.

        :param body: mapping with Name, CountryKey, IsPerson and more, like ContactCreateModel
        :return: `{"ContactGuid"}`
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: a contact with this ContactGuid exists with other content
        :raises DineroOutcomeUnknown: all responses were lost, and the body has no ContactGuid
        """
        return {"ContactGuid": str(self._create(_CREATE, body, "ContactGuid")["ContactGuid"])}

    @_UPDATE.performed_by
    def update(self, guid: str, body: Mapping[str, Any]) -> None:
        """Replace a whole contact (`PUT /v2/{organizationId}/contacts/{guid}`).

        :param guid: str
        :param body: mapping, like ContactUpdateModel; properties that you leave out are emptied
        """
        self.session.send(_UPDATE, {"guid": guid}, body=body)

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str) -> None:
        """Delete a contact; it can still be read, and restored (`DELETE /v1/{organizationId}/contacts/{guid}`).

        :param guid: str
        """
        self._settled(
            lambda: self._sent(_DELETE, {"guid": guid}), lambda: gone(lambda: self.get(guid)), operation=_DELETE
        )

    @_RESTORE.performed_by
    @guarded
    def restore(self, guid: str) -> None:
        """Undo the deletion of a contact (`POST /v1/{organizationId}/contacts/{guid}/restore`).

        :param guid: str
        """
        self._settled(
            lambda: self._sent(_RESTORE, {"guid": guid}),
            lambda: self.get(guid)["DeletedAt"] is None or None,
            operation=_RESTORE,
        )

    @guarded
    def upsert(
        self,
        body: Mapping[str, Any],
        *,
        match_by: str = "ExternalReference",
        generation: int = 0,
        on_other_name: str = "fail",
        only_create: bool = False,
        mapped: Mapped | None = None,
        among: Iterable[Row] | None = None,
    ) -> Row:
        """Create a contact, or update an existing one where it differs.

        This takes one request if the contact exists and is equal, two to create it, three to update it; one more if the
        body has a property that lists leave out, such as UseCvr. A property that you set to None is emptied. Blanks
        around the value of `match_by` are ignored.

        People share e-mail addresses. Among several contacts with the Email, this uses the one with the Name.

        :param body: mapping like ContactCreateModel, without ContactGuid
        :param match_by: str, the property that finds the contact: ExternalReference, VatNumber or Email
        :param generation: int, raise it to create a contact again after it was deleted; default 0
        :param on_other_name: str, what to do if only contacts with another Name have the Email: fail, update (the only
            one that has it) or create (another contact); default fail
        :param only_create: bool, whether to leave an existing contact unchanged; default False
        :param mapped: Mapped or None, the calling mapped instance of a task: it is an error if two of them give one
            contact different content in one run; default None
        :param among: iterable of dicts or None, what `rows_of` found for the value, which saves the first request;
            default None
        :return: `{"ContactGuid", "Change"}`, Change being created, updated or unchanged
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: several contacts match, the matching one has another Name, the contact was deleted, or
            another mapped instance gave it other content
        """
        wanted, value = self.matched(body, match_by, on_other_name)
        notes = MappedNotes(self.session, "contacts")
        # One at a time: if the responses of several calls get lost, only one has created it.
        with self.session.lock.hold(f"{self.session.organization_id}/contacts/{match_by}:{value}"):
            key = _key(match_by, value, wanted, on_other_name)
            rows = self.list(filters=[eq(match_by, value)]) if among is None else among
            existing = only(rows, match_by, value, wanted, on_other_name)
            if mapped and (other := notes.other(mapped, key, wanted)) is not None:
                raise DineroConflict(
                    f"Map indexes {other} and {mapped.map_index} of this task have different content for the contact "
                    f"with the {match_by} {value}.",
                    "Nothing was changed. Pass each contact once, or give each its own ExternalReference.",
                )
            same = (match_by, "Name") if match_by == "Email" and on_other_name != "update" else (match_by,)
            found = self._upserted(existing, wanted, same, key, generation, only_create=only_create)
            if mapped:
                notes.add(mapped, key, wanted)
            return found

    def matched(self, body: Mapping[str, Any], match_by: str, on_other_name: str = "fail") -> tuple[CheckedBody, str]:
        """Return the body of an upsert, checked, and the value that finds the contact.

        :param body: mapping like ContactCreateModel, without ContactGuid
        :param match_by: str, the property that finds the contact
        :param on_other_name: str, as for `upsert`; default fail
        :raises DineroInvalidBody: it is wrong, or can't be found by that
        """
        wanted: CheckedBody = check("ContactCreateModel", body)
        if match_by not in MATCHABLE:
            raise DineroInvalidBody(f"You can't match contacts by {match_by}.", f"Use {', '.join(MATCHABLE)}.")
        if on_other_name not in ON_OTHER_NAME:
            raise DineroInvalidBody(f"on_other_name can't be {on_other_name!r}.", f"Use {', '.join(ON_OTHER_NAME)}.")
        value = stripped(wanted, match_by)
        if not value:
            raise DineroInvalidBody(
                f"The contact has no {match_by} to match by.",
                f"Set it, or pass another match_by: {', '.join(MATCHABLE)}.",
            )
        query_filter(eq(match_by, value), FILTERABLE)
        if wanted.get("ContactGuid"):
            raise DineroInvalidBody(
                f"A contact that is matched by {match_by} can't have a ContactGuid.", "Leave it out, or use create."
            )
        return wanted, value

    @guarded
    def rows_of(self, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Rows]:
        """Return the contacts that have these values: by one list per thousand, or a lookup each if that is cheaper.

        :param wanted: collection of (property, value)
        :return: dict of lists of dicts, for `upsert`
        """
        return self._rows_of(self._read_living, wanted, match_key)

    @guarded
    def by_guid(self, guids: Collection[str]) -> dict[str, Row]:
        """Return contacts by their Guids, with one list request per thousand; none if one lookup each is cheaper.

        :param guids: collection of str
        """
        found: dict[tuple[str, str], Rows] = {("ContactGuid", guid): [] for guid in guids}
        if len(found) > 1:
            self._listed(self._read_living, found, lambda name, value: str(value).lower())
        return {guid: rows[0] for (_, guid), rows in found.items() if rows}

    def guid_of(self, match_by: str, value: str, wanted: Mapping[str, Any], on_other_name: str = "fail") -> str:
        """Return the Guid that `upsert` gives a new contact.

        :param match_by: str
        :param value: str
        :param wanted: mapping, the checked body
        :param on_other_name: str, as for `upsert`; default fail
        """
        key = _key(match_by, value, wanted, on_other_name)
        return idempotency.guid_for(self.session.organization_id, "contacts", key)

    def _upserted(
        self,
        existing: Row | None,
        wanted: CheckedBody,
        same: tuple[str, ...],
        key: str,
        generation: int,
        *,
        only_create: bool,
    ) -> Row:
        if existing is None:
            guid = idempotency.guid_for(self.session.organization_id, "contacts", key, generation)
            try:
                self.session.send(_CREATE, body=wanted | {"ContactGuid": guid})
                return {"ContactGuid": guid, "Change": "created"}
            except DineroDryRun as stopped:
                stopped.known["ContactGuid"] = guid
                raise
            except DineroDuplicate as error:
                lost = error.lost
            existing = self.get(guid)  # created just now, or earlier and then changed or deleted
            what = f"The contact created for {same[0]} {wanted[same[0]]}"
            comparison.require_same(what, {name: wanted[name] for name in same}, existing)
            if lost and not comparison.differences(wanted, existing):
                return {"ContactGuid": guid, "Change": "created"}
        change = "unchanged" if only_create else self._change(existing, wanted)
        return {"ContactGuid": existing["ContactGuid"], "Change": change}

    def _read_living(self, **query: Any) -> Iterator[Row]:
        return self._list(_LIST, "ContactGuid", FIELDS, filterable=FILTERABLE, **query)

    def _read(self, deleted_only: bool = False, **query: Any) -> Iterator[Row]:
        # This list includes deleted contacts, whatever deletedOnly says.
        return self._list(_LIST_ALL, "ContactGuid", FIELDS, filterable=FILTERABLE, **query)

    def _change(self, existing: Row, wanted: Mapping[str, Any]) -> str:
        if wanted.keys() - existing.keys():  # lists leave some properties out
            existing = self.get(existing["ContactGuid"])
        found = comparison.differences(wanted, existing, empty_counts=True)
        if not found:
            return "unchanged"
        from airflow_provider_dinero.api.bodies.models import ContactUpdateModel

        whole = self.get(existing["ContactGuid"]) if "UseCvr" not in existing else existing
        kept = {name: whole[name] for name in ContactUpdateModel.model_fields if name in whole}
        if {**kept, **wanted}.get("PaymentConditionType") == "NettoCash":
            kept["PaymentConditionNumberOfDays"] = None
        changed = {name: value for name, value in wanted.items() if value is not None or name in found}
        try:
            self.session.send(_UPDATE, {"guid": existing["ContactGuid"]}, body=changed, kept=kept)
        except DineroDryRun as stopped:
            stopped.known["ContactGuid"] = existing["ContactGuid"]
            raise
        return "updated"


def _name(contact: Mapping[str, Any]) -> str:
    """Return a contact's name as people compare names: blanks and case mean nothing."""
    return " ".join(str(contact["Name"]).casefold().split())


def match_key(match_by: str, value: object) -> str:
    """Return what the values of two contacts have in common that are one.

    Dinero ignores case; an id of another system need not.

    :param match_by: str, the property
    :param value: str or None
    """
    text = str(value or "").strip()
    return text if match_by == "ExternalReference" else text.casefold().strip()


def only(
    rows: Iterable[Row], match_by: str, value: str, wanted: Mapping[str, Any], on_other_name: str = "fail"
) -> Row | None:
    """Return the one contact that a value finds, or None.

    :param rows: iterable of dicts
    :param match_by: str, the property
    :param value: str
    :param wanted: mapping, the checked body
    :param on_other_name: str, as `Contacts.upsert` takes it; default fail
    :raises DineroConflict: several match, or it has another name
    """
    found = [row for row in rows if match_key(match_by, row[match_by]) == match_key(match_by, value)]
    if match_by == "Email":
        named = [row for row in found if _name(row) == _name(wanted)]
        if found and not named and on_other_name == "fail":
            names = " and ".join(f"{row['Name']!r} ({row['ContactGuid']})" for row in found)
            raise DineroConflict(
                f"The Email {value} belongs to {names}, but you gave the Name {wanted['Name']!r}.",
                'Match by your own customer number, or pass on_other_name: "create" for another contact with this '
                'address, "update" if the same customer has a new name.',
            )
        found = named or ([] if on_other_name == "create" else found)
    if len(found) > 1:
        guids = ", ".join(row["ContactGuid"] for row in found)
        raise DineroConflict(
            f"{len(found)} contacts have the {match_by} {value}: {guids}.",
            "Merge them in Dinero, or match by another property.",
        )
    return found[0] if found else None


def _key(match_by: str, value: str, wanted: Mapping[str, Any], on_other_name: str) -> str:
    """Return the key from which a contact's Guid is derived. With `create`, an address has one contact per name."""
    named = f"/{_name(wanted)}" if match_by == "Email" and on_other_name == "create" else ""
    return f"{match_by}:{value}{named}"
