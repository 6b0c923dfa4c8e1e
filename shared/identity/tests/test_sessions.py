from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from starlette.requests import Request

from shared.identity import Identity, Role
from shared.identity.errors import Unauthenticated
from shared.identity.links import SignInLink
from shared.identity.sessions import CrossSite, LinkUsed, Session, Sessions, session_authenticator
from shared.store import Database, close, connect

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
WHO = Identity("8c1f", "dashboard", frozenset({Role.DIRECTOR, Role.AUDITOR}), "Anna")


@pytest_asyncio.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    client = connect(mongodb_uri)
    yield client[database_name("sessions")]
    await close(client)


@pytest_asyncio.fixture
async def sessions(database: Database) -> Sessions:
    made = Sessions(database, idle=timedelta(hours=2), absolute=timedelta(hours=12))
    await made.prepare()
    return made


async def test_a_session_keeps_its_person(sessions: Sessions) -> None:
    opened = await sessions.open(WHO, NOW)
    found = await sessions.find(opened.cookie, NOW + timedelta(minutes=5))
    assert found == opened


async def test_the_database_cannot_act_for_anybody(sessions: Sessions, database: Database) -> None:
    opened = await sessions.open(WHO, NOW)
    stored = await database["sessions"].find_one({})
    assert stored is not None
    assert opened.cookie not in str(stored)
    assert await sessions.find(stored["_id"], NOW) is None


async def test_a_session_ends_when_idle_and_lives_when_used(sessions: Sessions) -> None:
    idle = await sessions.open(WHO, NOW)
    used = await sessions.open(WHO, NOW)
    assert await sessions.find(used.cookie, NOW + timedelta(minutes=90))
    later = NOW + timedelta(minutes=150)
    assert await sessions.find(idle.cookie, later) is None
    assert await sessions.find(used.cookie, later)


async def test_a_session_ends_for_good_after_its_longest_time(sessions: Sessions) -> None:
    opened = await sessions.open(WHO, NOW)
    for hours in range(1, 12):
        assert await sessions.find(opened.cookie, NOW + timedelta(hours=hours))
    assert await sessions.find(opened.cookie, NOW + timedelta(hours=12)) is None


async def test_signing_out(sessions: Sessions) -> None:
    first, second = await sessions.open(WHO, NOW), await sessions.open(WHO, NOW)
    third = await sessions.open(WHO, NOW)
    await sessions.close(first.cookie)
    assert await sessions.find(first.cookie, NOW) is None
    assert await sessions.find(second.cookie, NOW)
    await sessions.close_all(WHO.subject)
    assert await sessions.find(third.cookie, NOW) is None


@pytest.mark.parametrize("cookie", ["", "made-up", "x" * 500, "\x00", "{}"])
async def test_made_up_cookies(sessions: Sessions, cookie: str) -> None:
    assert await sessions.find(cookie, NOW) is None


async def test_a_link_works_once_however_many_try(sessions: Sessions) -> None:
    link = SignInLink("jti-1", WHO, NOW + timedelta(minutes=15))
    tries = await asyncio.gather(*(sessions.redeem(link, NOW) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(outcome, LinkUsed) for outcome in tries) == 9
    assert next(outcome for outcome in tries if isinstance(outcome, Session)).identity == WHO


def _request(method: str, cookie: str, **headers: str) -> Request:
    told = {"cookie": f"ponte={cookie}", "host": "ponte.example", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]
    return Request({"type": "http", "method": method, "path": "/", "query_string": b"", "headers": raw})


async def test_only_pages_of_the_same_origin_act_with_the_cookie(sessions: Sessions) -> None:
    opened = await sessions.open(WHO, datetime.now(UTC))
    authenticate = session_authenticator(lambda: sessions, lambda _: "ponte")
    assert await authenticate(_request("GET", opened.cookie, sec_fetch_site="cross-site")) == WHO
    assert await authenticate(_request("POST", opened.cookie, sec_fetch_site="same-origin")) == WHO
    assert await authenticate(_request("POST", opened.cookie, origin="https://ponte.example")) == WHO
    for headers in (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ):
        with pytest.raises(CrossSite):
            await authenticate(_request("POST", opened.cookie, **headers))
    with pytest.raises(Unauthenticated):
        await authenticate(_request("POST", "made-up", origin="https://evil.example"))
