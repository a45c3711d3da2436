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

    :param arguments: the command line without the program's name; the real one by default
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
    serve.add_argument("--port", type=int, default=8765, help="port; 0 picks a free one (%(default)s)")
    serve.add_argument("--state", metavar="FILE", help="SQLite file that keeps the state (default: in memory)")
    serve.add_argument(
        "--requests-per-minute",
        type=_at_least(1),
        metavar="N",
        help="request limit per client and organization (default: 100 for Visma Connect, 60 for personal clients)",
    )
    serve.add_argument(
        "--token-lifetime",
        type=_at_least(1),
        default=3600,
        metavar="SECONDS",
        help="lifetime of an access token (%(default)s)",
    )
    serve.add_argument(
        "--refresh-tokens",
        choices=["reuse", "one-time"],
        default="reuse",
        help="what a refresh returns: the same refresh token, or a new one each time; then reusing an old one revokes "
        "the whole grant (%(default)s)",
    )
    serve.add_argument(
        "--grace-seconds",
        type=_at_least(0),
        default=0,
        metavar="SECONDS",
        help="how long a used one-time token still works; 5 to 60 seconds at Visma Connect, if at all (%(default)s)",
    )
    serve.add_argument(
        "--redirect-uri",
        dest="redirect_uris",
        action="append",
        default=argparse.SUPPRESS,
        metavar="URI",
        help="a redirect URI registered for the Visma Connect application; repeat the option for more "
        f"({', '.join(Settings.redirect_uris)})",
    )
    serve.add_argument(
        "--allowed-host",
        dest="allowed_hosts",
        action="append",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="another host name to accept besides localhost, loopback addresses and --host; repeat the option for "
        "more. Requests to any other host name are refused, since a web page could have sent them",
    )
    serve.add_argument("--require-pkce", action="store_true", help="require PKCE, an option of the application")
    serve.add_argument(
        "--basic-credentials",
        choices=["encoded", "as-is"],
        default="encoded",
        help="how the client ID and secret appear in a Basic header: form-encoded first (RFC 6749, 2.3.1), or as they "
        "are, as most clients send them; it isn't known which of the two Dinero accepts (%(default)s)",
    )
    serve.add_argument(
        "--no-date-header",
        dest="date_header",
        action="store_false",
        help="send no Date header (default: send one, from the sandbox's own clock)",
    )
    for name, text in SWITCHES.items():
        _add_switch(serve, name, text)
    serve.add_argument(
        "--updated-at-bumped-by",
        type=_mutations,
        default=MUTATIONS,
        metavar="NAMES",
        help=f"which of {', '.join(sorted(MUTATIONS))} move the UpdatedAt of an invoice, comma-separated. Creating, "
        "changing and deleting always do; for the others it isn't known (all)",
    )

    connect = commands.add_parser(
        "connection",
        help="print the Airflow connection for a sandbox",
        description="Print the value for AIRFLOW_CONN_DINERO_DEFAULT.",
    )
    connect.set_defaults(run=_connection)
    connect.add_argument(
        "--grant",
        default="personal_integration",
        choices=sorted({client.grant for client in CLIENTS.values()}),
        help="authorization grant (%(default)s)",
    )
    connect.add_argument("--url", default="http://127.0.0.1:8765", help="URL of the sandbox (%(default)s)")
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
        raise argparse.ArgumentTypeError(f"must be a comma-separated list of {', '.join(sorted(MUTATIONS))}")
    return names


def _connection(options: argparse.Namespace) -> int:
    try:
        print(json.dumps(connection(options.url.rstrip("/"), options.grant, options.organization)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _tell(url: str) -> None:
    """Print the URL of the sandbox and how to connect Airflow to it."""
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
        # The server handles both signals while it runs. After that, another Ctrl-C causes no traceback.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        server.run(sockets=[bound])
    except (OSError, OverflowError, sqlite3.Error) as error:
        advice = ". Use another --port." if getattr(error, "errno", None) == errno.EADDRINUSE else ""
        print(f"The sandbox could not start on {options.host}:{options.port}: {error}{advice}", file=sys.stderr)
        return 1
    return 0
