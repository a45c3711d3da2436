"""The commands of `airflow dinero …`. Results go to stdout, errors to stderr; neither shows anything secret."""

import getpass
import json
import os
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any, TextIO
from urllib.parse import parse_qsl

import pendulum
from airflow.cli.utils import redirect_stdout_log_handlers_to_stderr
from airflow.utils.cli import action_cli
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

from airflow_provider_dinero.api.auth.consent import Consent, visma_connect
from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroError, DineroInvalidBody
from airflow_provider_dinero.api.lists.changes import as_utc
from airflow_provider_dinero.api.masking import hidden
from airflow_provider_dinero.consent import flow, watermarks
from airflow_provider_dinero.consent.check import WRONG
from airflow_provider_dinero.consent.check import check as check_connection
from airflow_provider_dinero.consent.comparison import Comparison
from airflow_provider_dinero.consent.connections import ONLY_READS, find, sharing
from airflow_provider_dinero.consent.duplicates import DAYS, DuplicateSearch
from airflow_provider_dinero.consent.listener import Listener
from airflow_provider_dinero.consent.states import MISSING, state_of

WAIT_SECONDS = 600.0
# Airflow's kinds of writers; for a task it tells its name.
MOVED_BY = {"watcher": "a watcher or `airflow dags test`", "api": "a person"}
ACCOUNT = "{:>8}  {:<45}  {:<8}  {}"  # number, name, VAT code, category
TRIES = 3


def _command(action: Callable[[Namespace], int]) -> Callable[[Namespace], None]:
    """Make a command of Airflow's CLI, with an exit code, and one message on stderr for an error."""

    @wraps(action)
    def command(args: Namespace) -> None:
        redirect_stdout_log_handlers_to_stderr()
        try:
            code = action(args)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has read enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except DineroError as error:
            say(f"airflow dinero {args.subcommand}: {error}", file=sys.stderr)
            code = 1
        except EOFError:
            advice = "Start again, or pass --yes" if "yes" in args else "Start again"
            say(f"airflow dinero {args.subcommand}: The input ended too early. {advice}.", file=sys.stderr)
            code = 1
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    logged: Callable[..., Callable[[Namespace], None]] = action_cli
    return logged(providers_configuration_loaded(command))


@_command
def authorize(args: Namespace) -> int:
    """Let a person consent, and store the resulting token."""
    redirect_uri = args.redirect_uri or _configured()
    mode = "query" if args.paste else args.response_mode
    consent = flow.begin(args.conn_id, redirect_uri, mode)
    say("Redirect URI, which must be registered at Visma exactly like this:", "", f"    {redirect_uri}", "")
    answer = _pasted(consent, args) if args.paste else _listened(consent, args)
    reached = flow.finish(args.conn_id, consent, answer, args.organization)
    state = state_of(args.conn_id)
    say("", f"The consent for {args.conn_id} is stored.")
    if not state.in_database:
        say("The connection is not in Airflow's database, so it is unchanged: the consent is in an Airflow Variable.")
    if others := _others(args.conn_id):
        say(f"These connections share it: {', '.join(others)}.")
    if not state.organization:
        say("", "It reaches these organizations:", "")
        _print_table(reached)
        if not (state.in_database and sys.stdin.isatty()):
            say("", state.who)
            return 0
        _ask_for_organization(args.conn_id, reached)
        state = state_of(args.conn_id)
    named = {str(each["Id"]): each["Name"] for each in reached}
    if state.organization not in named:
        say(f"But it doesn't reach organization {state.organization}. It reaches:", "", file=sys.stderr)
        _print_table(reached)
        return 1
    say(f"Organization: {state.organization} ({named[state.organization]})")
    return 0


@_command
def revoke(args: Namespace) -> int:
    """End a consent."""
    visma_connect(find(args.conn_id).client())  # don't ask for confirmation if there is no consent
    if state_of(args.conn_id).consent == MISSING:
        say(f"Nobody has consented to {args.conn_id}: there is nothing to revoke.")
        return 0
    say(f"Tasks that use {args.conn_id} fail until somebody consents again.")
    if not _agreed(args, "Revoke the consent?"):
        return 1
    shared = flow.disconnect(args.conn_id)
    say(f"The consent of {args.conn_id} is revoked at Visma Connect. Renewing its token now fails;")
    say("an access token that is in use expires within the hour.")
    if others := sorted(set(shared) - {args.conn_id}):
        say(f"These connections shared it: {', '.join(others)}.")
    if args.conn_id not in shared:
        say("The connection is not in Airflow's database: remove its refresh_token where it is defined.")
    return 0


