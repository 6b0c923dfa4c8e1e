"""The outermost layer: request ids, headers, the log line, the metrics, and every error as a problem."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain.errors import Refusal
from shared.identity.access import identity_of
from shared.identity.errors import Unauthenticated
from shared.store.driver import AWAY
from shared.store.errors import Unavailable
from shared.telemetry.context import request_id as current_request
from shared.telemetry.metrics import HttpMetrics
from shared.web.gate import ALLOWANCE_KEY
from shared.web.language import language_of
from shared.web.problems import Problem, of_refusal, of_status, of_validation, presentable
from shared.web.problems import response as as_json
from shared.web.recording import Recorder
from shared.web.routes import RouteTable
from shared.web.suspects import suspicion

log = logging.getLogger("ponte.http")

ErrorPage = Callable[[Request, Problem], Response]
"""Shows a problem to a person; used where the caller asks for HTML."""

REQUEST_ID_KEY: Final = "ponte.request_id"
_REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{7,79}$")

_DEFAULTS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
)
"""Set where a route does not set its own. Browsers ignore the last one on plain http, as on a laptop."""


class Edge:
    """ASGI middleware around everything."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: RouteTable,
        metrics: HttpMetrics,
        recorder: Recorder,
        error_page: ErrorPage | None = None,
    ) -> None:
        self._app = app
        self._routes = routes
        self._metrics = metrics
        self._recorder = recorder
        self._error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        scope[REQUEST_ID_KEY] = given if _REQUEST_ID.match(given) else str(uuid4())
        token = current_request.set(scope[REQUEST_ID_KEY])
        answer = _Answer(scope, send)
        try:
            await self._answer(scope, receive, answer)
        finally:
            self._note(scope, answer, time.perf_counter() - started)
            current_request.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            problem = problem_of(error, scope)
            suspected = suspicion(scope, error, problem.status)
            answer.reason, answer.suspect = suspected or _reason(error, problem), suspected is not None
            if problem.status == 405:
                # Starlette names the methods of one route only.
                problem = replace(problem, headers={"Allow": self._routes.methods(scope)})
            if problem.status == 500:
                log.error("unexpected error", exc_info=error)
            if answer.status is None:
                await self.show(problem, scope)(scope, receive, answer)

    def show(self, problem: Problem, scope: Scope) -> Response:
        """The problem as the caller wants it: a page for a person with a browser, else JSON."""
        if self._error_page is not None and "text/html" in Headers(scope=scope).get("accept", ""):
            return self._error_page(Request(scope), problem)
        return as_json(problem, scope)

    def _note(self, scope: Scope, answer: _Answer, seconds: float) -> None:
        status = answer.status or 499
        route = self._routes.name(scope)
        # A stream that stays open for hours is judged by its first byte.
        took = answer.first_byte if answer.streams and answer.first_byte is not None else seconds
        self._metrics.observe(scope["method"], route, status, took)
        identity = identity_of(scope)
        refusal: dict[str, str] = {}
        if status in _NOT_LET_THROUGH or answer.suspect:
            refusal = {"reason": answer.reason or "other", "action": self._routes.action(scope)}
            self._metrics.refused(**refusal)
            self._recorder.refused(scope, status=status, reason=refusal["reason"])
        log.log(
            logging.DEBUG if route in _QUIET and status < 400 else logging.INFO,
            "request",
            extra=refusal
            | {
                "method": scope["method"],
                "uri": scope["path"],
                "route": route,
                "status": status,
                "outcome": _outcome(status),
                "client": (scope.get("client") or ("unknown", 0))[0],
                "consumer_id": identity.client if identity is not None else None,
                "milliseconds": round(seconds * 1000, 2),
            },
        )


_QUIET: Final = frozenset({"/status", "/metrics"})
_NOT_LET_THROUGH: Final = frozenset({401, 403})


class _Answer:
    """``send`` that adds the common headers and remembers what was answered."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()
        self.status: int | None = None
        self.reason: str | None = None
        """Of an error: why, in one stable word."""
        self.suspect = False
        self.first_byte: float | None = None
        self.streams = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.first_byte = time.perf_counter() - self._started
            # On the raw list: this is done for every request, and each look through `Headers` is a search.
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
            set_already = dict(headers)
            self.streams = set_already.get(b"content-type", b"").startswith(b"text/event-stream")
            headers += [header for header in _DEFAULTS if header[0] not in set_already]
            if b"cache-control" not in set_already:
                # What a known caller sees is nobody else's; a static file may be kept and asked for again.
                public = identity_of(self._scope) is None and b"etag" in set_already
                headers.append((b"cache-control", b"no-cache" if public else b"no-store"))
            headers.append((b"x-request-id", self._scope[REQUEST_ID_KEY].encode("latin-1")))
            allowance = self._scope.get(ALLOWANCE_KEY)
            if allowance is not None:
                headers.extend(allowance.headers())
            message = {**message, "headers": headers}
            if b"vary" in set_already:
                MutableHeaders(scope=message).add_vary_header("Accept-Language")
            else:
                headers.append((b"vary", b"Accept-Language"))
        await self._send(message)


def problem_of(error: Exception, scope: Scope) -> Problem:
    """Any exception as a problem: refusals as they are, an engine that is away as 503, the rest as 500."""
    language = language_of(scope)
    if isinstance(error, HTTPException) and isinstance(error.__cause__, Refusal):
        # FastAPI wraps what is raised while it reads the body.
        return of_refusal(error.__cause__, language)
    if isinstance(error, HTTPException):
        return of_status(error.status_code, language, value=scope["method"], headers=error.headers)
    if isinstance(error, RequestValidationError):
        if isinstance(error.body, bytes):
            kind = Headers(scope=scope).get("content-type", "-")
            return of_status(415, language, value=presentable(kind))
        return of_validation(error.errors(), language)
    if isinstance(error, Refusal):
        return of_refusal(error, language)
    if isinstance(error, AWAY):
        return of_refusal(Unavailable(field="MongoDB", value=None), language)
    if isinstance(error, TimeoutError | ConnectionError):
        return of_refusal(Unavailable(field="engine", value=None), language)
    return of_status(500, language)


def _reason(error: Exception, problem: Problem) -> str:
    refusal = error.__cause__ if isinstance(error, HTTPException) else error
    return refusal.reason if isinstance(refusal, Unauthenticated) else problem.code


def _outcome(status: int) -> str:
    if status < 400:
        return "ok"
    return "refused" if status < 500 else "failed"
