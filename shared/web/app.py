"""Makes the FastAPI application of a service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, NoReturn

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.identity.keys import KeySet
from shared.identity.tokens import TokenVerifier
from shared.store.trail_writer import Trail
from shared.telemetry.metrics import HttpMetrics
from shared.web.asyncapi import asyncapi_document
from shared.web.edge import Edge, ErrorPage
from shared.web.gate import Authenticator, Gate, OnBehalf, OpenPaths, bearer
from shared.web.info import ServiceInfo
from shared.web.limits import RateLimiter
from shared.web.openapi import openapi_document
from shared.web.recording import Recorder
from shared.web.routes import RouteTable, check_routes
from shared.web.settings import ServiceSettings
from shared.web.system import METRICS, OPEN, Documents, Health, system_router

log = logging.getLogger("ponte.web")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_UNMETERED: Final = frozenset({"/status"})
"""Probes are never told to come back later."""


async def _healthy() -> list[str]:
    return []


def _not_stuck() -> list[str]:
    return []


def create_app(
    service: ServiceInfo,
    settings: ServiceSettings,
    *,
    lifespan: Lifespan | None = None,
    routers: Sequence[APIRouter] = (),
    mounts: Mapping[str, ASGIApp] | None = None,
    open_paths: Sequence[str] = (),
    health: Health = _healthy,
    stuck: Callable[[], list[str]] = _not_stuck,
    authenticators: Sequence[Authenticator] = (),
    error_page: ErrorPage | None = None,
    trail: Trail | None = None,
    on_behalf: OnBehalf | None = None,
) -> FastAPI:
    """An application in which every route but the open list needs a verified caller.

    ``health`` names what keeps the service from being ready, ``stuck`` what only a restart can mend; both
    reach the log and whoever has the scrape token, never a stranger. ``mounts`` are static files by path,
    such as ``/static``. ``open_paths`` are the paths beyond ``/status``, ``/openapi.json`` and
    ``/asyncapi.json`` that anybody may call, a mount as ``/static/``. ``authenticators`` are asked after the
    bearer token, in order.
    ``error_page`` shows problems to a caller who accepts HTML. ``trail`` is where refusals and readings of
    what is reserved are recorded; without one they are not. ``on_behalf`` judges callers who act for somebody
    else (`shared.acting`); without it nobody does. ``app.state.stopping`` is an ``asyncio.Event``
    that is set when the service begins to stop: whoever streams ends then.

    Raises ``UnguardedRoute`` where a route has no rule and is not on the list, or the list is not exact.
    """
    routes = RouteTable()
    verifier = TokenVerifier(
        KeySet(settings.oidc_jwks),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        roles=settings.role_map(),
    )
    declared = (*OPEN, *open_paths)
    app = FastAPI(
        title=service.title,
        version=service.version,
        lifespan=_checked(lifespan, declared),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _to_the_edge, RequestValidationError: _to_the_edge},
        generate_unique_id_function=_operation_id,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # The last one added is the outermost.
    app.add_middleware(
        Gate,
        open_paths=OpenPaths((*declared, METRICS)),
        unmetered=_UNMETERED,
        authenticators=(bearer(verifier), *authenticators),
        limiter=RateLimiter(settings.rate_limit),
        max_body_bytes=settings.max_body_bytes,
        on_behalf=on_behalf,
    )
    recorder = Recorder(trail, routes)
    app.add_middleware(
        Edge,
        routes=routes,
        metrics=HttpMetrics(service.name, service.version),
        recorder=recorder,
        error_page=error_page,
    )
    app.state.recorder = recorder
    app.state.service = service
    app.state.stopping = asyncio.Event()
    for router in routers:  # before the others: a request looks through all routes that come earlier
        app.include_router(router)
    app.include_router(
        system_router(
            ready=_readiness(app, health),
            alive=_liveness(stuck),
            metrics_token_file=settings.metrics_token_file,
            documents=Documents(
                openapi=lambda: openapi_document(app, service, settings),
                asyncapi=lambda: asyncapi_document(service, settings),
            ),
        )
    )
    for path, files in (mounts or {}).items():
        app.mount(path, files)
    check_routes(app, declared)
    routes.learn(app)
    return app


def _operation_id(route: APIRoute) -> str:
    """The name of the route's function; the guidelines want no HTTP method in it."""
    return f"read_{route.name.removeprefix('get_')}" if route.name.startswith("get_") else route.name


async def _to_the_edge(request: Request, error: Exception) -> NoReturn:  # noqa: ARG001 - the handler's shape
    """Errors that FastAPI would answer in its own form are answered where all others are."""
    raise error


def _checked(lifespan: Lifespan | None, declared: Sequence[str]) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        # Once more, for routes that were added after create_app.
        check_routes(app, declared)
        if lifespan is None:
            yield
        else:
            async with lifespan(app):
                yield

    return run


def _readiness(app: FastAPI, health: Health) -> Health:
    told: list[str] = []

    async def ready() -> list[str]:
        if app.state.stopping.is_set():
            return ["it is stopping"]
        problems = await health()
        if problems != told:
            log.warning("not ready: %s", "; ".join(problems)) if problems else log.info("ready")
            told[:] = problems
        return problems

    return ready


def _liveness(stuck: Callable[[], list[str]]) -> Callable[[], list[str]]:
    def alive() -> list[str]:
        parts = stuck()
        if parts:
            log.error("stuck: %s", ", ".join(parts))
        return parts

    return alive
