from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from shared.identity import Role
from shared.identity.local import LocalKeys, issue_token
from shared.store.command import Command
from shared.web.tests import sample

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def _command(client: httpx.AsyncClient, **headers: str) -> Command:
    sample.seen.clear()
    answer = await client.post("/v1/trips", json=sample.TRIP, headers=headers)
    assert answer.status_code == 201, answer.text
    return sample.seen[0]


async def test_the_context_comes_from_the_request_and_the_caller(director: httpx.AsyncClient) -> None:
    found = await _command(
        director,
        **{"Idempotency-Key": "k-1", "If-Match": '"12"', "X-Correlation-ID": "desk:7", "traceparent": TRACE},
    )
    assert (found.name, found.client, found.actor) == (
        "plan-trip",
        "ponte-cli/local-director",
        "local-director",
    )
    assert (found.key, found.expected_version) == ("k-1", 12)
    assert (found.correlation_id, found.traceparent) == ("desk:7", TRACE)
    assert timedelta() <= datetime.now(UTC) - found.at < timedelta(seconds=30)
    assert found.source is None
    assert (found.on_behalf_of, found.origin) == (None, "127.0.0.1")


@pytest.mark.parametrize(
    ("client", "subject", "sender"),
    [
        ("ponte-dashboard", "8c1f", "ponte-dashboard/8c1f"),
        ("a/b", "c", "a%2Fb/c"),
        ("a", "b/c", "a/b/c"),
        ("calendar", "calendar", "calendar"),
        ("desk 1", "anna", "desk%201/anna"),
    ],
)
async def test_a_key_belongs_to_a_person_and_a_program(
    app: FastAPI, keys: LocalKeys, client: str, subject: str, sender: str
) -> None:
    token = issue_token(keys, Role.DIRECTOR, subject, client=client)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as caller:
        caller.headers["Authorization"] = f"Bearer {token}"
        found = await _command(caller)
    assert (found.client, found.actor) == (sender, subject)


async def test_without_headers(director: httpx.AsyncClient) -> None:
    found = await _command(director, traceparent="not a trace")
    assert (found.key, found.expected_version, found.traceparent) == (None, None, None)
    assert str(UUID(found.correlation_id)) == found.correlation_id
    assert (await _command(director, **{"If-Match": "3"})).expected_version == 3


async def test_the_fingerprint_tells_requests_apart(director: httpx.AsyncClient) -> None:
    first, again = await _command(director), await _command(director)
    assert first.fingerprint == again.fingerprint
    sample.seen.clear()
    for url, body in (
        ("/v1/trips", {**sample.TRIP, "people": 4}),
        ("/v1/trips?x=1", sample.TRIP),
    ):
        await director.post(url, json=body)
    assert len({first.fingerprint, *(found.fingerprint for found in sample.seen)}) == 3


async def test_an_answer_carries_the_place_and_the_version(director: httpx.AsyncClient) -> None:
    answer = await director.post("/v1/trips", json=sample.TRIP)
    assert answer.json() == {
        "subject": "trip-3",
        "epoch": 1,
        "sequence": 7,
        "version": 3,
        "replayed": False,
        "changed": True,
    }
    assert answer.headers["etag"] == '"3"'
    assert answer.headers["cache-control"] == "no-store"
