"""Every service answers what its OpenAPI document says, whoever asks and whatever is asked.

`PONTE_SCHEMATHESIS_EXAMPLES` (10) is the number of random requests of each kind for each operation.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared.identity import Action, Role
from shared.identity.local import LocalKeys, issue_token
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.serving import serving, surroundings
from shared.web.transport import Protocol
from tests.conformance import Caller, Conformance
from tests.system import SERVICES

EXAMPLES = int(os.environ.get("PONTE_SCHEMATHESIS_EXAMPLES", "10"))

IN_EVERY_SERVICE = (
    "/status",
    "/metrics",
    "/v1/audit",
    "/v1/handovers",
    "/v1/imports",
    "/v1/people",
    "/v1/refused",
)
"""One code answers for all: of the listed requests each service gets another part, all of them with 50."""


def callers(keys: LocalKeys) -> list[Caller]:
    """One of each role, a program that may do all that programs may, and one that may do nothing."""
    people = [Caller(role, issue_token(keys, role)) for role in Role if role is not Role.INTEGRATION]
    return [
        *people,
        Caller("a program with every scope", issue_token(keys, Role.INTEGRATION, scopes=tuple(Action))),
        Caller("a program with none", issue_token(keys, Role.INTEGRATION, scopes=())),
        Caller("the scraper", keys.metrics_token_file.read_text().strip()),
    ]


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The running application on a free port of loopback, with the product's own protocol."""
    config = uvicorn.Config(
        app, http=Protocol, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@pytest.mark.parametrize("service", SERVICES)
# The service's own threads draw from Python's common random numbers while Hypothesis does.
@pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.timeout(max(900, 90 * EXAMPLES))
async def test_answers_as_documented(
    service: str, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings").Settings

    def build(made: Any) -> FastAPI:
        app: FastAPI = module.build_app(made.model_copy(update={"rate_limit": 10**9}))
        return app

    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp(service)) as around,
        serving(around, build, settings) as served,
        listening(served.app) as address,
        httpx.AsyncClient(base_url=address) as http,
    ):
        document = (await http.get("/openapi.json")).json()
        run = Conformance(address, document, callers(served.keys))

        def everything() -> None:
            for operation in run.operations():
                common = operation.path.startswith(IN_EVERY_SERVICE) and EXAMPLES < 50
                share = len(SERVICES) if common else 1
                run.explore(operation, EXAMPLES, SERVICES.index(service), share)
            run.wander(2 * EXAMPLES)
            for number, operation in enumerate(run.operations()):
                run.provoke(operation, offset=number, share=max(1, 100 // EXAMPLES))

        await asyncio.to_thread(everything)
    unseen = run.never_carried_out()
    print(f"{service}: {run.findings.sent} requests; never carried out: {', '.join(unseen) or 'none'}")
    assert not run.findings.first, run.findings.report()
