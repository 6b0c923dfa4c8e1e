"""Nothing is open that is not on the list, and the list is exact."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.staticfiles import StaticFiles

from shared.identity import Action, Identity, Role, allow
from shared.identity.local import LocalKeys, issue_token
from shared.web import UnguardedRoute, open_routes
from shared.web.tests import sample
from shared.web.tests.conftest import Caller

OPEN = ["/asyncapi.json", "/openapi.json", "/status"]


def test_the_open_list_is_exact(app: FastAPI) -> None:
    assert open_routes(app) == OPEN


async def test_every_other_route_refuses_a_stranger(app: FastAPI, stranger: httpx.AsyncClient) -> None:
    tried = 0
    for context in iter_route_contexts(app.routes):
        path = re.sub(r"\{[^}]+\}", "x", context.path or "")
        for method in context.methods or ():
            answer = await stranger.request(method, path)
            expected = 200 if context.path in OPEN else 401
            assert answer.status_code == expected, f"{method} {path}"
            tried += 1
    assert tried > 8


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/redoc",
        "/v1",
        "/status/",
        "/status/live",
        "//status",
        "/Status",
        "/status/../v1/trips",
    ],
)
async def test_unknown_paths_say_nothing_to_a_stranger(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic ZGlyZWN0b3I6",
        "Bearer a.b.c",
        "bearer\tx",
        "Token x",
        "Bearer eyJh.eyJh.",
    ],
)
async def test_no_such_credential(stranger: httpx.AsyncClient, header: str) -> None:
    answer = await stranger.get("/v1/trips", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["value"] is None


async def test_the_scheme_may_be_written_in_any_case(stranger: httpx.AsyncClient, keys: LocalKeys) -> None:
    token = issue_token(keys, Role.AUDITOR)
    assert (await stranger.get("/v1/trips", headers={"Authorization": f"bEaReR  {token}"})).status_code == 200


def _router(**more: Any) -> APIRouter:
    made = APIRouter(prefix="/v1", **more)

    @made.get("/forgotten")
    async def forgotten() -> int:
        return 1

    return made


def test_a_forgotten_rule_stops_the_start(folder: Path) -> None:
    with pytest.raises(UnguardedRoute, match="/v1/forgotten has no rule"):
        sample.build(sample.settings(folder), routers=[sample.router, _router()])
    outer = APIRouter(prefix="/outer")
    outer.include_router(_router())
    with pytest.raises(UnguardedRoute, match="/outer/v1/forgotten has no rule"):
        sample.build(sample.settings(folder), routers=[outer])
    guarded = APIRouter(prefix="/outer", dependencies=[allow(Action.FEED_READ)])
    guarded.include_router(_router())
    sample.build(sample.settings(folder), routers=[guarded])


def test_the_declared_list_holds_nothing_else(folder: Path) -> None:
    with pytest.raises(UnguardedRoute, match="/link is declared open and is not"):
        sample.build(sample.settings(folder), open_paths=["/link"])
    with pytest.raises(UnguardedRoute, match="/v1/forgotten is declared open and is not"):
        sample.build(
            sample.settings(folder),
            routers=[_router(dependencies=[allow(Action.FEED_READ)])],
            open_paths=["/v1/forgotten"],
        )
    with pytest.raises(UnguardedRoute, match="/files/ has no rule"):
        sample.build(sample.settings(folder), mounts={"/files": StaticFiles(directory=folder)})


async def test_a_route_that_is_added_later_stops_the_start_too(app: FastAPI) -> None:
    @app.get("/later")
    async def later() -> int:
        return 1

    with pytest.raises(UnguardedRoute, match="/later"):
        async with app.router.lifespan_context(app):
            pass


async def test_static_files_are_open_below_their_folder_only(
    tmp_path: Path, folder: Path, calling: Caller
) -> None:
    (tmp_path / "page.css").write_text("a{}")
    app = sample.build(
        sample.settings(folder), mounts={"/static": StaticFiles(directory=tmp_path)}, open_paths=["/static/"]
    )
    stranger = await calling(app, role=None)
    found = await stranger.get("/static/page.css")
    assert (found.status_code, found.headers["cache-control"]) == (200, "no-cache")
    assert (await stranger.get("/static/none.css")).status_code == 404
    assert (await stranger.get("/static")).status_code == 401
    assert (await stranger.get("/staticky")).status_code == 401


async def test_another_authenticator_is_asked_after_the_token(folder: Path, calling: Caller) -> None:
    async def by_cookie(request: Request) -> Identity | None:
        if request.cookies.get("who") != "anna":
            return None
        return Identity("anna", "dashboard", frozenset({Role.AUDITOR}))

    app = sample.build(sample.settings(folder), authenticators=[by_cookie])
    stranger = await calling(app, role=None)
    assert (await stranger.get("/v1/trips")).status_code == 401
    assert (await stranger.get("/v1/trips", headers={"Cookie": "who=anna"})).status_code == 200
    both = {"Cookie": "who=anna", "Authorization": "Bearer false"}
    assert (await stranger.get("/v1/trips", headers=both)).status_code == 401


async def test_metrics_take_the_scrape_token_and_no_other(
    app: FastAPI, director: httpx.AsyncClient, stranger: httpx.AsyncClient, keys: LocalKeys
) -> None:
    scrape = {"Authorization": f"Bearer {keys.metrics_token_file.read_text().strip()}"}
    await director.get("/v1/trips")
    answer = await stranger.get("/metrics", headers=scrape)
    assert answer.status_code == 200
    assert 'ponte_build_info{python="' in answer.text
    assert 'route="/v1/trips"' in answer.text
    assert (await director.get("/metrics")).status_code == 401
    assert (await stranger.get("/v1/trips", headers=scrape)).status_code == 401


@pytest.mark.parametrize("content", [None, "", "\n"])
async def test_without_a_scrape_token_nobody_reads_metrics(
    tmp_path: Path, folder: Path, calling: Caller, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    app = sample.build(sample.settings(folder, metrics_token_file=file))
    stranger = await calling(app, role=None)
    for header in ("Bearer ", "Bearer \n", "Bearer x"):
        answer = await stranger.get("/metrics", headers={"Authorization": header.strip("\n")})
        assert answer.status_code == 401


async def test_readiness_says_no_more_to_a_stranger_than_ready_or_not(
    folder: Path, calling: Caller, keys: LocalKeys
) -> None:
    problems = ["mongodb at inside.example does not answer"]
    stuck: list[str] = []

    async def health() -> list[str]:
        return problems

    app = sample.build(sample.settings(folder), health=health, stuck=lambda: stuck)
    stranger = await calling(app, role=None)
    answer = await stranger.get("/status")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert "inside" not in answer.text
    wrong = await stranger.get("/status", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, "inside" in wrong.text) == (503, False)
    scrape = {"Authorization": f"Bearer {keys.metrics_token_file.read_text().strip()}"}
    operators = await stranger.get("/status", headers=scrape)
    assert operators.status_code == 503
    assert operators.json()["detail"] == f"The service is not ready: {problems[0]}."
    assert (await stranger.get("/status?probe=alive")).status_code == 200, (
        "an engine that is away needs no restart"
    )

    problems.clear()
    answer = await stranger.get("/status")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/problem+json")
    stuck.append("reader")
    assert (await stranger.get("/status?probe=alive")).status_code == 503
    app.state.stopping.set()
    assert (await stranger.get("/status")).status_code == 503
