"""The items of a list for invoices: each is parsed, checked and given its Guid before any request."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dinero.api.bodies import idempotency
from airflow_provider_dinero.api.bodies.idempotency import DefaultReference, key_text, reference_for
from airflow_provider_dinero.api.bodies.totals import ExpectedTotal, expected, require_both_amounts
from airflow_provider_dinero.api.bodies.validation import CheckedBody, check, encodable, nearest
from airflow_provider_dinero.api.errors import DineroError, DineroInvalidBody
from airflow_provider_dinero.api.resources.channels import check_mailout
from airflow_provider_dinero.api.resources.contacts import Contacts

WHOLE = re.compile(r"\d{1,9}", re.ASCII)
KEYS = (
    "idempotency_key", "invoice", "contact", "match_by", "expected_total", "send", "mailout", "resend", "payment",
    "generation",
)  # fmt: skip

# The line for an item that can't be encoded as JSON. It isn't valid JSON, so reading it reports the item.
NO_JSON = b"!"


@dataclass(frozen=True, slots=True)
class Options:
    """The settings for all invoices of a list; an item can override some of them.

    :param book: bool, whether to book the invoices; default False
    :param send: str or None: email, einvoice or sms; default None: don't send them
    :param mailout: mapping as Dinero's model for that channel; default Dinero's template
    :param payment: mapping as PaymentCreateModel, which needs DepositAccountNumber and Description; default None:
        register no payment
    :param match_by: str, the property to match a contact by; default ExternalReference
    :param on_other_name: str, fail, update or create, as `Contacts.upsert` takes it; default fail
    """

    book: bool = False
    send: str | None = None
    mailout: Mapping[str, Any] = field(default_factory=dict)
    payment: Mapping[str, Any] | None = None
    match_by: str = "ExternalReference"
    on_other_name: str = "fail"

    def __post_init__(self) -> None:
        if not self.book and (self.send or self.payment is not None):
            raise DineroInvalidBody("Only a booked invoice can be sent or paid.", "Set book=True.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The contact that an item contains.

    :param body: CheckedBody
    :param match_by: str, the property to match it by
    :param value: str, the value of that property
    :param on_other_name: str, as `Contacts.upsert` takes it
    """

    body: CheckedBody
    match_by: str
    value: str
    on_other_name: str


@dataclass(frozen=True, slots=True)
class Item:
    """An order to be invoiced.

    :param key: str, the idempotency key
    :param guid: str
    :param invoice: CheckedBody, with its Guid, and without ContactGuid if there is a contact
    :param added: mapping, properties that are sent but never compared: the ExternalReference, if the author set none
    :param contact: Wanted or None
    :param expected_total: ExpectedTotal or None
    :param send: str or None
    :param mailout: mapping, checked for that channel
    :param resend: int
    :param payment: CheckedBody or None, without Amount if it is the total
    """

    key: str
    guid: str
    invoice: CheckedBody
    added: Mapping[str, Any]
    contact: Wanted | None
    expected_total: ExpectedTotal | None
    send: str | None
    mailout: Mapping[str, Any]
    resend: int
    payment: CheckedBody | None


def read_item(given: Any, organization_id: int, options: Options, contacts: Contacts) -> Item:
    """Return an item of a list, checked.

    :param given: mapping, or its JSON as text or bytes
    :param organization_id: int
    :param options: Options
    :param contacts: Contacts, to check the item's contact
    :raises DineroInvalidBody: the item is invalid; nothing was sent
    """
    row = as_row(given)
    require_known(row, KEYS)
    given_key = row.get("idempotency_key")
    key = "" if given_key is None else key_text(given_key).strip()
    if key in {"", "None"}:
        raise DineroInvalidBody("The item has no idempotency_key.", "Give each order its own, such as its number.")
    body = row.get("invoice")
    if not isinstance(body, Mapping):
        raise DineroInvalidBody(f"invoice: this must be a dict, not {type(body).__name__}.", "Nothing was sent.")
    if body.get("Guid"):
        raise DineroInvalidBody("The invoice has a Guid.", "Leave it out: it is derived from the idempotency_key.")
    guid = idempotency.guid_for(organization_id, "invoices", key, _whole(row, "generation"))
    added = {} if body.get("ExternalReference") else {"ExternalReference": DefaultReference(reference_for(key))}
    send = row.get("send", options.send) or None
    invoice, total, contact, payment, mailout, resend = _all(
        lambda: check("InvoiceCreateModel", {**body, **added, "Guid": guid}).without(*added),
        lambda: expected(row.get("expected_total"), roundable=False),
        lambda: _contact(row, body, options, contacts),
        lambda: _payment(row.get("payment", options.payment), key, body),
        lambda: _mailout(row.get("mailout"), send, options),
        lambda: _whole(row, "resend"),
    )
    if not options.book and (send or payment is not None):
        raise DineroInvalidBody("Only a booked invoice can be sent or paid.", "Set book=True.")
    return Item(
        key=key,
        guid=guid,
        invoice=invoice,
        added=added,
        contact=contact,
        expected_total=total,
        send=send,
        mailout=mailout,
        resend=resend,
        payment=payment,
    )


