"""Airflow's Execution API with less work: in the thread of whoever calls it, and without its older versions.

Airflow reaches it, in process, through a loop in a second thread, whose endpoints run in a third: about twenty switches
of threads a call, which on a busy machine take longer than the call.
"""

import asyncio
import importlib
import threading
from contextlib import AsyncExitStack
from typing import Any

import anyio.to_thread
from cadwyn.middleware import VersionPickingMiddleware
from fastapi.dependencies import utils


class InThisThread:
    """A transport of the HTTP client of Airflow, which Airflow 3.4 has another one of; one call at a time.

    :param server: InProcessExecutionAPI
    """

    def __init__(self, server: Any) -> None:
        # Those of Airflow renew the token of the caller, which has none here, and name requests in the log. Cadwyn's
        # starts two tasks for each request, to read one header.
        middleware = server.app.user_middleware
        middleware[:] = [each for each in middleware if not each.cls.__module__.startswith("airflow.")]
        for each in middleware:
            if issubclass(each.cls, VersionPickingMiddleware):
                each.cls = PickVersion
        self._transport = server.atransport
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._started = AsyncExitStack()
        elsewhere = anyio.to_thread.run_sync

        async def run_sync(function: Any, *arguments: Any, **options: Any) -> Any:
            if asyncio.get_running_loop() is self._loop:
                return function(*arguments)
            return await elsewhere(function, *arguments, **options)

        anyio.to_thread.run_sync = run_sync  # type: ignore[assignment]
        self._loop.run_until_complete(self._started.enter_async_context(server.app.router.lifespan_context(server.app)))

    def handle_request(self, request: Any) -> Any:
        """Answer a request, with other sessions of the database than the caller's."""
        from airflow import settings

        sessions = settings.Session.registry
        with self._lock:
            callers = sessions() if sessions.has() else None
            sessions.clear()
            try:
                return self._loop.run_until_complete(self._ask(request))
            finally:
                sessions.clear()
                if callers:
                    sessions.set(callers)

    async def _ask(self, request: Any) -> Any:
        answer = await self._transport.handle_async_request(request)
        return type(answer)(answer.status_code, headers=answer.headers, content=await answer.aread())


class PickVersion:
    """Picks the version of the API by its header, as Cadwyn's middleware does.

    :param app: ASGI application
    :param api_version_parameter_name: str, the header
    :param api_version_var: ContextVar that takes the version
    """

    def __init__(self, app: Any, *, api_version_parameter_name: str, api_version_var: Any, **options: Any) -> None:
        self._app, self._name, self._version = app, api_version_parameter_name.lower().encode(), api_version_var

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self._version.set(dict(scope["headers"])[self._name].decode())
        await self._app(scope, receive, send)


def leave_out_old_versions() -> None:
    """Make the routes of few versions; to make those of all takes a process five seconds.

    Tasks need the newest one. In Airflow 3.3, it can be made without those before the third.
    """
    from airflow import __version__

    if __version__.startswith("3.3."):
        bundle = importlib.import_module("airflow.api_fastapi.execution_api.versions").bundle
        bundle.versions = bundle.versions[:3]
        bundle.versions[-1].changes = ()  # the oldest one has none


def remember_dependants() -> None:
    """Let FastAPI look at the signature of each dependency once, and not in each request.

    It does that where dependencies are overridden, as Airflow does in process.
    """
    look, found = utils.get_dependant, {}

    def get_dependant(**options: Any) -> Any:
        key = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in options.items())
        if key not in found:
            found[key] = look(**options)
        return found[key]

    utils.get_dependant = get_dependant
