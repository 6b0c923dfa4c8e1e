"""The routes that every service has: readiness, liveness, metrics and its two documents."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from shared.identity.access import Rule
from shared.identity.errors import bad_token, no_token
from shared.web.errors import NotReady, NotReadyBecause

Health = Callable[[], Awaitable[list[str]]]
"""What keeps the service from taking requests, in words for its operators; empty when ready."""

OPEN: Final = ("/status", "/openapi.json", "/asyncapi.json")
"""What anybody may call at every service."""

METRICS: Final = "/metrics"
"""Guarded by its own token, not by a caller's."""


class Probe(StrEnum):
    """What an orchestrator asks."""

    READY = "ready"
    ALIVE = "alive"


PROBES: Final = (
    "`ready`: 503 while requests had better go elsewhere; `alive`: 503 when only a restart can help"
)


class Status(BaseModel):
    """Readiness in the form of a problem document, as the national guidelines ask, also when all is well."""

    type: str = "about:blank"
    title: str = "OK"
    status: int = 200
    detail: str = "The service is ready."


class ProblemJson(JSONResponse):
    """An answer of the media type that the guidelines ask of `/status`."""

    media_type = "application/problem+json"


class MetricsText(PlainTextResponse):
    """The text format of Prometheus."""

    media_type = CONTENT_TYPE_LATEST


class ScrapeToken(Rule):
    """Lets a scraper through that knows the token in the file. Without a file nobody is let through."""

    name = "scrape token"

    def __init__(self, file: Path | None) -> None:
        self._file = file

    async def __call__(self, request: Request) -> None:
        """Judge one scrape."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise no_token()
        if not self._right(given):
            raise bad_token("it is not the scrape token", "non è il token di raccolta", "wrong-scrape-token")

    def knows(self, request: Request) -> bool:
        """Whether the request carries the token, where it is not asked for."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._right(given)

    def _right(self, given: str) -> bool:
        expected = self._expected()
        return bool(expected) and hmac.compare_digest(given.strip().encode(), expected.encode())

    def _expected(self) -> str:
        # Read at every scrape, so that the token can be changed without a restart.
        try:
            return self._file.read_text().strip() if self._file is not None else ""
        except OSError:
            return ""


def system_router(
    *,
    ready: Health,
    alive: Callable[[], list[str]],
    metrics_token_file: Path | None,
    documents: Documents,
) -> APIRouter:
    """The routes. ``ready`` is asked at every call, ``alive`` names what only a restart would help.

    Why a service is not ready is told to whoever has the scrape token; a stranger learns only that it is not.
    """
    router = APIRouter(tags=["system"])
    token = ScrapeToken(metrics_token_file)

    @router.get("/status", summary="Ready or not", response_class=ProblemJson)
    async def status(
        request: Request, probe: Annotated[Probe, Query(description=PROBES)] = Probe.READY
    ) -> Status:
        """Whether the service can take requests now, or with `probe=alive` whether it works at all."""
        problems = alive() if probe is Probe.ALIVE else await ready()
        if problems and token.knows(request):
            raise NotReadyBecause(field="service", value="; ".join(problems))
        if problems:
            raise NotReady(field="service", value=None)
        return Status() if probe is Probe.READY else Status(detail="The process is alive.")

    guard = Depends(token)

    @router.get(METRICS, summary="Metrics for Prometheus", response_class=MetricsText, dependencies=[guard])
    async def metrics() -> Response:
        """Metrics in the text format of Prometheus, for a scraper with its own token."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(documents.openapi(), media_type="application/json")

    @router.get("/asyncapi.json", include_in_schema=False)
    async def events() -> Response:
        return Response(documents.asyncapi(), media_type="application/json")

    return router


class Documents:
    """The two documents as they are sent, made when they are first asked for."""

    def __init__(self, openapi: Callable[[], dict[str, Any]], asyncapi: Callable[[], dict[str, Any]]) -> None:
        self.openapi = cache(lambda: orjson.dumps(openapi()))
        self.asyncapi = cache(lambda: orjson.dumps(asyncapi()))
