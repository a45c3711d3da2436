"""Expenses: a purchase voucher is made once, although Dinero takes no Guid of ours and has no list of them."""

from collections.abc import Mapping
from typing import Any

from airflow_provider_dinero.api.bodies.comparison import differences, require_same, same_id, same_text
from airflow_provider_dinero.api.bodies.validation import check
from airflow_provider_dinero.api.errors import DineroConflict, DineroInvalidBody
from airflow_provider_dinero.api.resources.base import Row, guarded
from airflow_provider_dinero.api.resources.documents import DRAFTS
from airflow_provider_dinero.api.resources.payments import WithPayments

BODY = "PurchaseVoucherCreateModelV2"
ANOTHER = "If it is another expense, pass allow_similar; else correct the one in Dinero."


class Expenses(WithPayments):
    """What finds the voucher of an expense.

    A receipt is the sure way: Dinero tells which vouchers use a file. Without one there is only `similar`: one voucher
    at most, by rules that nobody knows.
    """

    @guarded
    def create_once(
        self,
        body: Mapping[str, Any],
        *,
        new_file: bool = False,
        allow_similar: bool = False,
        own_place: bool = False,
    ) -> Row:
        """Create a draft, unless the expense is there: by its ExternalReference, or by its receipt.

        Of the vouchers that use the receipt, one with this ExternalReference is the expense. One with another reference
        is another expense. One without a reference is the expense if it is booked with the same content; a draft
        without one is Dinero's own, made of the uploaded file, and disappears when this voucher uses the file.

        Looking takes one request; with a receipt that was not uploaded just now two, one for each 1000 files of the
        archive, and one for each voucher that uses it.

        :param body: mapping as PurchaseVoucherCreateModelV2, with an ExternalReference that no other expense has
        :param new_file: bool, the FileGuid is of an upload just now: no voucher can use it yet; default False
        :param allow_similar: bool, make the voucher even if another one uses the receipt or is similar; default False
        :param own_place: bool, the ExternalReference only tells where the caller stands, such as a task in a DAG run:
            then a voucher with another reference and the same content is this expense; default False
        :return: dict, the voucher, and Change: created or unchanged
        :raises DineroInvalidBody: before anything is sent
        :raises DineroConflict: the voucher is there with other content, or one that may well be of the same expense
        :raises DineroOutcomeUnknown: an answer was lost, or a try was cut off, and nothing of it is to be seen
        """
        wanted: Row = check(BODY, body)
        reference, file = str(wanted.get("ExternalReference") or "").strip(), wanted.get("FileGuid")
        if not reference:
            raise DineroInvalidBody(
                f"{BODY}: ExternalReference is missing, by which the voucher is known again.", "Nothing was sent."
            )
        client = self.client
        name = f"purchase_vouchers/{client.organization_id}/{reference}"

        def find() -> Row | None:
            begun, left = client.intents.begun(name), client.intents.recall(name)
            voucher = self._there(left) if left else None
            if voucher is not None:
                require_same(f"{self.WHAT} {left}", wanted, voucher)
                return voucher
            if file and (begun or not new_file):
                voucher = self._by_receipt(wanted, allow_similar=allow_similar, own_place=own_place)
            if voucher is not None or (file and (begun or allow_similar)):
                return voucher
            return self._by_similarity(wanted, anyhow=begun or allow_similar)

        def send() -> Row:
            created: Row = client.purchase_vouchers.create(wanted)
            client.intents.remember(name, str(created["Guid"]))
            return created

        # One at a time for a receipt, whatever their references are.
        with client.lock.hold(f"purchase_vouchers/{client.organization_id}/{file or reference}"):
            voucher, change = self._once(name, find, send, sure=bool(file))
        return {**voucher, "Change": change}

    def _by_receipt(self, wanted: Row, *, allow_similar: bool, own_place: bool) -> Row | None:
        """Return the voucher of an expense among those that use its receipt: drafts, and what the archive links."""
        file, others = wanted["FileGuid"], []
        drafts = self.client.purchase_vouchers.of_file(file)
        row = next((each for each in self.client.files.list() if same_id(each["FileGuid"], file)), {})
        linked = [str(each["VoucherGuid"]) for each in row.get("Linked") or ()]
        for guid in dict.fromkeys(each.lower() for each in [*drafts, *linked]):
            voucher = self._there(guid)
            if voucher is None:  # links stay when a voucher is deleted, and may be of other kinds
                continue
            if same_text(voucher["ExternalReference"], wanted["ExternalReference"]):
                require_same(f"{self.WHAT} {guid}", wanted, voucher)
                return voucher
            if own_place if _has_reference(voucher) else voucher["Status"] not in DRAFTS:
                others.append(voucher)
        if allow_similar or not others:
            return None
        content = {name: value for name, value in wanted.items() if name != "ExternalReference"}
        for voucher in others:
            if not differences(content, voucher):
                return voucher
        raise DineroConflict(f"{self.WHAT} {others[0]['Guid']} uses this receipt, with other content.", ANOTHER)

    def _by_similarity(self, wanted: Row, *, anyhow: bool) -> Row | None:
        """Return the voucher of an expense where it is the one that Dinero finds similar.

        :param anyhow: bool, whether the voucher is made even if another one is similar
        :raises DineroConflict: a similar one may well be of the same expense
        """
        near = self.client.purchase_vouchers.similar(wanted)
        voucher = self._there(str(near["SimilarGuid"])) if near["SimilarFound"] else None
        if voucher is None:
            return None
        if same_text(voucher["ExternalReference"], wanted["ExternalReference"]):
            require_same(f"{self.WHAT} {voucher['Guid']}", wanted, voucher)
            return voucher
        if anyhow or (_has_reference(voucher) and wanted.get("FileGuid")):
            return None
        told = f"Dinero has a purchase that is similar, voucher {voucher['Guid']}"
        if not wanted.get("FileGuid"):
            raise DineroConflict(
                f"{told}; without a receipt it can't be told whether this one is there too.",
                "Give the receipt. If it is another expense, pass allow_similar.",
            )
        if voucher["Status"] in DRAFTS and same_id(voucher["FileGuid"], wanted["FileGuid"]):
            return None
        raise DineroConflict(f"{told}, which somebody entered without an ExternalReference.", ANOTHER)


def _has_reference(voucher: Row) -> bool:
    return not same_text(voucher["ExternalReference"], "")
