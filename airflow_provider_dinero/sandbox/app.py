"""The server: each operation is one transaction, from checking its token to recording its response."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from airflow_provider_dinero.sandbox.access import expire, let_in
from airflow_provider_dinero.sandbox.answers import page
from airflow_provider_dinero.sandbox.calls import Call, Operation
from airflow_provider_dinero.sandbox.dates import DateHeader
from airflow_provider_dinero.sandbox.disconnect_middleware import DisconnectMiddleware
from airflow_provider_dinero.sandbox.errors import ApiError
from airflow_provider_dinero.sandbox.fault_middleware import FaultMiddleware
from airflow_provider_dinero.sandbox.faults import Faults
from airflow_provider_dinero.sandbox.limiter import Limiter
from airflow_provider_dinero.sandbox.resources import (
    bookkeeping,
    connect,
    contacts,
    control,
    document_pages,
    files,
    organizations,
    people,
    sales,
    seeding,
    tokens,
)
from airflow_provider_dinero.sandbox.same_origin_middleware import SameOriginMiddleware
from airflow_provider_dinero.sandbox.settings import Settings
from airflow_provider_dinero.sandbox.store import Store
from airflow_provider_dinero.sandbox.wire import Wire

RESOURCES = [
    module.resource
    for module in (
        *(control, people, document_pages, seeding, tokens, connect),
        *(organizations, contacts, files),
        *bookkeeping.MODULES,
        *sales.MODULES,
    )
]

log = logging.getLogger(__name__)


def create_app(settings: Settings, wire: Wire) -> Starlette:
    """Create a sandbox as an ASGI application.

    :param settings: its switches
    :param wire: the server's connections, which faults may break
    """
    tables = [resource.tables for resource in RESOURCES]
    seeds = [resource.seed for resource in RESOURCES if resource.seed]
    store = Store(settings.state, tables, seeds, settings.clock)
    limiter, faults = Limiter(store.clock), Faults()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            store.close()

    def described(request: Request, body: bytes) -> Call:
        organization = request.path_params.get("organizationId", "")
        query = request.url.query
        return Call(
            settings,
            store,
            limiter,
            faults,
            str(request.base_url).rstrip("/"),
            request.method,
            request.url.path + (f"?{query}" if query else ""),
            request.path_params,
            {name.lower(): value for name, value in request.query_params.items()},
            request.headers,
            body,
            organization=int(organization) if re.fullmatch(r"[0-9]{1,9}", organization) else None,
            fault=request.scope.get("dinero.fault"),
        )

    def serve(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        # The body is read first, so nothing is awaited between BEGIN and COMMIT and requests can't interleave.
        async def endpoint(request: Request) -> Response:
            call = described(request, await request.body())
            response = answered(operation, call)
            await asyncio.sleep(call.hold)
            return response

        return endpoint

    def answered(operation: Operation, call: Call) -> Response:
        try:
            with store.transaction():
                for resource in RESOURCES:
                    if resource.due:
                        resource.due(call)
                response = (None if operation.open else let_in(call)) or operation.handler(call)
                note(call, response.status_code)
                return response
        except ApiError as error:
            response = people.refusal(call, error) if call.url.startswith(people.UI) else error.response()
        except Exception:
            log.exception("%s %s", call.method, call.url)
            response = ApiError(50, status=500).response()
        with store.transaction():
            note(call, response.status_code)
        return response

    def note(call: Call, status: int) -> None:
        if not control.is_ours(call.url):
            control.record(call, status)

    def note_unseen(scope: Scope, status: int) -> None:
        with store.transaction():
            note(described(Request(scope), b""), status)

    def expire_token(scope: Scope) -> None:
        with store.transaction():
            expire(described(Request(scope), b""))

    async def unknown_route(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        call, response = described(request, await request.body()), page(status)
        with store.transaction():
            note(call, response.status_code)
        return response

    # Literal segments first: invoices/templates is not the invoice "templates".
    operations = [operation for resource in RESOURCES for operation in resource.operations]
    operations.sort(key=lambda operation: operation.path.replace("{", "~"))
    app = Starlette(
        routes=[route_to(operation, serve(operation)) for operation in operations],
        exception_handlers={HTTPException: unknown_route},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.add_middleware(DisconnectMiddleware)
    app.add_middleware(
        FaultMiddleware,
        faults=faults,
        wire=wire,
        spared=control.is_ours,
        note=note_unseen,
        expire=expire_token,
    )
    if settings.date_header:
        app.add_middleware(DateHeader, clock=store.clock)
    app.add_middleware(SameOriginMiddleware, hosts=settings.allowed_hosts)  # the last one is asked first
    return app


def route_to(operation: Operation, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    """Return the route to an operation, for its method alone.

    :param operation: Operation
    :param endpoint: what answers
    """
    route = Route(operation.path, endpoint)
    route.methods = {operation.method}
    # The documents' own upload sample ends in a slash.
    pattern = route.path_regex.pattern.removesuffix("$") + "/?$"
    route.path_regex = re.compile(pattern, re.IGNORECASE if operation.path.startswith("/v") else 0)
    return route
