"""What becomes of a session that a provider gave: renewed, withdrawn, ended from behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.dashboard.tests.other_provider import other_provider
from services.dashboard.tests.signing_on import Doors, counted, doors
from shared.store import Database

RENEWALS, LOGOUTS = "ponte_session_renewals_total", "ponte_back_channel_logouts_total"


@pytest.fixture
async def here(database: Database) -> AsyncIterator[Doors]:
    async with other_provider() as provider, doors(provider, database) as opened:
        await opened.sign_in()
        opened.provider.asked.clear()
        yield opened


async def test_a_session_is_renewed_at_use_and_by_one_request(here: Doors) -> None:
    assert await here.signed_in()
    assert here.provider.asked == [], "not before it is due"
    for _ in range(3):
        await here.make_due()
        outcomes = await asyncio.gather(*(here.signed_in() for _ in range(6)))
        assert all(outcomes)
    assert here.provider.asked == ["refresh_token"] * 3, "each time with the newest refresh token, once"


async def test_a_group_that_was_withdrawn_is_lost_at_the_renewal(here: Doors) -> None:
    here.provider.groups = []
    assert await here.signed_in()
    await here.make_due()
    assert (await here.browser.get("/")).status_code == 403


async def test_a_person_whom_the_provider_locked_out_is_signed_out(here: Doors) -> None:
    here.provider.ended = True
    await here.make_due()
    assert (await here.browser.get("/")).status_code == 401
    assert await here.database["sessions"].count_documents({}) == 0


@pytest.mark.parametrize("claims", [{"sub": "somebody-else"}, {"aud": "another-client"}])
async def test_a_renewal_for_somebody_else_ends_the_session(here: Doors, claims: dict[str, Any]) -> None:
    here.provider.claims = claims
    await here.make_due()
    assert (await here.browser.get("/")).status_code == 401


async def test_while_the_provider_is_away_nobody_is_signed_out(database: Database) -> None:
    async with other_provider() as provider:
        opened = doors(provider, database)
        here = await opened.__aenter__()
        await here.sign_in()
    before = counted("unavailable", RENEWALS)
    await here.make_due()
    assert await here.signed_in()
    assert await here.signed_in(), "and it is not asked again at every request"
    assert counted("unavailable", RENEWALS) == before + 1
    refused = await here.browser.get("/sign-in/callback?code=x&state=y")
    assert refused.status_code == 401
    await opened.__aexit__(None, None, None)


async def test_a_logout_token_ends_the_session_at_once_and_works_once(here: Doors) -> None:
    token = here.provider.logout_token(sub=None)
    answer = await here.log_out(token)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert not await here.signed_in()
    await here.sign_in()
    before = counted("replayed", LOGOUTS)
    assert (await here.log_out(token)).status_code == 400
    assert counted("replayed", LOGOUTS) == before + 1
    assert await here.signed_in()


async def test_without_a_session_id_all_sessions_of_the_person_end(here: Doors) -> None:
    async with here.another_browser() as other:
        mine, here.browser = here.browser, other
        here.provider.claims = {"sid": "another-session"}
        await here.sign_in()
        here.provider.claims = {}
        here.browser = mine
        assert (await here.log_out(here.provider.logout_token(sub="nobody-here"))).status_code == 200
        assert not await here.signed_in()
        assert await here.signed_in(other), "the session id alone counts where there is one"
        assert (await here.log_out(here.provider.logout_token(sid=None))).status_code == 200
        assert not await here.signed_in(other)


async def test_a_logout_for_nobody_known_is_accepted(here: Doors) -> None:
    assert (await here.log_out(here.provider.logout_token(sid="of-another-program"))).status_code == 200
    assert await here.signed_in()


BENT: dict[str, tuple[dict[str, Any], str]] = {
    "an ID token": ({"events": None}, "token"),
    "another event": ({"events": {"http://elsewhere.example": {}}}, "events"),
    "an event that is no object": (
        {"events": {"http://schemas.openid.net/event/backchannel-logout": True}},
        "events",
    ),
    "events that are no object": ({"events": ["a"]}, "events"),
    "a nonce": ({"nonce": "n"}, "nonce"),
    "for nobody": ({"sub": None, "sid": None}, "subject"),
    "without an id": ({"jti": None}, "token"),
    "with an odd id": ({"jti": ["x"]}, "token|subject"),
    "expired": ({"exp": timedelta(hours=-1)}, "token"),
    "without an end": ({"exp": None}, "token"),
    "for another program": ({"aud": "another-client"}, "token"),
    "of another issuer": ({"iss": "https://elsewhere.example"}, "token"),
}


@pytest.mark.parametrize(("changes", "why"), BENT.values(), ids=BENT)
async def test_a_bent_logout_token_ends_nothing(here: Doors, changes: dict[str, Any], why: str) -> None:
    before = sum(counted(each, LOGOUTS) for each in why.split("|"))
    refused = await here.log_out(here.provider.logout_token(**changes))
    assert refused.status_code == 400
    assert "eyJ" not in refused.text
    assert sum(counted(each, LOGOUTS) for each in why.split("|")) == before + 1
    assert await here.signed_in()


@pytest.mark.parametrize("body", [{}, {"logout_token": ""}, {"logout_token": "nonsense"}, {"other": "x"}])
async def test_what_is_no_logout_token_is_refused(here: Doors, body: dict[str, str]) -> None:
    assert (await here.browser.post("/back-channel-logout", data=body)).status_code == 400
    assert (await here.browser.get("/back-channel-logout")).status_code == 405
    assert await here.signed_in()


async def test_a_session_takes_no_command_from_another_site(here: Doors) -> None:
    refused = await here.browser.post("/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403
    assert await here.signed_in()


async def test_idle_and_longest_time_are_settings(database: Database) -> None:
    async with (
        other_provider() as provider,
        doors(provider, database, session_idle_minutes=30, session_hours=0.25) as here,
    ):
        await here.sign_in()
        kept = await here.database["sessions"].find_one({})
        assert kept is not None
        assert kept["end"] - kept["seen"] == timedelta(minutes=15)
        assert kept["until"] == kept["end"], "idle never reaches beyond the longest time"
