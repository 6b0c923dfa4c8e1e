"""`ponte rebuild` on a running dashboard."""

import asyncio

import pytest

from services.dashboard.tests.commanding import MISSIONS, Running, stopped_at_once
from services.dashboard.tests.rebuilding import feed_of
from shared.cli import rebuild, stopping
from shared.messaging import pages
from shared.testing.waiting import eventually


def test_a_rebuild_is_shown_to_its_end(city: Running) -> None:
    answer = city.ponte("rebuild", "dashboard")
    assert answer.status == 0, answer.text
    assert "generation 2 is to be built beside 1" in answer.text
    assert f"generation 2 is live; {3 * MISSIONS} events" in answer.text
    assert len(city.do(feed_of(city.dashboard.database, ".g2"))) == 3 * MISSIONS
    assert "generation 3 is live" in city.ponte("rebuild", "dashboard").text


@pytest.mark.parametrize(
    ("service", "says"),
    [
        ("nobody", "'nobody'"),
        ("agreements", "agreements has no views"),
        ("networks", "networks reads nothing of others, or has never run here"),
    ],
)
def test_a_rebuild_that_makes_no_sense_is_refused(city: Running, service: str, says: str) -> None:
    answer = city.ponte("rebuild", service)
    assert answer.status == 1
    assert says in answer.text


def test_a_rebuild_waits_for_a_service_that_is_not_running(
    city: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "STARTS_WITHIN_S", 1.0)
    city.stop_services()
    for _ in range(2):
        answer = city.ponte("rebuild", "dashboard")
        assert answer.status == 1
        assert "dashboard is not running" in answer.text
        assert "generation 2 is built once it does" in answer.text


def test_an_owner_that_is_away_is_named(city: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "ANSWERS_WITHIN_S", 1.0)
    monkeypatch.setattr(pages, "AGAIN_S", 1.0)
    city.do(city.owner.stack.aclose())

    async def comes_back() -> None:
        await asyncio.sleep(4)
        await city.city.owner()

    back = asyncio.run_coroutine_threadsafe(comes_back(), city.loop)
    answer = city.ponte("rebuild", "dashboard")
    back.result(30)
    assert answer.status == 0, answer.text
    assert answer.text.count("ponte.agenda: its owner does not answer; the rebuild waits for it") == 1


def test_watching_a_rebuild_can_be_stopped(city: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "stop_asked", stopped_at_once)
    answer = city.ponte("rebuild", "dashboard")
    assert answer.status == stopping.INTERRUPTED
    assert "dashboard goes on" in answer.text

    async def live() -> None:
        assert (await city.dashboard.live())["live"] == 2

    city.do(eventually(live, within=30))
