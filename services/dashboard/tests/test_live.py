"""The stream on a real server: what is missing comes in order and once, then the panels, then the changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.dashboard import live
from services.dashboard.hub import PAUSE_S
from services.dashboard.render import PANELS
from services.dashboard.tests.facts import NOW, a_mission, a_picture
from services.dashboard.tests.memory import MemoryRegister, an_entry, mixed
from services.dashboard.tests.serving import COOKIE, Served, entry_numbers, serve
from shared.contracts.agenda import MissionScheduled
from shared.testing.waiting import eventually

PASSED = (datetime.now(UTC) - NOW) / timedelta(days=1)
"""Days from the facts' moment to this one: the page lives by the clock."""


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    register = MemoryRegister(a_picture())
    await register.append(*mixed(20))
    async with serve(register) as running:
        yield running


class Listener:
    """What one EventSource has received."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.ended = False

    def of(self, kind: str) -> list[tuple[str, str]]:
        return [(mark, data) for name, mark, data in self.events if name == kind]

    @property
    def numbers(self) -> list[int]:
        return [int(mark.rpartition(".")[2]) for mark, _ in self.of("entry")]

    @property
    def panels(self) -> dict[str, str]:
        return {found["panel"]: found["html"] for _, data in self.of("panel") if (found := json.loads(data))}


@asynccontextmanager
async def listening(
    served: Served, query: str = "lang=it", headers: dict[str, str] | None = None
) -> AsyncIterator[Listener]:
    listener = Listener()

    async def read() -> None:
        async with (
            httpx.AsyncClient(cookies=COOKIE, timeout=None) as client,
            client.stream("GET", f"{served.url}/live?{query}", headers=headers) as stream,
        ):
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            event: dict[str, str] = {}
            async for line in stream.aiter_lines():
                if not line and event:
                    told = (event.get("event", ""), event.get("id", ""), event.get("data", ""))
                    listener.events.append(told)
                    event = {}
                elif line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = f"{event['data']}\n{value}" if name == "data" and "data" in event else value
        listener.ended = True

    task = asyncio.create_task(read())
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_begins_with_a_beat_and_every_panel(served: Served) -> None:
    async with listening(served) as heard:
        await eventually(lambda: set(heard.panels) == {*PANELS, "since"})
        assert heard.events[0][0] == "beat"
        beat = json.loads(heard.events[0][2])
        assert (beat["epoch"], beat["number"]) == ("f1", 20)
        assert heard.numbers == [], "what was there before is on the page already"
        assert 'id="alerts"' in heard.panels["alerts"]


@pytest.mark.parametrize("how", ["header", "address", "both"])
async def test_what_was_missed_comes_in_order_and_once(served: Served, how: str) -> None:
    query = {"header": "lang=it", "address": "lang=it&after=f1.12", "both": "lang=it&after=f1.3"}[how]
    headers = {"last-event-id": "f1.12"} if how != "address" else None
    async with listening(served, query, headers) as heard:
        await eventually(lambda: heard.numbers == list(range(13, 21)))
        await served.register.append(an_entry(21), an_entry(22))
        await eventually(lambda: heard.numbers == list(range(13, 23)))
        first_panel = [kind for kind, _, _ in heard.events].index("panel")
        assert [kind for kind, _, _ in heard.events[1:first_panel]].count("entry") == 8


async def test_a_command_is_on_the_page_well_within_a_second(served: Served) -> None:
    async with listening(served) as heard:
        await eventually(lambda: "weeks" in heard.panels)
        before = len(heard.of("panel"))
        mission = a_mission("mission-new", days=PASSED + 2, title="Zagabria: visita")
        picture = served.register.picture
        served.register.picture = replace(picture, missions=(*picture.missions, mission))
        began = asyncio.get_running_loop().time()
        await served.register.append(an_entry(21, MissionScheduled(mission=mission)))
        await eventually(lambda: heard.numbers == [21], within=1, every=0.005)
        await eventually(lambda: "Zagabria" in heard.panels["weeks"], within=1, every=0.005)
        assert asyncio.get_running_loop().time() - began < 1

        def changed() -> set[str]:
            return {json.loads(data)["panel"] for _, data in heard.of("panel")[before:]}

        await eventually(lambda: {"weeks", "today", "since"} <= changed(), within=1)
        assert "agreements" not in changed(), "a panel that is the same is not sent"


async def test_many_changes_make_the_panels_new_a_few_times(served: Served) -> None:
    async with listening(served) as heard:
        await eventually(lambda: "since" in heard.panels)
        before = len(heard.of("panel"))
        for number in range(21, 121):
            mission = a_mission(f"mission-{number}", days=PASSED + 2)
            picture = served.register.picture
            served.register.picture = replace(picture, missions=(*picture.missions, mission))
            await served.register.append(an_entry(number, MissionScheduled(mission=mission)))
            await asyncio.sleep(0)
        await eventually(lambda: heard.numbers == list(range(21, 121)))
        await asyncio.sleep(3 * PAUSE_S)
        weeks = [data for _, data in heard.of("panel")[before:] if json.loads(data)["panel"] == "weeks"]
        assert 1 <= len(weeks) <= 5


async def test_every_reader_gets_its_own_language(served: Served) -> None:
    async with listening(served) as italian, listening(served, "lang=en") as english:
        await eventually(lambda: bool(italian.of("beat") and english.of("beat")))
        await served.register.append(an_entry(21))
        await eventually(lambda: italian.numbers == english.numbers == [21])
        assert "Missione in programma" in italian.of("entry")[0][1]
        assert "Mission scheduled" in english.of("entry")[0][1]


async def test_the_strip_grows_with_the_news_of_this_person(served: Served) -> None:
    served.register.visits["person-1"] = served.register.rows[14].recorded_at
    async with listening(served) as heard:
        await eventually(lambda: 'data-total="5"' in heard.panels.get("since", ""))
        await served.register.append(an_entry(21))
        await eventually(lambda: 'data-total="6"' in heard.panels["since"])


async def test_a_feed_that_was_rebuilt_makes_the_page_load_anew(served: Served) -> None:
    async with listening(served) as heard:
        await eventually(lambda: bool(heard.of("beat")))
        await served.register.begin_again("f2")
        await eventually(lambda: bool(heard.of("reload")))
        await eventually(lambda: heard.ended)
    async with listening(served, "lang=it&after=f1.3") as late:
        await eventually(lambda: [kind for kind, _, _ in late.events] == ["reload"])


async def test_who_missed_too_much_loads_anew(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_MISSING", 5)
    async with listening(served, "lang=it&after=f1.3") as heard:
        await eventually(lambda: [kind for kind, _, _ in heard.events] == ["reload"])


async def test_a_page_ahead_of_this_replica_waits(served: Served) -> None:
    async with listening(served, "lang=it&after=f1.21") as heard:
        await eventually(lambda: bool(heard.of("panel")))
        await served.register.append(an_entry(21), an_entry(22))
        await eventually(lambda: heard.numbers == [22])


async def test_beats_and_the_end_of_a_session(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.1)
    monkeypatch.setattr(live, "CHECK_S", 0.2)
    async with listening(served) as heard:
        await eventually(lambda: len(heard.of("beat")) > 3)
        assert "person-1" in served.register.visits, "an open page is a visit"
        served.doors.open = False
        await eventually(lambda: bool(heard.of("signed-out")) and heard.ended)


async def test_the_stream_needs_a_session(served: Served) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{served.url}/live", headers={"accept": "text/event-stream"})
    assert answer.status_code == 401


async def test_missing_lines_can_be_asked_for(served: Served) -> None:
    async with httpx.AsyncClient(cookies=COOKIE) as client:
        found: dict[str, Any] = (await client.get(f"{served.url}/missing?after=f1.17")).json()
        other: dict[str, Any] = (await client.get(f"{served.url}/missing?after=f0.17")).json()
        wrong = await client.get(f"{served.url}/missing?after=17")
    assert [entry["number"] for entry in found["entries"]] == [18, 19, 20]
    assert entry_numbers("".join(entry["html"] for entry in found["entries"])) == [18, 19, 20]
    assert other["reload"] is True
    assert wrong.status_code == 422


async def test_a_reader_far_behind_is_served_from_the_register() -> None:
    register = MemoryRegister()
    await register.append(*mixed(700))
    async with serve(register) as served, listening(served, "lang=it&after=f1.2") as heard:
        await eventually(lambda: heard.numbers == list(range(3, 701)))
