"""`airflow dinero …`: what there is. What it does is imported when it is done."""

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

CONN_ID = Arg(("conn_id",), metavar="CONN_ID", help="id of a connection of type Dinero")
JSON = Arg(("--json",), action="store_true", help="print JSON instead of text")
REDIRECT_URI = Arg(
    ("--redirect-uri",),
    metavar="URI",
    help="where the browser comes back to, exactly as it is registered at Visma ([dinero] redirect_uri)",
)
PASTE = Arg(
    ("--paste",),
    action="store_true",
    help="don't wait for the browser: ask for the address that it ended at; for a machine without a browser",
)
ORGANIZATION = Arg(
    ("--organization",), metavar="NUMBER", help="the organization to use, where the user has several; stored"
)
NO_BROWSER = Arg(("--no-browser",), action="store_true", help="print the link, and open no browser")
RESPONSE_MODE = Arg(
    ("--response-mode",),
    choices=("query", "form_post"),
    default="query",
    help="how the browser brings the answer; default query",
)


def get_dinero_cli_commands() -> list[CLICommand]:
    """Return the commands of this provider."""
    commands = (
        ("authorize", "let a user of Dinero consent at Visma Connect", (
            CONN_ID, REDIRECT_URI, PASTE, ORGANIZATION, NO_BROWSER, RESPONSE_MODE,
        )),
        ("revoke", "end the consent at Visma Connect, and forget its tokens", (CONN_ID,)),
        ("check", "check a connection with one cheap call, and say what to do", (CONN_ID, JSON)),
        ("organizations", "list the organizations that a connection reaches", (CONN_ID, JSON)),
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
