"""The trail by itself: no gap in its chain; a reading waits for its entry, a refusal for nobody."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from shared.store import Database, close, connect, trail_writer
from shared.store.driver import AutoReconnect, Document
from shared.store.errors import Unavailable
from shared.store.flood import ALL, CALLER
from shared.store.trail import AUDIT_ENTRIES, ERASED, Chain, Entry, Kind, entries
from shared.store.trail_audit import TrailAudit
from shared.store.trail_writer import Trail
from shared.testing.tampering import leaves, tampered
from shared.testing.waiting import eventually


@pytest_asyncio.fixture(loop_scope="session")
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> Any:
    client = connect(mongodb_uri)
    yield client[database_name("agenda")]
    await close(client)


def refusal(number: int = 0, **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "origin": "203.0.113.7",
        "action": "agenda.write",
        "route": "/v1/missions/{mission_id}/correct",
        "method": "POST",
        "reason": "forbidden",
        "status": 403,
        "actor": f"person-{number}",
        "client": "ponte-dashboard",
        "subject": "mission-1",
    }
    return Entry(Kind.REFUSAL, **(given | changes))


def reading(subject: str = "mission-1") -> Entry:
    return Entry(
        Kind.READING,
        "203.0.113.8",
        "agenda.read-reserved",
        "/v1/missions/{mission_id}",
        "GET",
        "reserved",
        200,
        actor="director-1",
        client="ponte-dashboard",
        subject=subject,
    )


async def stored(database: Database) -> list[Document]:
    """All entries, seen to be one whole chain."""
    rows = await database[AUDIT_ENTRIES].find({}).sort([("chain", 1), ("number", 1)]).to_list()
    assert len({row["chain"] for row in rows}) <= 1
    audit = TrailAudit()
    assert [fault for row in rows for fault in audit.add(row)] == []
    return rows


def suppressed(why: str) -> float:
    return REGISTRY.get_sample_value("ponte_audit_suppressed_total", {"why": why}) or 0


async def test_readings_are_there_when_they_return_and_share_writes(database: Database) -> None:
    trail = Trail()
    await trail.open(database)
    connection = trail._entries = Away(trail._entries)  # type: ignore[assignment]
    await asyncio.gather(*(trail.record([reading(f"mission-{n}")]) for n in range(200)))
    assert len(await stored(database)) == 200
    assert connection.writes <= 2
    trail.note(refusal())
    await trail.stop()
    rows = await stored(database)
    assert (rows[-1]["kind"], rows[-1]["number"], rows[-1]["status"]) == ("refusal", 201, 403)


async def test_who_and_where_from_lie_apart_and_can_be_erased(database: Database) -> None:
    trail = Trail()
    await trail.open(database)
    trail.note(refusal(7, on_behalf_of="delegate-1"))
    principal = "0b8f7a52-3c1e-4d2a-9f6b-7e5d4c3b2a10"
    trail.note(refusal(8, actor="program-1", client="program-1", subject=principal))
    await trail.stop()
    first, second = await stored(database)
    hashed = [{**row, "people": None} for row in (first, second)]
    for word in ("person-7", "delegate-1", "203.0.113.7", "program-1", principal):
        assert word not in str(hashed)
        assert word in str([first, second])
    assert (first["subject"], first["client"]) == ("mission-1", "ponte-dashboard")
    [found] = await entries(database, {"actor": "person-7", "kind": "refusal"})
    assert (found["actor"], found["origin"]) == ("person-7", "203.0.113.7")
    await database[AUDIT_ENTRIES].update_many({}, {"$set": {"people": []}})
    await stored(database)
    assert {row["actor"] for row in await entries(database, {})} == {ERASED}
    assert await entries(database, {"actor": "person-7"}) == []


async def test_they_are_read_newest_first_page_by_page(database: Database) -> None:
    trail = Trail()
    await trail.open(database)
    for number in range(7):
        await trail.record([reading(f"mission-{number}")])
    await trail.stop()
    seen: list[str] = []
    before = None
    while page := await entries(database, {"client": "ponte-dashboard"}, before=before, limit=3):
        seen += [row["subject"] for row in page]
        before = (page[-1]["at"], page[-1]["_id"])
    assert seen == [f"mission-{number}" for number in range(6, -1, -1)]
    assert await entries(database, {"subject": "mission-3", "until": page[0]["at"] if page else "2000"}) == []
    [one] = await entries(database, {"subject": "mission-3", "since": "2000"})
    assert one["kind"] == "reading"


async def test_a_flood_is_counted_and_told_of_in_one_entry(database: Database) -> None:
    trail = Trail()
    await trail.open(database)
    before = suppressed("flood")
    for _ in range(CALLER + 50):
        trail.note(refusal(1))
    trail.note(refusal(2))
    for number in range(ALL + 30):
        trail.note(refusal(actor=None, client=None, origin=f"203.0.113.{number}"))
    trail.note(refusal(3))
    assert suppressed("flood") - before == 80
    await trail.stop()
    rows = await stored(database)
    assert len(rows) == CALLER + 1 + ALL + 1 + 1
    assert (rows[-1]["reason"], rows[-1]["status"], rows[-1]["origin"]) == ("flood-80", None, None)


async def test_what_was_refused_before_the_database_was_there_is_stored_then(database: Database) -> None:
    trail = Trail()
    trail.note(refusal())
    with pytest.raises(Unavailable):
        await trail.record([reading()])
    await trail.open(database)

    async def there() -> bool:
        return len(await stored(database)) == 1

    await eventually(there)
    await trail.stop()
    with pytest.raises(Unavailable):
        await trail.record([reading()])


@pytest.mark.parametrize(
    "where",
    [{}, {"actor": "person-3"}, {"subject": "mission-1"}, {"kind": "refusal", "origin": "203.0.113.7"}],
)
async def test_a_page_costs_what_it_shows(database: Database, where: dict[str, str]) -> None:
    """However long the trail is: the index gives the page in its order."""
    trail = Trail()
    await trail.open(database)
    for number in range(90):
        trail.note(refusal(number % 9))
    await trail.stop()
    first = await entries(database, where, limit=5)
    before = (first[-1]["at"], first[-1]["_id"])
    await database.command({"profile": 2})
    assert await entries(database, where, before=before, limit=5)
    await database.command({"profile": 0})
    told = {"ns": f"{database.name}.{AUDIT_ENTRIES}", "op": "query"}
    [asked] = await database["system.profile"].find(told).to_list()
    assert asked["docsExamined"] <= 10
    assert not asked.get("hasSortStage")


class Away:
    """A connection that breaks, before a write or behind it, as long as `breaks` says."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self.breaks: str | None = None
        self.writes = 0

    async def insert_many(self, documents: list[Document], ordered: bool) -> None:
        self.writes += 1
        if self.breaks == "before":
            raise AutoReconnect("away")
        if self.breaks == "silent":
            await asyncio.Event().wait()
        await self._collection.insert_many(
            documents if self.breaks is None else documents[:2], ordered=ordered
        )
        if self.breaks == "behind":
            raise AutoReconnect("away")