@contextmanager
def reading() -> Generator[None]:
    """Turn any error from reading an item into an error about this item, so that the others are still read.

    :raises DineroInvalidBody: the item can't be read
    """
    try:
        yield
    except DineroError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise DineroInvalidBody(
            f"The item can't be read ({type(error).__name__}).", "Compare it with one that works; nothing was sent."
        ) from error


def as_row(given: Any) -> Mapping[str, Any]:
    """Return an item as a mapping.

    :param given: mapping, or its JSON as text or bytes
    :raises DineroInvalidBody: it is neither
    """
    import msgspec

    if isinstance(given, str | bytes):
        try:
            given = msgspec.json.decode(given)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise DineroInvalidBody("The item is not JSON.", "Each line must be one JSON object.") from None
    return _dict("The item", given)


def key_of(given: Any) -> dict[str, str]:
    """Return the key of an item that can't be used, for the report: `{"Key"}`, or an empty dict if it has none.

    :param given: mapping, or its JSON as text or bytes
    """
    with suppress(DineroInvalidBody, KeyError), reading():
        return {"Key": encodable("The key", key_text(as_row(given)["idempotency_key"]).strip())}
    return {}


def require_known(row: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Check that an item has only these names.

    :param row: mapping
    :param keys: sequence of str
    :raises DineroInvalidBody: it has another name, for example a misspelt one
    """
    for name in row:
        if name not in keys:
            meant = nearest(str(name), list(keys))
            raise DineroInvalidBody(
                f"An item has no {name}{f', did you mean {meant}?' if meant else '.'}",
                f"It can have {', '.join(keys)}.",
            )


def _dict(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise DineroInvalidBody(f"{name}: this must be a dict, not {type(given).__name__}.", "Nothing was sent.")
    return given


def _whole(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name) or 0
    if isinstance(value, bool | float) or not WHOLE.fullmatch(str(value).strip()):
        raise DineroInvalidBody(f"{name}: {value!r} is not a whole number of 0 or more.", "Nothing was sent.")
    return int(value)


def _all(*reads: Callable[[], Any]) -> list[Any]:
    """Return what each returns, or raise what is wrong with all of them at once: people correct an item in one go."""
    found, wrong = [], []
    for read in reads:
        try:
            found.append(read())
        except DineroInvalidBody as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        advice = dict.fromkeys(error.advice for error in wrong)
        raise DineroInvalidBody(" ".join(error.message for error in wrong), " ".join(advice)) from wrong[0]
    return found


def _contact(row: Mapping[str, Any], invoice: Mapping[str, Any], options: Options, contacts: Contacts) -> Wanted | None:
    if row.get("contact") is None:
        return None
    if invoice.get("ContactGuid"):
        raise DineroInvalidBody("The item has a contact, but its invoice has a ContactGuid.", "Pass one of them.")
    match_by = str(row.get("match_by") or options.match_by)
    body, value = contacts.matched(_dict("contact", row["contact"]), match_by, options.on_other_name)
    return Wanted(body, match_by, value, options.on_other_name)


def _mailout(given: Any, send: Any, options: Options) -> Mapping[str, Any]:
    return check_mailout(send, options.mailout if given is None else _dict("mailout", given)) if send else {}


def _payment(given: Any, key: str, invoice: Mapping[str, Any]) -> CheckedBody | None:
    if given is None:
        return None
    payment = {"RemainderIsFee": False, "ExternalReference": reference_for(key), **_dict("payment", given)}
    require_both_amounts(payment, invoice.get("Currency") or "DKK")
    whole = payment.get("Amount") is None
    checked: CheckedBody = check(
        "PaymentCreateModel", {**payment, **({"Amount": 1} if whole else {}), "Timestamp": "-"}
    )
    return checked.without("Amount") if whole else checked


@contextmanager
def repeatable(items: Iterable[Any]) -> Generator[Iterable[Any]]:
    """Provide the items for repeated reading: a sequence as it is, anything else from a temporary file.

    :param items: iterable of mappings, or of their JSON
    """
    if isinstance(items, Sequence):
        yield items
        return
    with _spool(items) as lines:
        yield lines


@dataclass
class _Lines:
    """The lines of a file, for repeated reading."""

    file: Any

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        return iter(self.file)


@contextmanager
def _spool(items: Iterable[Any]) -> Generator[_Lines]:
    """Write items to a file that nobody else sees, one per line."""
    import msgspec

    encoder = msgspec.json.Encoder(enc_hook=str)  # encodes a Decimal as text, digit for digit
    with temporary() as file:
        for each in items:
            try:
                line = (
                    each.encode()
                    if isinstance(each, str)
                    else each
                    if isinstance(each, bytes)
                    else encoder.encode(each)
                )
            except (TypeError, ValueError, OverflowError, RecursionError):
                line = NO_JSON
            file.write(line.strip().replace(b"\n", b" ") + b"\n")
        file.flush()
        yield _Lines(file)


def temporary() -> "AbstractContextManager[Any]":
    """Return an unnamed temporary file, opened for bytes."""
    from tempfile import TemporaryFile

    return TemporaryFile(prefix="dinero-")
