"""The commands of `airflow dinero …`. Their code is imported when they run."""

from typing import Any

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command


def _arg(*flags: str, **options: Any) -> Arg:
    return Arg(flags, **options)  # type: ignore[no-untyped-call]


CONN_ID = _arg("conn_id", metavar="CONN_ID", help="id of a connection of type Dinero")
JSON = _arg("--json", action="store_true", help="print JSON instead of text")
REDIRECT_URI = _arg(
    "--redirect-uri",
    metavar="URI",
    help="where the browser returns, exactly as registered at Visma; default the setting redirect_uri",
)
PASTE = _arg(
    "--paste",
    action="store_true",
    help="don't wait for the browser, but ask for the address where it ended; for a machine without a browser",
)
ORGANIZATION = _arg(
    "--organization", metavar="NUMBER", help="the organization that the connection will use, if there are several"
)
OF_ORGANIZATION = _arg("--organization", metavar="NUMBER", help="default the connection's own")
NO_BROWSER = _arg("--no-browser", action="store_true", help="print the link, but don't open a browser")
RESPONSE_MODE = _arg(
    "--response-mode",
    choices=("query", "form_post"),
    default="query",
    help="how the browser returns the response; default query",
)
DOUBLES = _arg(
    "--doubles",
    action="store_true",
    help="instead, list payments, mail-outs, files and manual vouchers that are alike within minutes. It only reads, "
    "and first prints how many requests it needs: one per document",
)
SINCE = _arg("--since", metavar="DAY", help="with --doubles: first day, as YYYY-MM-DD; default 31 days ago")
CHOOSE = _arg("--choose", metavar="NUMBER", help="make the connection use this organization from now on")

SET = _arg(
    "--set",
    nargs=2,
    metavar=("KEY", "INSTANT"),
    help="let the consumer continue from this ISO 8601 instant (UTC if it has no zone)",
)
FORGET = _arg("--forget", metavar="KEY", help="delete a watermark: its consumer starts anew")
ASSET = _arg("--asset", metavar="NAME", help="with --set or --forget: the asset, if several have such a key")
YES = _arg("-y", "--yes", action="store_true", help="don't ask for confirmation")


def get_dinero_cli_commands() -> list[CLICommand]:
    """Return the commands of this provider."""
    commands = (
        ("authorize", "let a user of Dinero consent at Visma Connect", (
            CONN_ID, REDIRECT_URI, PASTE, ORGANIZATION, NO_BROWSER, RESPONSE_MODE,
        )),
        ("revoke", "revoke the consent at Visma Connect, and delete its tokens", (CONN_ID, YES)),
        ("check", "check a connection with one cheap call, and say what to do", (CONN_ID, JSON, DOUBLES, SINCE)),
        ("compare", "show which setting of each sandbox switch fits your company's Dinero; only reads", (
            CONN_ID, JSON,
        )),
        ("accounts", "list the chart of accounts: number, name, VAT code, category", (CONN_ID, OF_ORGANIZATION, JSON)),
        ("marks", "list the watermarks of consumers of changes; set or delete one", (SET, FORGET, ASSET, YES, JSON)),
        ("organizations", "list the organizations that a connection reaches", (CONN_ID, CHOOSE, JSON)),
    )  # fmt: skip
    return [
        GroupCommand(
            name="dinero",
            help="Connect to Dinero, and check connections",
            subcommands=[
                ActionCommand(
                    name=name,
                    help=told,
                    func=lazy_load_command(f"airflow_provider_dinero.consent.commands.{name}"),
                    args=arguments,
                )
                for name, told, arguments in commands
            ],
        )
    ]
