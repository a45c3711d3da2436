"""Trade offers: draft, send, turn into an invoice. They are never booked."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody, DineroStaleTimestamp
from airflow_provider_dinero.api.lists.filters import Condition
from airflow_provider_dinero.api.operations import DELETED, MAILED, OWN_GUID, REFUSED, REPLACED, Lost, Operation, Repeat
from airflow_provider_dinero.api.resources.base import Listed, Row, Rows, guarded, optional, since
from airflow_provider_dinero.api.resources.documents import Documents, OwnDraft
from airflow_provider_dinero.api.resources.invoices import Invoices
from airflow_provider_dinero.api.resources.mailing import EmailedDocuments
from airflow_provider_dinero.api.resources.versions import both_versions
from airflow_provider_dinero.api.session import Session

FIELDS = (
    "Number", "Guid", "TimeStamp", "ContactName", "ContactGuid", "Address", "Date", "Comment", "Description",
    "ExternalReference", "Language", "Currency", "TotalExclVat", "TotalVatableAmount", "TotalInclVat",
    "TotalNonVatableAmount", "TotalVat", "HasGeneratedAnyVouchers", "Status", "MailOutStatus", "LatestMailOutType",
    "CreatedAt", "UpdatedAt", "DeletedAt",
)  # fmt: skip
FILTERABLE = (
    "ExternalReference", "ContactName", "Address", "Comment", "Description", "HasGeneratedAnyVouchers", "Currency",
    "Date", "Number",
)  # fmt: skip

_ALL = "/v1/{organizationId}/tradeoffers"
_ONE = f"{_ALL}/{{guid}}"
_LIST = Operation("GET", _ALL, paginated=True, changes_since=True)
_GET = Operation("GET", _ONE)
_CREATE = Operation("POST", _ALL, Repeat.KEYED, body="TradeOfferCreateModel", lost=OWN_GUID)
_FETCH = Operation("POST", f"{_ALL}/fetch", body="TradeOfferCreateFetchModel")
_UPDATE = Operation(
    "PUT",
    "/v1.2/{organizationId}/tradeoffers/{guid}",
    Repeat.FENCED,
    body="TradeOfferUpdateModel",
    lost=REPLACED,
)
_DELETE = Operation("DELETE", _ONE, Repeat.FENCED, body="TimestampObject", lost=DELETED)
_TEMPLATE = Operation("GET", f"{_ONE}/email/template")
_EMAIL = Operation(
    "POST",
    f"{_ONE}/email",
    Repeat.BARE,
    body="ApiMailoutModel",
    lost=MAILED._replace(
        look_up="the trade offer has a mail-out of this kind; only `email_once` checks this", sure="yes"
    ),
)
_MAILOUTS = Operation("GET", f"{_ONE}/mailouts", changes_since=True)
_GENERATE = Operation(
    "POST",
    f"{_ONE}/generate-invoice",
    Repeat.FENCED,
    body="TimestampObject",
    lost=Lost("the Timestamp, which the request changes", "the trade offer has a new invoice", "yes", REFUSED),
)


class TradeOffers(EmailedDocuments, Documents, Listed):
    """Trade offers.

    :param session: Session
    :param invoices: Invoices, which they become
    """

    WHAT = "Trade offer"
    NAME = "trade_offers"
    KIND = "TradeOffer"
    EMAIL = _EMAIL
    EMAIL_TEMPLATE = _TEMPLATE

    def __init__(self, session: Session, invoices: Invoices) -> None:
        super().__init__(session)
        self._invoices = invoices

    @_LIST.performed_by
    def list(
        self,
        *,
        fields: Collection[str] | None = None,
        filters: Condition | Iterable[Condition] = (),
        text: str | None = None,
        changes_since: datetime | str | None = None,
        deleted_only: bool = False,
        sort: str | None = None,
        sort_order: str | None = None,
    ) -> Iterator[Row]:
        """Yield trade offers, without their lines (`GET /v1/{organizationId}/tradeoffers`).

        :param fields: names of the properties to get, in any case; default all of the list
        :param filters: conditions made by `eq` and `contains`, on ExternalReference, ContactName, Address, Comment,
            Description, HasGeneratedAnyVouchers, Currency, Date or Number
        :param text: str, what Dinero's free text search looks for
        :param changes_since: datetime or ISO 8601 text; only rows that changed at or after it
        :param deleted_only: bool, whether to return only deleted ones; default False
        :param sort: str, of TradeOfferNumber, TradeOfferDate, Status, ContactName; default TradeOfferNumber
        :param sort_order: str, ascending or descending; default descending
        :return: iterator of dicts, amounts as Decimal
        """
        return self._read(
            fields=fields,
            filters=filters,
            changes_since=changes_since,
            deleted_only=deleted_only,
            query=optional(freeTextSearch=text, sort=sort, sortOrder=sort_order),
        )

    @_GET.performed_by
    def get(self, guid: str) -> Row:
        """Return a trade offer, deleted or not (`GET /v1/{organizationId}/tradeoffers/{guid}`).

        :param guid: str
        :raises DineroNotFound: it doesn't exist
        """
        return self._object(_GET, {"guid": guid})

    def pdf(self, guid: str) -> bytes:
        """Return the PDF of a trade offer (`GET /v1/{organizationId}/tradeoffers/{guid}`).

        :param guid: str
        """
        return self._pdf(_GET, guid)

    @_CREATE.performed_by
    @guarded
    def create(self, body: Mapping[str, Any], *, own_draft: OwnDraft | None = None) -> Row:
        """Create a draft (`POST /v1/{organizationId}/tradeoffers`); with a Guid, repeated calls create only one.

        :param body: mapping with ContactGuid, ProductLines and more, like TradeOfferCreateModel
        :param own_draft: OwnDraft, which unsent drafts with other content to update; default none, they are a conflict
        :return: `{"Guid", "TimeStamp", "Change"}`, Change being created, or updated; or the whole trade offer, Change
            being unchanged, if it already existed with the same content
        :raises DineroInvalidBody: the body is invalid; nothing was sent
        :raises DineroConflict: a trade offer with this Guid exists with other content, or was deleted
        :raises DineroOutcomeUnknown: all responses were lost, and the body has no Guid by which a retry could find it
        """
        return self._create(_CREATE, body, own_draft=own_draft, update=self.update)

    @_FETCH.performed_by
    def fetch(self, body: Mapping[str, Any]) -> Row:
        """Return the totals that a trade offer would have (`POST /v1/{organizationId}/tradeoffers/fetch`).

        :param body: mapping like TradeOfferCreateFetchModel
        :return: dict with the totals and TotalLines
        """
        return self._object(_FETCH, body=body)

    @_UPDATE.performed_by
    @guarded
    def update(self, guid: str, body: Mapping[str, Any], *, timestamp: str | None = None) -> Row:
        """Replace a whole draft (`PUT /v1.2/{organizationId}/tradeoffers/{guid}`).

        :param guid: str
        :param body: mapping like TradeOfferUpdateModel; properties that you leave out are removed
        :param timestamp: str, the TimeStamp of the draft; default the body's, else the latest, which takes a request
        :return: `{"Guid", "TimeStamp"}`, or the whole trade offer if a response was lost
        :raises DineroStaleTimestamp: the draft has changed since its TimeStamp was read
        """
        return self._update(_UPDATE, guid, body, timestamp)[0]

    @_DELETE.performed_by
    @guarded
    def delete(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Delete a trade offer (`DELETE /v1/{organizationId}/tradeoffers/{guid}`).

        :param guid: str
        :param timestamp: str, the TimeStamp of the trade offer; default any
        :return: `{"Guid", "Change"}`, Change being deleted, or unchanged if it was already deleted
        """
        return self._delete(_DELETE, guid, timestamp)

    @_MAILOUTS.performed_by
    def mailouts(self, guid: str, *, changes_since: datetime | str | None = None, include_sms: bool = True) -> Rows:
        """Return the mail-outs of a trade offer (`GET /v1/{organizationId}/tradeoffers/{guid}/mailouts`).

        :param guid: str
        :param changes_since: datetime or ISO 8601 text; only those created or changed after it
        :param include_sms: bool, default True
        :return: list of dicts with Id, Date, Receiver, Type, Status and more
        """
        query = optional(changesSince=since(changes_since), includeSms=include_sms)
        return self._array(_MAILOUTS, {"guid": guid}, query=query)

    @_GENERATE.performed_by
    @guarded
    def generate_invoice(self, guid: str, *, timestamp: str | None = None) -> Row:
        """Turn a trade offer into a draft invoice (`POST /v1/{organizationId}/tradeoffers/{guid}/generate-invoice`).

        :param guid: str
        :param timestamp: str, the TimeStamp of the trade offer; default the latest
        :return: `{"Guid", "TimeStamp"}` of the invoice; takes two requests
        :raises DineroStaleTimestamp: the trade offer has changed since its TimeStamp was read
        """
        offer = self.get(guid)
        return self._generate(offer, timestamp or offer["TimeStamp"])

    def _generate(self, offer: Row, timestamp: str) -> Row:
        guid, before = offer["Guid"], set(offer["GeneratedVouchers"] or ())

        def look() -> Row | None:
            made = [each for each in self.get(guid)["GeneratedVouchers"] or () if each not in before]
            return {"Guid": made[-1], "TimeStamp": self._invoices.get(made[-1])["TimeStamp"]} if made else None

        return self._settled(
            lambda: self._object(_GENERATE, {"guid": guid}, body={"Timestamp": timestamp}),
            look,
            operation=_GENERATE,
            harmless=False,
        )

    @guarded
    def generate_invoice_once(self, guid: str, *, generation: int = 0, timestamp: str | None = None) -> Row:
        """Turn a trade offer into a draft invoice, unless that was done before.

        Its Timestamp is older than the search for its invoices: of two calls at once, one is refused as stale.

        :param guid: str
        :param generation: int, how many of its invoices to ignore, such as deleted ones; default 0
        :param timestamp: str, the TimeStamp of the trade offer; default the latest
        :return: the draft's `{"Guid", "TimeStamp", "Change"}`, or the whole invoice if it already existed; Change is
            created or unchanged. This takes two or three requests
        :raises DineroConflict: the invoice was deleted, or Dinero doesn't identify it
        :raises DineroStaleTimestamp: the trade offer has changed since its TimeStamp was read, with both versions
        """
        if generation < 0:
            raise DineroInvalidBody(
                f"generation is {generation}, but must not be below 0.", "It is how many invoices to ignore."
            )
        with self.session.lock.hold(f"trade_offers/{guid}/invoice"):
            try:
                return self._made(guid, generation, timestamp)
            except DineroStaleTimestamp as error:
                if timestamp:
                    raise both_versions(error, timestamp, self._latest(guid)) from error
            return self._made(guid, generation, None)  # changed just now: search once more

    def _made(self, guid: str, generation: int, timestamp: str | None) -> Row:
        offer = self.get(guid)
        made = offer["GeneratedVouchers"] or []
        if len(made) <= generation:
            if offer["Status"] == "Invoiced" and not made:
                raise DineroConflict(
                    f"Trade offer {guid} is invoiced, but Dinero doesn't say by which invoice.",
                    "Search for it in Dinero.",
                )
            return {**self._generate(offer, timestamp or offer["TimeStamp"]), "Change": "created"}
        invoice = self._invoices.get(made[-1])
        if invoice.get("DeletedAt"):
            raise DineroConflict(
                f"Invoice {made[-1]} of trade offer {guid} was deleted.",
                f"To create another one on purpose, pass generation={len(made)}.",
            )
        return {**invoice, "Change": "unchanged"}

    def _read(self, **query: Any) -> Iterator[Row]:
        return self._list(_LIST, "Guid", FIELDS, filterable=FILTERABLE, **query)