@pytest.mark.parametrize("where", ["before", "behind"])
async def test_a_write_of_unknown_fate_leaves_neither_gap_nor_double(database: Database, where: str) -> None:
    trail = Trail()
    await trail.open(database)
    connection = Away(trail._entries)
    trail._entries = connection  # type: ignore[assignment]
    await trail.record([reading("mission-1")])
    connection.breaks = where
    trail.note(refusal(1))
    with pytest.raises(Unavailable):
        await trail.record([reading("mission-2"), reading("mission-3")])
    trail.note(refusal(2))
    with pytest.raises(Unavailable):
        await trail.record([reading("mission-4")])
    connection.breaks = None
    await trail.record([reading("mission-5")])
    await trail.stop()
    rows = await stored(database)
    subjects = [row["subject"] for row in rows if row["kind"] == "reading"]
    assert subjects[0] == "mission-1"
    assert subjects[-1] == "mission-5"
    assert len(set(subjects)) == len(subjects)
    assert len(rows) - len(subjects) == 2


async def test_a_stop_waits_for_no_silent_database_and_counts_what_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_writer, "STOP_S", 0.1)
    trail = Trail()
    await trail.open(database)
    connection = trail._entries = Away(trail._entries)  # type: ignore[assignment]
    connection.breaks = "silent"
    before = suppressed("lost")
    for number in range(3):
        trail.note(refusal(number))
    await trail.stop()
    assert suppressed("lost") - before == 3
    assert await stored(database) == []


def test_any_part_of_an_entry_that_is_altered_is_found() -> None:
    chain = Chain("chain-1")
    made = [chain.link(entry) for entry in (refusal(1), reading(), refusal(2))]
    for place in range(3):
        for path in leaves(made[place]):
            rows = [*made[:place], tampered(made[place], path, 0), *made[place + 1 :]]
            audit = TrailAudit()
            assert [fault for row in rows for fault in audit.add(row)], path
    for rows in (made[1:], [made[0], made[2]]):
        audit = TrailAudit()
        faults = [fault for row in rows for fault in audit.add(row)]
        assert faults[0].endswith("entries are missing")
