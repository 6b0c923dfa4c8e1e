"""Changes, refusals and readings in one order: each row on exactly one page."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.agenda import MissionScheduled
from shared.domain.errors import ImpossibleValue
from shared.store import JOURNAL, close, connect, prepare
from shared.store.audit_rows import Wanted
from shared.store.changed import Changed
from shared.store.driver import Database, Document
from shared.store.events import GENESIS, store_event
from shared.store.trail import AUDIT_ENTRIES, Chain, Entry, Kind, prepare_trail
from shared.testing.builders import NOON, a_command, a_mission
from shared.web.audit_items import AuditItem, AuditKind, of_event
from shared.web.audit_trail import AuditTrail, Search


@pytest.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    client = connect(mongodb_uri)
    made = client[database_name("agenda")]
    await prepare(made, ["missions"])
    await prepare_trail(made)
    yield made
    await close(client)


OTHERS = (
    "WyJ0IiwicyIsMSwxMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDBd",  # more than MongoDB can store
    "WyJ0IiwicyIsLTEsMV0",
    "WyJcdWQ4MDAiLCJ4Il0",  # half a character
)


def trail(database: Database) -> AuditTrail:
    return AuditTrail(database, "agenda", ["missions"], {"missions": {"state.reserved": True}})


def change(sequence: int, second: int, **more: Any) -> Document:
    return store_event(
        MissionScheduled(mission=a_mission()),
        a_command(at=NOON + timedelta(seconds=second)),
        subject="mission-1",
        epoch=1,
        sequence=sequence,
        version=sequence,
        previous=GENESIS,
        previous_epoch=0,
        **more,
    )


def entry(kind: Kind, second: int) -> Entry:
    return Entry(
        kind=kind,
        origin="10.0.0.7",
        action="agenda.read-reserved",
        route="/v1/missions/{mission_id}",
        method="GET",
        reason="reserved" if kind is Kind.READING else "forbidden",
        status=200 if kind is Kind.READING else 403,
        actor="officer-1",
        client="ponte-dashboard",
        subject="mission-1",
        at=NOON + timedelta(seconds=second),
    )


async def rows_by_pages(database: Database, search: Search, size: int) -> list[AuditItem]:
    found: list[AuditItem] = []
    async for items in trail(database).pages(search, size=size):
        assert len(items) <= size
        found += items
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(AuditKind), st.integers(0, 2)), max_size=16),
    st.sampled_from([None, *AuditKind]),
    st.integers(1, 6),
)
async def test_every_row_is_on_one_page(
    database: Database, happened: list[tuple[AuditKind, int]], kind: AuditKind | None, size: int
) -> None:
    for name in (JOURNAL, AUDIT_ENTRIES):
        await database[name].delete_many({})
    chain, right = Chain("ab12"), []
    for number, (each, second) in enumerate(happened, start=1):
        if each is AuditKind.CHANGE:
            stored = change(number, second)
            await database[JOURNAL].insert_one(dict(stored))
        else:
            stored = chain.link(entry(Kind(each), second))
            await database[AUDIT_ENTRIES].insert_one(dict(stored))
        if kind in (None, each):
            right.append(stored["_id"])
    found = await rows_by_pages(database, Search(Wanted(), kind), size)
    assert sorted(item.id for item in found) == sorted(right)
    assert [item.at for item in found] == sorted((item.at for item in found), reverse=True)
    assert [item.id for item in found] == [
        item.id for item in await rows_by_pages(database, Search(Wanted(), kind), 100)
    ]


async def test_each_kind_tells_what_it_has(database: Database) -> None:
    await database[JOURNAL].insert_one(change(1, 0, changed=[Changed("title", "A", "B")]))
    chain = Chain()
    for kind in (Kind.REFUSAL, Kind.READING):
        await database[AUDIT_ENTRIES].insert_one(chain.link(entry(kind, 1)))
    told = {item.kind: item for item in await rows_by_pages(database, Search(Wanted()), 10)}
    changed, refused = told[AuditKind.CHANGE], told[AuditKind.REFUSAL]
    assert (changed.type, changed.command, changed.version) == (MissionScheduled.TYPE, "test", 1)
    [field] = changed.changes
    assert (field.field, field.before, field.after) == ("title", "A", "B")
    assert (changed.status, changed.route) == (None, None)
    assert (refused.reason, refused.status, refused.origin) == ("forbidden", 403, "10.0.0.7")
    assert (refused.changes, refused.command, refused.sequence) == ([], None, None)
    assert told[AuditKind.READING].action == "agenda.read-reserved"
    by_command = await rows_by_pages(database, Search(Wanted(command="test")), 10)
    assert [item.kind for item in by_command] == [AuditKind.CHANGE], "others have no command"


async def test_what_was_erased_stays_a_row(database: Database) -> None:
    stored = Chain().link(entry(Kind.READING, 0))
    await database[AUDIT_ENTRIES].insert_one({**stored, "people": []})
    [told] = await rows_by_pages(database, Search(Wanted()), 10)
    assert (told.actor, told.origin) == ("[…]", "[…]")


def test_the_reason_is_the_one_that_was_given() -> None:
    assert of_event(change(1, 0), "agenda").reason is None
    private = change(1, 0, changed=[Changed("reason", None, "The host is ill"), Changed("note", None, "x")])
    assert of_event(private, "agenda").reason == "The host is ill"
    within = change(1, 0, changed=[Changed("candidacy.reason", None, "Too late")])
    assert of_event(within, "dossiers").reason == "Too late"


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "bm90aGluZw", "WzFd", "eyIkZ3QiOiAiIn0", *OTHERS])
async def test_a_made_up_cursor_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(ImpossibleValue, match="after"):
        await trail(database).page(Search(Wanted()), after=cursor, limit=10)
