"""The Dinero page in Airflow's navigation, and a macro. Every Airflow process loads this, so it imports little."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin

from airflow_provider_dinero.periods import period_key

Message = MutableMapping[str, Any]


async def page(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Handle a request for the page: an ASGI application, imported at the first request.

    :param scope: ASGI scope of the request
    :param receive: receives the request's body
    :param send: sends the response
    """
    from airflow_provider_dinero.ui.app import app

    await app(scope, receive, send)


class DineroPlugin(AirflowPlugin):
    """Mounts the page in the API server, and adds it to Airflow's Admin menu.

    The view has no `url_route`, so that Airflow opens the page in a tab and not in its frame: a frame that can't open a
    window can't lead to Visma Connect (docs/adr/0009).
    """

    name = "dinero"
    # Airflow reads the class, and creates no instance of it.
    fastapi_apps = [  # ruff: ignore[mutable-class-default]
        {"app": page, "url_prefix": "/dinero", "name": "Dinero"}
    ]
    # Relative to the base of Airflow's pages, which includes the path prefix of [api] base_url.
    external_views = [  # ruff: ignore[mutable-class-default]
        {"name": "Dinero", "href": "dinero/", "destination": "nav", "category": "admin"}
    ]
    # In templates `macros.dinero.period_key`.
    macros = [period_key]  # ruff: ignore[mutable-class-default]
