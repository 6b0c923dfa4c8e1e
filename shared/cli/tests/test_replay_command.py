"""`ponte replay` with a real owner and a real reader, on a real MongoDB and a real Kafka."""

import asyncio
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.cli import cursor, replaying
from shared.cli.tests.commands import Installation
from shared.messaging.letters import REPLAY
from shared.messaging.republish import PAGE_TYPE, kind_of
from shared.messaging.tests.test_flow import Flow, Seen, Where, store
from shared.store import Repository
from shared.testing.builders import NOON
from shared.testing.waiting import eventually

SUBJECTS = 12
REPLAY_TOPIC = "ponte.replay.agreements"


class City:
    """An agenda that owns missions and an agreements service that reads them, running in a thread."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.seen = Seen()
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self, *, events: int = 2) -> None:
        self._thread.start()
        self.do(self._start(events))

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _start(self, events: int) -> None:
        at = self.installation
        where = Where(at.kafka, at.mongodb, f"{at.prefix}_", f"{at.prefix}.")
        self.flow = Flow(where, self._stack)
        _, self.missions = await self.flow.owner()
        await self.flow.reader("agreements", projection=self.seen)
        for _ in range(events):
            await asyncio.gather(*(self._store(number) for number in range(SUBJECTS)))
        await eventually(lambda: len(set(self.seen.events)) == SUBJECTS * events, within=30)

    async def _store(self, number: int) -> None:
        missions: Repository[Any] = self.missions
        await store(missions, f"mission-{number:02}")

    def stop(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def offsets(self) -> dict[Any, int]:
        """What the reader has committed of the owner's live topic."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.installation.kafka)
        await admin.start()
        try:
            told = await admin.list_consumer_group_offsets(f"{self.installation.prefix}_agreements")
        finally:
            await admin.close()
        return {p: found.offset for p, found in told.items() if p.topic.endswith("ponte.agenda")}

    def replayed(self) -> list[str]:
        """The subjects of the events that were sent again, and markers as ``page``."""
        found = self.installation.messages(REPLAY_TOPIC)
        return sorted(
            "page" if kind_of(record) == PAGE_TYPE else dict(record.headers)["ce_subject"].decode()
            for record in found
            if kind_of(record) == PAGE_TYPE or REPLAY in dict(record.headers)
        )


@pytest.fixture
def city(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], tmp_path: Path
) -> Iterator[City]:
    prefix = database_name("").removesuffix("_")
    made = City(Installation(kafka_bootstrap, mongodb_uri, prefix, str(tmp_path)))
    made.start()
    yield made
    made.stop()


async def all_committed(city: City) -> dict[Any, int]:
    offsets = await city.offsets()
    assert sum(offsets.values()) == 2 * SUBJECTS
    return offsets


def subjects(count: int = SUBJECTS, times: int = 2) -> list[str]:
    return sorted(f"mission-{number:02}" for number in range(count) for _ in range(times))


def test_everything_is_sent_again_page_by_page_and_offsets_stay(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PAGE_EVENTS", 5)
    before = city.do(eventually(lambda: all_committed(city)))
    answer = city.installation.ponte("replay", "--service", "agreements")
    assert answer.status == 0, answer.text
    assert "24 events sent to agreements" in answer.text
    assert "agreements has read all of it" in answer.text
    assert [name for name in city.replayed() if name != "page"] == subjects()
    assert city.replayed().count("page") == 5
    assert city.do(city.offsets()) == before
    assert set(city.seen.events) == {(f"mission-{n:02}", s) for n in range(SUBJECTS) for s in (1, 2)}


def test_bounds_choose(city: City) -> None:
    one = city.installation.ponte("replay", "--service", "agreements", "--subject", "mission-03")
    assert "2 events sent" in one.text
    assert [name for name in city.replayed() if name != "page"] == ["mission-03", "mission-03"]
    later = city.installation.ponte(
        "replay", "--service", "agreements", "--since", NOON.isoformat(), "--topic", "ponte.agenda"
    )
    assert "24 events sent" in later.text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--service", "nobody"], "--service is 'nobody'"),
        (["--service", "agreements", "--since", "2026-11-02", "--until", "2026-11-01"], "nothing lies"),
        (["--service", "agreements", "--since", "2999-01-01"], "in the future"),
        (["--service", "agreements", "--until", "1999-01-01"], "nothing was sent"),
        (["--service", "agreements", "--subject", "mission-99"], "nothing was sent"),
        (["--service", "agreements", "--topic", "ponte.dossiers"], "--topic is 'ponte.dossiers'"),
        (["--service", "dashboard"], "Kafka has no topic"),
    ],
)
def test_impossible_bounds_say_so_and_send_nothing(city: City, arguments: list[str], says: str) -> None:
    answer = city.installation.ponte("replay", *arguments)
    assert answer.status != 0
    assert says in answer.text
    assert [name for name in city.replayed() if name != "page"] == []


def test_ctrl_c_stops_after_the_page_and_the_same_command_goes_on(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PAGE_EVENTS", 5)
    save = cursor.Cursors.save
    saved = 0

    def saving(cursors: Any, *arguments: Any) -> None:
        nonlocal saved
        save(cursors, *arguments)
        saved += 1
        if saved == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(cursor.Cursors, "save", saving)
    stopped = city.installation.ponte("replay", "--service", "agreements")
    found = re.search(r"stopped after (\d+) events", stopped.text)
    assert found is not None, stopped.text
    sent = int(found[1])
    assert stopped.status == 130
    # The page that was asked for when the signal came is waited for.
    assert sent in {10, 15}
    assert len([name for name in city.replayed() if name != "page"]) == sent
    goes_on = city.installation.ponte("replay", "--service", "agreements")
    assert goes_on.status == 0, goes_on.text
    assert f"{sent} events were sent before" in goes_on.text
    assert "24 events sent" in goes_on.text
    assert [name for name in city.replayed() if name != "page"] == subjects()
    # It is over: the same command begins anew.
    assert not list(Path(city.installation.state).rglob("*.json"))


def test_an_owner_that_does_not_answer_is_named(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.cli import pages

    monkeypatch.setattr(pages, "ASK_AGAIN_S", 1.0)
    monkeypatch.setattr(pages, "TRIES", 2)
    monkeypatch.setattr("shared.messaging.answers.Answers.ask", lambda *_: None)
    answer = city.installation.ponte("replay", "--service", "agreements")
    assert answer.status == 1
    assert "agenda, which owns ponte.agenda, does not answer" in answer.text


def test_a_cursor_file_that_cannot_be_read_means_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.cli.cursor import Cursor, Cursors, folder

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = Cursors("agreements", None)
    kept.save({"ponte.agenda": Cursor(after=("m", 1, 2), done=3)})
    assert kept.load() == {"ponte.agenda": Cursor(after=("m", 1, 2), done=3)}
    assert Cursors("agreements", "other").load() == {}
    [file] = folder().iterdir()
    for broken in ("", "[]", '{"t": 1}', json.dumps({"t": {"after": None, "unknown": 1}})):
        file.write_text(broken)
        assert kept.load() == {}
    kept.forget()
    kept.forget()
