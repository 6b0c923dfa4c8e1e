"""Runs one service: settings, logs, uvicorn, an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Final, NoReturn, TypeVar

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from shared import telemetry
from shared.domain.errors import Refusal
from shared.store.driver import AWAY
from shared.telemetry.ending import CannotGoOn, ending
from shared.web.info import ServiceInfo
from shared.web.settings import ServiceSettings
from shared.web.transport import Protocol

log = logging.getLogger("ponte.server")

S = TypeVar("S", bound=ServiceSettings)

_THRESHOLDS: Final = (50_000, 20, 100)
"""Collections of the garbage collector, after everything that lives for ever was frozen: requests are 1.4
times faster than with Python's own."""


_SWITCH_S: Final = 0.0005
"""For so long a thread may keep the interpreter while the event loop waits for it; Python's own 5 ms are
added to every step of a request while a page is made or Motor's threads are busy."""


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling, which would end the process before the parts are stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        sys.setswitchinterval(_SWITCH_S)


def serve(build_app: Callable[[S], FastAPI], settings_class: type[S]) -> None:
    """Run a service until SIGTERM or SIGINT; exit status 0 after an orderly end, 75 if it ended by itself.

    A missing or wrong setting, a taken port or a part that does not start is one sentence on standard
    error and exit status 1.
    """
    settings = read_settings(settings_class)
    try:
        app = build_app(settings)
    except Refusal as refusal:
        _fail(f"Settings: {refusal}")
    service: ServiceInfo = app.state.service
    telemetry.configure(service.name, service.version, form=settings.log_format, level=settings.log_level)
    listener = _bind(settings.http_host, settings.http_port)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        code = runner.run(_run(app, settings, listener))
    sys.exit(code or ending.status)


def read_settings(settings_class: type[S]) -> S:
    """The settings from the environment; on the first wrong one a sentence naming it, and exit status 1."""
    try:
        return settings_class()
    except ValidationError as error:
        _fail(sentence(error))


def sentence(error: ValidationError) -> str:
    """Every missing or wrong setting by the name of its variable. No value: it may be a secret."""
    parts = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        if not problem["loc"]:
            # Settings that do not fit together: the rule names them itself.
            parts.append(problem["msg"].removeprefix("Value error, "))
            continue
        variable = "PONTE_" + "_".join(str(part) for part in problem["loc"]).upper()
        wrong = "is missing" if problem["type"] == "missing" else f"is wrong ({problem['msg']})"
        parts.append(f"{variable} {wrong}")
    return "Settings: " + "; ".join(parts) + "."


def _bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet, so that a taken port shows before any engine is asked."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        _fail(f"Port {port} of {host} (PONTE_HTTP_PORT, PONTE_HTTP_HOST) cannot be used: {reason}.")
    return listener


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _run(app: FastAPI, settings: ServiceSettings, listener: socket.socket) -> int:
    """Start the parts, answer requests, drain them, stop the parts; each stage under its time limit."""
    server = _Server(
        uvicorn.Config(
            app,
            http=Protocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_seconds),
        )
    )
    _stop_on_signals(app, server)
    parts = app.router.lifespan_context(app)
    try:
        await parts.__aenter__()
    except asyncio.CancelledError:
        return 0
    except Exception as error:  # noqa: BLE001 - whatever keeps a part from starting ends the service
        return _cannot_start(app, error)
    log.info("listening on %s:%s", settings.http_host, settings.http_port)
    try:
        await server.serve(sockets=[listener])
    finally:
        code = await _stop(parts, settings.shutdown_seconds)
    return code


def _stop_on_signals(app: FastAPI, server: _Server) -> None:
    """The first signal ends the service in order, or cancels its start; the second waits for no request."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def stop() -> None:
        if app.state.stopping.is_set():
            server.force_exit = True
        app.state.stopping.set()
        server.should_exit = True
        if not server.started and main is not None:
            main.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    ending.by(stop)


async def _stop(parts: AbstractAsyncContextManager[Any], limit: float) -> int:
    try:
        async with asyncio.timeout(limit):
            await parts.__aexit__(None, None, None)
    except TimeoutError:
        log.error("the parts did not stop within %s s", limit)
        return 1
    return 0


def _cannot_start(app: FastAPI, error: Exception) -> int:
    name = app.state.service.name
    if isinstance(error, AWAY):
        text = f"{name} cannot start: MongoDB does not answer (PONTE_MONGODB_URI)."
    elif isinstance(error, Refusal | OSError | CannotGoOn):
        text = f"{name} cannot start: {error}"
    else:
        log.error("cannot start", exc_info=error)
        text = f"{name} cannot start: {type(error).__name__}; its log says where."
    print(text, file=sys.stderr)
    return 1


def _fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(1)
