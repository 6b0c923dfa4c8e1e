"""Operators of the database's language, put wherever a route takes a query, a path's id or a body.

The routes, their parameters and the fields of their bodies are those of the running applications: a new route
is tried at once. The Director asks, so that almost nothing is refused for another reason.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from shared.identity import Allow, Role
from shared.identity.local import issue_token
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.serving import Served, serving, surroundings
from shared.web.routes import guarded_routes
from tests.system import SERVICES

OPERATORS = ("$ne", "$gt", "$where", "$regex", "$in", "$expr")


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=SERVICES)
async def served(
    request: pytest.FixtureRequest, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    module = importlib.import_module(f"services.{request.param}.app")
    settings = importlib.import_module(f"services.{request.param}.settings").Settings

    def build(made: Any) -> FastAPI:
        app: FastAPI = module.build_app(made.model_copy(update={"rate_limit": 10**9}))
        return app

    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp(request.param)) as around,
        serving(around, build, settings) as running,
    ):
        yield running


def caller(served: Served) -> httpx.AsyncClient:
    """The Director, who may do almost everything."""
    token = issue_token(served.keys, Role.DIRECTOR)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(served.app, raise_app_exceptions=False),
        base_url="http://t",
        headers={"authorization": f"Bearer {token}"},
    )


def guarded(served: Served) -> Iterator[tuple[str, str]]:
    """Every (method, path) that a caller's token opens, with an id in place of each parameter."""
    for route in guarded_routes(served.app):
        if route.rules and all(isinstance(rule, Allow) for rule in route.rules):
            yield from ((method, route.path) for method in sorted(route.methods))


def filled(path: str, value: str = "x") -> str:
    return re.sub(r"\{[^}]*\}", lambda _: value, path)


async def described(served: Served) -> dict[str, Any]:
    async with caller(served) as http:
        found: dict[str, Any] = (await http.get("/openapi.json")).json()
    return found


async def test_no_query_takes_an_operator(served: Served) -> None:
    document = await described(served)
    wrong: list[str] = []
    async with caller(served) as http:
        for method, path in guarded(served):
            operation = document["paths"].get(path, {}).get(method.lower())
            told = operation.get("parameters", []) if operation else []
            names = [each["name"] for each in told if each.get("in") == "query"] or ["filter"]
            if operation and "422" not in operation["responses"]:
                wrong.append(f"{method} {path} does not document the answer")
            for name in names:
                for operator in OPERATORS:
                    for query in (
                        {f"{name}[{operator}]": "1"},
                        {name: f'{{"{operator}":""}}'},
                        {name: operator},
                    ):
                        answer = await http.request(method, filled(path), params=query)
                        known_right = answer.status_code == 403  # not even a director may
                        if answer.status_code != 422 and not known_right:
                            wrong.append(f"{method} {path} {query}: {answer.status_code}")
    assert not wrong, "\n".join(wrong[:40])


async def test_no_id_in_a_path_is_an_operator(served: Served) -> None:
    wrong: list[str] = []
    async with caller(served) as http:
        for method, path in guarded(served):
            for operator in OPERATORS if "{" in path else ():
                for value in (operator, f'{{"{operator}":""}}', f"x[{operator}]"):
                    answer = await http.request(method, filled(path, value))
                    if answer.status_code < 400 or answer.status_code >= 500:
                        wrong.append(f"{method} {path} {value}: {answer.status_code}")
    assert not wrong, "\n".join(wrong[:40])


def fields(document: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The names of a body's fields."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    variants = [each for kind in ("anyOf", "oneOf") for each in schema.get(kind, ())]
    return [*schema.get("properties", {}), *(name for each in variants for name in fields(document, each))]


async def test_no_body_takes_an_operator(served: Served) -> None:
    document = await described(served)
    wrong: list[str] = []
    tried = 0
    async with caller(served) as http:
        for path, methods in document["paths"].items():
            for method, told in methods.items():
                schema = (
                    told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
                )
                if schema is None:
                    continue
                names = fields(document, schema)
                bodies = [{operator: {name: 1}} for operator in OPERATORS for name in names]
                bodies += [{name: {operator: 1}} for operator in OPERATORS for name in names]
                for body in bodies:
                    tried += 1
                    answer = await http.request(method, filled(path), json=body)
                    if answer.status_code not in {403, 422}:
                        wrong.append(f"{method} {path} {body}: {answer.status_code}")
    assert not wrong, "\n".join(wrong[:40])
    assert tried or served.app.state.service.name == "dashboard"
