from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import Role
from shared.identity.local import LocalKeys, issue_token
from shared.web.limits import RateLimiter
from shared.web.tests import sample
from shared.web.tests.conftest import Caller


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 1000), st.lists(st.floats(0, 120), max_size=200))
def test_nobody_gets_more_than_the_limit_and_its_refill(per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    limiter = RateLimiter(per_minute, clock=clock)
    granted = 0
    for pause in pauses:
        clock.now += pause
        allowance = limiter.take("one")
        granted += allowance.granted
        assert 0 <= allowance.remaining <= per_minute
        assert 0 <= allowance.reset <= 61
        assert allowance.granted or allowance.wait >= 1
    assert granted <= per_minute + clock.now * per_minute / 60 + 1e-6


@given(st.integers(1, 600))
def test_whoever_waits_as_told_is_let_through(per_minute: int) -> None:
    clock = Clock()
    limiter = RateLimiter(per_minute, clock=clock)
    while (allowance := limiter.take("one")).granted:
        pass
    clock.now += allowance.wait
    assert limiter.take("one").granted


def test_clients_do_not_pay_for_each_other() -> None:
    limiter = RateLimiter(1, clock=Clock())
    assert limiter.take("one").granted
    assert not limiter.take("one").granted
    assert limiter.take("two").granted


async def test_a_client_that_sends_too_much_is_told_when_to_come_back(folder: Path, calling: Caller) -> None:
    app: FastAPI = sample.build(sample.settings(folder, rate_limit=3))
    director = await calling(app, **{"Accept-Language": "it"})
    left = [(await director.get("/v1/trips")).headers["x-ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    answer = await director.get("/v1/trips")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-ratelimit-limit"] == "3"
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert 1 <= int(answer.headers["x-ratelimit-reset"]) <= 60
    assert "3 richieste al minuto" in answer.json()["detail"]


async def test_people_of_one_program_do_not_pay_for_each_other(
    folder: Path, keys: LocalKeys, calling: Caller
) -> None:
    """All people come through one program, the pages."""
    app: FastAPI = sample.build(sample.settings(folder, rate_limit=2))
    anna, berto = (
        {"Authorization": f"Bearer {issue_token(keys, Role.DIRECTOR, name, client='ponte-dashboard')}"}
        for name in ("anna", "berto")
    )
    pages = await calling(app, role=None)
    statuses = [(await pages.get("/v1/trips", headers=anna)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await pages.get("/v1/trips", headers=berto)).status_code == 200


async def test_probes_are_never_turned_away_and_guessing_is(folder: Path, calling: Caller) -> None:
    app: FastAPI = sample.build(sample.settings(folder, rate_limit=3))
    stranger = await calling(app, role=None)
    statuses = [(await stranger.get("/v1/trips")).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert [(await stranger.get("/status")).status_code for _ in range(5)] == [200] * 5
    assert (await stranger.get("/openapi.json")).status_code == 429
    known = await calling(app, role=Role.AUDITOR)
    assert (await known.get("/v1/trips")).status_code == 200, "a known client has a bucket of its own"


async def test_a_body_has_a_limit_declared_or_not(folder: Path, calling: Caller) -> None:
    app: FastAPI = sample.build(sample.settings(folder, max_body_bytes=2000))
    director: httpx.AsyncClient = await calling(app, **{"Content-Type": "application/json"})

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100

    for content in (b"x" * 2001, pieces()):
        answer = await director.post("/v1/trips", content=content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        found = answer.json()
        assert (found["code"], found["field"]) == ("body-too-large", "body")
        assert "2000" in found["detail"]
    assert (await director.post("/v1/trips", json=sample.TRIP)).status_code == 201


async def test_every_answer_has_the_same_headers(director: httpx.AsyncClient) -> None:
    for path in ("/v1/trips", "/v1/nothing", "/status", "/v1/trips/failures/bug"):
        headers = (await director.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["vary"] == "Accept-Language"
        assert headers["cache-control"] == "no-store"
        assert int(headers["x-ratelimit-remaining"]) >= 0


async def test_a_request_id_is_kept_or_made(director: httpx.AsyncClient) -> None:
    kept = await director.get("/v1/trips", headers={"X-Request-ID": "gateway-0001"})
    assert kept.headers["x-request-id"] == "gateway-0001"
    for bad in ("x", "a\tb long enough", "x" * 81):
        made = await director.get("/v1/trips", headers={"X-Request-ID": bad})
        assert made.headers["x-request-id"] != bad
