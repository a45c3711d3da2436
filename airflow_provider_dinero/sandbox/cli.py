"""The command ``dinero-sandbox``."""

from __future__ import annotations

import argparse
import errno
import json
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import get_args, get_type_hints

from airflow_provider_dinero.sandbox.seed_data import CLIENTS, connection
from airflow_provider_dinero.sandbox.settings import MUTATIONS, SWITCHES, Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    :param arguments: the command line without the program's name, by default the real one
    :return: exit code
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dinero-sandbox", description="A local Dinero to develop and test against.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start it", description="Start a sandbox; Ctrl-C stops it.")
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=int, default=8765, help="port, 0 for a free one (%(default)s)")
    serve.add_argument("--state", metavar="FILE", help="keep the state in this SQLite file, else it is in memory")
    serve.add_argument(
        "--requests-per-minute",
        type=_at_least(1),
        metavar="N",
        help="request limit per client and organization, instead of 100 for Visma Connect and 60 for personal clients",
    )
    serve.add_argument(
        "--token-lifetime",
        type=_at_least(1),
        default=3600,
        metavar="SECONDS",
        help="how long an access token lives (%(default)s)",
    )
    serve.add_argument(
        "--refresh-tokens",
        choices=["reuse", "one-time"],
        default="reuse",
        help="what a refresh does: give the same refresh token back, or a new one, where a used one that comes "
        "again revokes the whole grant (%(default)s)",
    )
    serve.add_argument(
        "--grace-seconds",
        type=_at_least(0),
        default=0,
        metavar="SECONDS",
        help="how long a used one-time token may be exchanged again; at Visma Connect 5 to 60, if at all (%(default)s)",
    )
    serve.add_argument(
        "--redirect-uri",
        dest="redirect_uris",
        action="append",
        default=argparse.SUPPRESS,
        metavar="URI",
        help="redirect URI that is registered for the Visma Connect application; may be given more than once "
        f"({', '.join(Settings.redirect_uris)})",
    )
    serve.add_argument(
        "--allowed-host",
        dest="allowed_hosts",
        action="append",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="name by which it may be called, beside localhost, loopback addresses and --host; may be given more than "
        "once. Another Host is refused, since a web page could be behind it",
    )
    serve.add_argument("--require-pkce", action="store_true", help="the application is set to demand PKCE")
    serve.add_argument(
        "--basic-credentials",
        choices=["encoded", "as-is"],
        default="encoded",
        help="how a client's id and secret are spelled in a Basic header: form-encoded first (RFC 6749, 2.3.1), or as "
        "they are, which most clients send; nobody knows what Dinero takes (%(default)s)",
    )
    serve.add_argument(
        "--no-date-header",
        dest="date_header",
        action="store_false",
        help="answers have no Date header, else it follows the sandbox's own clock",
    )
    for name, text in SWITCHES.items():
        _add_switch(serve, name, text)
    serve.add_argument(
        "--updated-at-bumped-by",
        type=_mutations,
        default=MUTATIONS,
        metavar="NAMES",
        help=f"which of {', '.join(sorted(MUTATIONS))} move the UpdatedAt of an invoice, comma separated; creating, "
        "changing and deleting always do, nobody knows about the rest (all)",
    )

    connect = commands.add_parser(
        "connection",
        help="print the Airflow connection to it",
        description="Print the value for AIRFLOW_CONN_DINERO_DEFAULT.",
    )
    connect.set_defaults(run=_connection)
    connect.add_argument(
        "--grant",
        default="personal_integration",
        choices=sorted({client.grant for client in CLIENTS.values()}),
        help="how it authorizes (%(default)s)",
    )
    connect.add_argument("--url", default="http://127.0.0.1:8765", help="where the sandbox is (%(default)s)")
    connect.add_argument("--organization", type=int, default=100001, help="organization id (%(default)s)")
    return parser


def _add_switch(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    kind, default, flag = get_type_hints(Settings)[name], getattr(Settings, name), f"--{name.replace('_', '-')}"
    if kind is bool:
        parser.add_argument(flag, action="store_true", help=text)
    elif kind is float:
        parser.add_argument(flag, type=_seconds, default=default, metavar="SECONDS", help=f"{text} (%(default)s)")
    else:
        choices = get_args(kind)
        parser.add_argument(flag, type=type(choices[0]), choices=choices, default=default, help=f"{text} (%(default)s)")


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more")
        return int(text)

    return number


def _seconds(text: str) -> float:
    if not 0 <= float(text) < 10**6:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return float(text)


def _mutations(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if not names <= MUTATIONS:
        raise argparse.ArgumentTypeError(f"must be of {', '.join(sorted(MUTATIONS))}")
    return names


def _connection(options: argparse.Namespace) -> int:
    try:
        print(json.dumps(connection(options.url.rstrip("/"), options.grant, options.organization)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _tell(url: str) -> None:
    """Say where the sandbox is, and how an Airflow reaches it."""
    print(f"Dinero sandbox: {url}")
    print(f'export AIRFLOW_CONN_DINERO_DEFAULT="$(dinero-sandbox connection --url {url})"', flush=True)


def _serve(options: argparse.Namespace) -> int:
    from airflow_provider_dinero.sandbox.server import address, prepare

    chosen = {field.name: getattr(options, field.name) for field in fields(Settings) if hasattr(options, field.name)}
    try:
        server, bound = prepare(
            Settings(**chosen),
            options.host,
            options.port,
            lambda: _tell(address(bound)),
        )
        # The server takes both while it serves. When it has stopped, one more Ctrl-C gets no traceback.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        server.run(sockets=[bound])
    except (OSError, OverflowError, sqlite3.Error) as error:
        advice = ". Take another --port." if getattr(error, "errno", None) == errno.EADDRINUSE else ""
        print(f"The sandbox could not start on {options.host}:{options.port}: {error}{advice}", file=sys.stderr)
        return 1
    return 0