@_command
def check(args: Namespace) -> int:
    """Check a connection, or search Dinero for duplicates."""
    if args.doubles:
        return _duplicates(args)
    lines = check_connection(args.conn_id)
    if args.json:
        _print_json([asdict(each) for each in lines])
    else:
        for each in lines:
            say(f"{each.verdict:>8}  {each.about}: {each.told}")
    return int(any(each.verdict == WRONG for each in lines))


@_command
def compare(args: Namespace) -> int:
    """Report which setting of each sandbox switch fits."""
    client = find(args.conn_id).client(**ONLY_READS)
    with client.session.guard():
        found = Comparison(client).findings()
        if args.json:
            _print_json([asdict(each) for each in found])
        else:
            for each in found:
                say(each, flush=True)
    return 0


@_command
def organizations(args: Namespace) -> int:
    """List the organizations that a connection reaches, and choose one."""
    reached = flow.organizations(args.conn_id)
    if args.choose is not None:
        flow.choose(args.conn_id, args.choose, reached)
        say(f"{args.conn_id} now uses organization {args.choose}.", file=sys.stderr)
    if args.json:
        _print_json(reached)
    else:
        _print_table(reached)
    return 0


@_command
def accounts(args: Namespace) -> int:
    """List the chart of accounts, with deposit accounts marked."""
    client = find(args.conn_id).client(args.organization)
    with client.session.guard():
        deposits = client.accounts.deposit(fields=("AccountNumber", "Name"))
        chart = {each["AccountNumber"]: {**each, "IsDeposit": False} for each in client.accounts.list()}
        for each in deposits:
            chart[each["AccountNumber"]] = {**chart.get(each["AccountNumber"], {}), **each, "IsDeposit": True}
        rows = hidden([chart[number] for number in sorted(chart)])
        lines = [_account_line(row) for row in rows]
    if args.json:
        _print_json(rows)
    else:
        say(ACCOUNT.format("Number", "Name", "VAT code", "Category"), *lines)
    return 0


@_command
def marks(args: Namespace) -> int:
    """List how far each consumer of changes is; or set such a mark, or forget it."""
    found = watermarks.stored_watermarks()
    if args.set:
        return _set_mark(args, watermarks.one(found, args.set[0], args.asset))
    if args.forget:
        mark = watermarks.one(found, args.forget, args.asset)
        say(f"{mark.key} of {mark.asset}: at {_instant(mark.until)}. Without a watermark, its consumer starts anew:")
        say("from then on, or from initial_since; a transfer loads everything.")
        if not _agreed(args, "Delete it?"):
            return 1
        watermarks.forget(mark)
        say("It is deleted.")
        return 0
    if args.json:
        _print_json([each.as_dict() for each in found])
        return 0
    for each in found:
        notes = [f"by {MOVED_BY.get(each.moved_by, each.moved_by)}"] if each.moved_by else []
        if each.pending:
            notes.append(f"{each.pending} pending")
        if not each.in_store:
            notes.append("only its copy is left: no DAG file refers to its asset")
        if each.problem:
            notes = [each.problem]
        age = pendulum.instance(each.until).diff_for_humans() if each.until else ""
        say(f"{_instant(each.until):<23}  {age:<14}  {each.key}  in {each.asset}  ({'; '.join(notes)})")
    if not found:
        say("No consumer of changes has a watermark.", file=sys.stderr)
    return 0


def _set_mark(args: Namespace, mark: watermarks.StoredWatermark) -> int:
    until = as_utc(args.set[1])
    if until > datetime.now(UTC):
        raise DineroInvalidBody(
            f"{_instant(until)} is in the future.", "Pass the instant from which the consumer continues."
        )
    say(f"{mark.key} of {mark.asset}: from {_instant(mark.until)} to {_instant(until)}.")
    if mark.until and until > mark.until:
        say("Changes in between are never reported.")
    else:
        say("Changes since then are reported again. Pending windows are dropped.")
    if not _agreed(args, "Set it?"):
        return 1
    watermarks.move(mark, until)
    say("It is set: the next run, or the next poll of a watcher, continues from there.")
    return 0


def _agreed(args: Namespace, question: str) -> bool:
    """Ask a person, unless --yes was given."""
    if args.yes or input(f"{question} (y/n) ").strip().lower() in {"y", "yes"}:
        return True
    say("Nothing was changed.")
    return False


