"""Receipts that arrive by mail become purchase vouchers in Dinero, as drafts for the bookkeeper.

Each PDF and each photo in a mail becomes a voucher with that file. This includes mails that consist of only a PDF, and
mails that were forwarded as attachments. Photos become upright PDFs. The bookkeeper adds the account and the amount in
Dinero.

Before you use this DAG, change the connection of the mailbox (`receipts_mail`, of Airflow's IMAP provider), the account
that receipts are paid from, the hour, and the connection `dinero_default`. The params of the run name the folders of
the mailbox, and the place where the files are stored: a local folder, or object storage that all workers reach. Photos
need the extra `airflow-provider-dinero[photos]`.

The DAG doesn't mark mails as read. When all vouchers of a mail exist, the DAG moves the mail to the folder `done`. If a
run dies before that, nothing is created twice, because the Message-ID of the mail and the content of the file identify
a voucher. A mail without a receipt stays where it is. So does a mail that can't be read: the run processes the other
mails, and then fails with an error that names this one.
"""

import hashlib
import imaplib
import logging
import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from typing import Any

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable, ObjectStoragePath, Param, task

from airflow_provider_dinero.operators.purchases import DineroPurchaseVoucherOperator

MAILBOX = "receipts_mail"
BANK_ACCOUNT = 55000  # the receipts were paid from this account of Dinero's standard chart
VOUCHER = {"PurchaseType": "cash", "DepositAccountNumber": BANK_ACCOUNT, "RegionKey": "DK"}
SMALLEST_PHOTO = 50_000  # bytes; smaller images are logos and the like
# A mail that isn't well-formed raises one of these errors.
UNREADABLE = (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
# The name of a folder is sent to the mail server in quotes, so it must not contain any.
FOLDER = {"type": "string", "pattern": r'^[^"\\\x00-\x1f]+(?![\s\S])'}
MOST = 1000  # receipts per run; the next run takes the rest
PHOTO = re.compile(rb"\xff\xd8\xff|\x89PNG|....ftyp(heic|heix|mif1|msf1|hevc)", re.DOTALL)

log = logging.getLogger(__name__)


def require_ok(response: tuple[str, list[Any]], action: str) -> list[Any]:
    """Return the data of a mail server's response, unless it is a refusal."""
    status, found = response
    if status != "OK":
        raise RuntimeError(f"The mail server refuses to {action}: {found}")
    return found


def opened(server: imaplib.IMAP4, folder: str, *, readonly: bool) -> str:
    """Open a folder, and return its UIDVALIDITY. If that changes, a UID belongs to another mail."""
    require_ok(server.select(f'"{folder}"', readonly=readonly), f"open {folder}")
    return str(server.response("UIDVALIDITY")[1][0].decode())


def pdf_in(part: Message) -> bytes | None:
    """Return the receipt in a part of a mail, or None if it has none."""
    from airflow_provider_dinero.api.http.photos import pdf_of

    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return None
    if b"%PDF-" in content[:1024]:
        return content
    return pdf_of(content) if len(content) >= SMALLEST_PHOTO and PHOTO.match(content) else None


def receipts_of(raw: bytes, store: ObjectStoragePath) -> list[dict[str, Any]]:
    """Store the receipts of a mail, and return the operator's arguments for each receipt."""
    mail = message_from_bytes(raw, policy=policy.default)
    message_id = str(mail["Message-ID"] or "").strip() or hashlib.sha256(raw).hexdigest()
    found = {}
    for part in mail.walk():
        if part.is_multipart() or not (pdf := pdf_in(part)):
            continue
        digest = hashlib.sha256(part.get_payload(decode=True)).hexdigest()  # type: ignore[arg-type]
        name = re.sub(r'[\\/:"<>|?*]|[^ -~\u00a0-\ud7ff]', "-", part.get_filename() or "").strip(" .-")
        name = name.encode()[:150].decode(errors="ignore")
        path = store / digest[:32] / f"{name.removesuffix('.pdf') or 'receipt'}.pdf"
        if not path.exists() or path.stat().st_size != len(pdf):  # a killed try may leave an incomplete file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pdf)
        found[digest] = {
            "receipt": str(path),
            "voucher": VOUCHER,
            "idempotency_key": hashlib.sha256(f"{message_id}/{digest}".encode(errors="replace")).hexdigest(),
        }
    return list(found.values())


with DAG(
    "dinero_receipts_by_mail",
    description="Mails → receipts → purchase vouchers → mails are moved",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("5 6-20 * * *", timezone="Europe/Copenhagen"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    params={
        "inbox": Param("INBOX", **FOLDER, title="The folder that receipts arrive in"),
        "done": Param("Booked", **FOLDER, title="The folder that mails move to"),
        "store": Param("/data/receipts_by_mail", type="string", title="Where the files are stored"),
    },
    default_args={"retries": 2, "retry_delay": timedelta(seconds=5)},
    tags=["dinero", "example"],
) as dag:

    @task(multiple_outputs=False)
    def read(params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return all receipts, the mail that each belongs to, and the mails that can't be read."""
        from airflow.providers.imap.hooks.imap import ImapHook

        from airflow_provider_dinero.api.errors import DineroInvalidBody

        assert params
        kept: list[dict[str, Any]] = []
        mails: dict[str, list[int]] = {}
        unreadable: list[str] = []
        with ImapHook(MAILBOX) as hook:
            server = hook.mail_client
            validity = opened(server, params["inbox"], readonly=True)
            for uid in require_ok(server.uid("SEARCH", "ALL"), "search")[0].decode().split():
                raw = require_ok(server.uid("FETCH", uid, "(BODY.PEEK[])"), f"give mail {uid}")[0]
                if raw is None:  # somebody has deleted it in the meantime
                    continue
                try:
                    found = receipts_of(raw[1], ObjectStoragePath(params["store"]))
                except (*UNREADABLE, DineroInvalidBody) as error:
                    log.warning("mail %s can't be read: %s", uid, error)
                    unreadable.append(uid)
                    continue
                if len(found) > MOST:
                    log.warning("mail %s has more than %d receipts", uid, MOST)
                    unreadable.append(uid)
                    continue
                if not found:
                    log.info("mail %s has no receipt", uid)
                if len(kept) + len(found) > MOST:
                    break
                mails[uid] = list(range(len(kept), len(kept) + len(found)))
                kept += found
        return {"receipts": kept, "mails": mails, "unreadable": unreadable, "validity": validity}

    @task
    def receipts(found: dict[str, Any]) -> list[dict[str, Any]]:
        """Return only the receipts, because Airflow maps over the whole result of a task, not over one of its keys."""
        return list(found["receipts"])

    @task(trigger_rule="all_done")
    def put_away(found: dict[str, Any] | None, params: dict[str, Any] | None = None, ti: Any = None) -> None:
        """Move the mails whose vouchers all exist, and fail if other mails with receipts remain."""
        from airflow.providers.imap.hooks.imap import ImapHook

        assert params
        if not found:
            raise RuntimeError("The mails were not read.")
        made = [bool(ti.xcom_pull(task_ids="voucher", map_indexes=index)) for index in range(len(found["receipts"]))]
        done = [uid for uid, places in found["mails"].items() if places and all(made[place] for place in places)]
        if done:
            with ImapHook(MAILBOX) as hook:
                server = hook.mail_client
                capabilities = require_ok(server.capability(), "list its capabilities")[0].upper().split()
                if b"MOVE" not in capabilities:  # EXPUNGE would also remove mails that others marked
                    raise RuntimeError("The mail server can't move mails (RFC 6851).")
                server.create(f'"{params["done"]}"')  # the server refuses this if the folder exists
                if opened(server, params["inbox"], readonly=False) != found["validity"]:
                    raise RuntimeError("The mailbox was created again meanwhile. Clear the run.")
                for uid in done:
                    require_ok(server.uid("MOVE", uid, f'"{params["done"]}"'), f"move mail {uid}")
        log.info("%d mails were moved", len(done))
        waiting = [uid for uid, places in found["mails"].items() if places and uid not in done]
        if waiting or found["unreadable"]:
            raise RuntimeError(
                f"Some mails stay in the folder, by UID: without their vouchers {waiting}, "
                f"unreadable {found['unreadable']}."
            )

    found = read()
    vouchers = DineroPurchaseVoucherOperator.partial(task_id="voucher").expand_kwargs(receipts(found))  # type: ignore[arg-type]
    vouchers >> put_away(found)  # type: ignore[arg-type]