def _instant(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "nothing yet"


def _duplicates(args: Namespace) -> int:
    """List possible duplicates; the exit code tells whether there are any."""
    try:
        since = date.fromisoformat(args.since) if args.since else datetime.now(UTC).date() - timedelta(days=DAYS)
    except ValueError:
        raise DineroInvalidBody(f"--since: {args.since!r} is not a date.", "Write it as YYYY-MM-DD.") from None
    client = find(args.conn_id).client(**ONLY_READS)
    search = DuplicateSearch(client, since)
    with client.session.guard():
        search.begin()
    minutes = -(-search.requests // client.requests_per_minute)
    time = f"{minutes} minute{'' if minutes == 1 else 's'}"
    cost = f"{search.requests} requests, {search.sent} of them already sent: {time}. Nothing is written."
    say(f"Checking changes since {since} takes {cost}", file=sys.stderr if args.json else sys.stdout, flush=True)
    with client.session.guard():
        found = list(search.found())
    if args.json:
        _print_json([asdict(each) for each in found])
    else:
        for each in found:
            say(each)
        say("Check in Dinero whether they are duplicates." if found else "No possible duplicates were found.")
    return int(bool(found))


def _others(conn_id: str) -> list[str]:
    """Return the other connections in the database that use the same consent."""
    return [each for each in sharing(find(conn_id).client().tokens.key) if each != conn_id]


def _configured() -> str:
    from airflow.configuration import conf

    return str(conf.get("dinero", "redirect_uri"))


def _listened(consent: Consent, args: Namespace) -> dict[str, str]:
    """Return the response that the browser brings to this machine."""
    with Listener(consent.redirect_uri, consent.is_answered_by) as listener:
        opened = not args.no_browser and _has_browser() and webbrowser.open(consent.url)
        say("The browser opens this page:" if opened else "Open this page in a browser on this machine:")
        say("", f"    {consent.url}", "", "Waiting for the response; press Ctrl-C to stop.", flush=True)
        return listener.wait(WAIT_SECONDS)


def _pasted(consent: Consent, args: Namespace) -> dict[str, str]:
    """Return the response that a person pastes; it isn't echoed, since it contains the code."""
    say("Open this in any browser:", "", f"    {consent.url}", "")
    say("Consent there. The browser then goes to a page that it may be unable to show: copy its address.")
    for _ in range(TRIES):
        say("Paste the address here and press Enter; it isn't shown.", flush=True)
        text = getpass.getpass("Address: ") if sys.stdin.isatty() else sys.stdin.readline()
        if not text:
            break
        answer = dict(parse_qsl(text.strip().partition("#")[0].rpartition("?")[2]))
        if consent.is_answered_by(answer):
            return answer
        say("That is not the response to this link.", file=sys.stderr)
    raise DineroConfigurationError("No response was pasted.", "Start again.")


def _ask_for_organization(conn_id: str, reached: list[dict[str, Any]]) -> None:
    for left in reversed(range(TRIES)):
        try:
            return flow.choose(conn_id, input("\nNumber of the organization to use: ").strip(), reached)
        except DineroConfigurationError as error:
            if not left:
                raise
            say(error, file=sys.stderr)


def _has_browser() -> bool:
    """Tell whether a browser would open a window; one in the terminal would take the terminal over."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _account_line(account: dict[str, Any]) -> str:
    """Return the details of an account that are printed."""
    kind = "deposit account" if account["IsDeposit"] else account.get("Category")
    return ACCOUNT.format(account["AccountNumber"], account["Name"], account.get("VatCode") or "", kind or "").rstrip()


def _print_table(reached: list[dict[str, Any]]) -> None:
    say(*(f"{each['Id']:>10}  {each['Name']}{'' if each['IsPro'] else '  (no Pro subscription)'}" for each in reached))


def _print_json(value: Any) -> None:
    """Print JSON, with control characters escaped, which a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    print("".join(each if each == "\n" or _is_shown(each, sys.stdout) else json.dumps(each)[1:-1] for each in text))


def say(*lines: object, **options: Any) -> None:
    """Print lines. Nothing else here prints: what is in others' words must give a terminal no orders.

    :param lines: anything
    :param options: as `print` takes them
    """
    file: TextIO = options.get("file") or sys.stdout
    for line in lines:
        print("".join(each if _is_shown(each, file) else "?" for each in str(line)), **options)


def _is_shown(character: str, file: TextIO) -> bool:
    """Tell whether a character is harmless to a terminal, and the encoding of its output has it."""
    try:
        character.encode(file.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return character.isprintable()
