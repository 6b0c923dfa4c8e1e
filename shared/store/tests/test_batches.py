"""Commands that share round trips, on a real mongod, with both drivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.agenda import Mission
from shared.domain import Change
from shared.store import JOURNAL, Repository, close, connect, prepare
from shared.store import document as document_module
from shared.store.batches import Batches
from shared.store.command import Command
from shared.store.document import Draft, Snapshot, answer_path
from shared.store.driver import Database
from shared.store.errors import Full, KeyReused, TooLarge
from shared.store.events import verify_chain
from shared.store.tests.offers import Offers
from shared.testing.builders import NOON, a_command, a_mission, scheduled
from shared.testing.waiting import eventually


@pytest.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Database]:
    client = connect(mongodb_uri, request.param)
    made = client[database_name("agenda")]
    await prepare(made, ["missions"])
    yield made
    await close(client)


def missions_of(database: Database, relay: Offers | None = None) -> Repository[Mission]:
    """One process's view of the missions."""
    return Repository(
        database["missions"], database[JOURNAL], Mission, epoch=1, relay=relay, what="mission_id"
    )


def to(title: str) -> Callable[[Mission | None], Change[Mission]]:
    return lambda _: scheduled(a_mission(title=title))


async def draft(batches: Batches, subject: str, title: str, command: Command) -> Draft:
    snapshot = Snapshot(await batches.load(subject, answer_path(command)), subject)
    return snapshot.draft(to(title)(None), command, epoch=1, relay=None)


async def test_a_mismatch_in_a_bulk_does_not_touch_its_neighbours(database: Database) -> None:
    missions = missions_of(database)
    for subject in "abd":
        await missions.put(subject, a_command(), to("old"))
    batches = Batches(missions.collection)
    drafts = [await draft(batches, subject, "new", a_command(key=subject)) for subject in "abcde"]
    await missions.put("b", a_command(), to("quicker"))
    await missions.put("c", a_command(), to("quicker"))
    await missions.collection.delete_one({"_id": "d"})
    outcomes = await asyncio.gather(*(batches.save(each) for each in drafts))
    assert outcomes == [True, False, False, False, True]
    rows = await missions.collection.find({}).sort("_id", 1).to_list()
    assert [(row["_id"], row["version"], row["state"]["title"]) for row in rows] == [
        ("a", 2, "new"),
        ("b", 2, "quicker"),
        ("c", 1, "quicker"),
        ("e", 1, "new"),
    ]


async def test_what_is_too_large_fails_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    missions = missions_of(database)
    for subject in "ab":
        await missions.put(subject, a_command(), to("old"))
    filler = [{"_id": f"a/0/{n}", "time": "", "x": "x" * 1024 * 1024} for n in range(15)]

    async def filled() -> None:
        await missions.collection.update_one({"_id": "a"}, {"$set": {"outbox": filler}})

    # The server's cache is small: with what earlier tests left to be written it may refuse that much.
    await eventually(filled, within=60)
    long = "x" * 400_000
    monkeypatch.setattr(document_module, "MAX_EVENT_BYTES", 1_000_000)
    one = scheduled(a_mission().model_copy(update={"title": long}))
    four = one.then(one).then(one).then(one)
    full, fine, refused = await asyncio.gather(
        missions.put("a", a_command(), lambda _: four),
        missions.put("b", a_command(), to("new")),
        missions.put("c", a_command(), lambda _: four.then(four).then(four)),
        return_exceptions=True,
    )
    assert isinstance(full, Full)
    assert isinstance(refused, TooLarge)
    assert not isinstance(fine, BaseException)
    assert fine.version == 2


async def test_a_text_that_cannot_be_sent_fails_alone(database: Database) -> None:
    missions = missions_of(database)
    bad, good = await asyncio.gather(
        missions.put("\ud800", a_command(), to("x")),
        missions.put("a", a_command(), to("x")),
        return_exceptions=True,
    )
    assert isinstance(bad, UnicodeEncodeError)
    assert not isinstance(good, BaseException)


async def test_a_load_brings_only_the_asked_answers(database: Database) -> None:
    missions = missions_of(database)
    for number in range(3):
        await missions.put("a", a_command(key=f"key-{number}", fingerprint="x"), to(str(number)))
    batches = Batches(missions.collection)
    paths = [answer_path(a_command(key=f"key-{number}")) for number in (0, 2, 7)]
    rows = await asyncio.gather(*(batches.load("a", path) for path in paths), batches.load("z", None))
    assert rows[3] is None
    assert rows[0] is not None
    assert len(rows[0]["commands"]) == 2
    assert rows[0]["commands_kept"] == 3
    assert "marks" not in rows[0]


async def test_expired_keys_are_taken_out_now_and_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_module, "PRUNE_EVERY", 4)
    missions = missions_of(database)
    for number in range(8):
        await missions.put("a", a_command(key=f"key-{number}"), to(str(number)))
    tomorrow = NOON + timedelta(hours=25)
    for number in range(4):
        await missions.put("a", a_command(key=f"late-{number}", at=tomorrow), to(f"late {number}"))
    row = await missions.collection.find_one({"_id": "a"})
    assert row is not None
    assert len(row["commands"]) == row["commands_kept"] == 4


async def test_a_document_from_before_the_count_is_counted(database: Database) -> None:
    missions = missions_of(database)
    for number in range(3):
        await missions.put("a", a_command(key=f"key-{number}"), to(str(number)))
    await missions.collection.update_one({"_id": "a"}, {"$unset": {"commands_kept": ""}})
    await missions.put("a", a_command(key="key-3"), to("3"))
    row = await missions.collection.find_one({"_id": "a"})
    assert row is not None
    assert len(row["commands"]) == row["commands_kept"] == 4


SENT = st.lists(
    st.tuples(
        st.integers(0, 1),  # which process
        st.sampled_from(["a", "b", "c"]),
        st.one_of(st.none(), st.integers(0, 5)),  # key
        st.integers(0, 2),  # how many turns of the loop later the next one is sent
        st.sampled_from(["", "", "", "lose", "steal"]),  # what happens to the subject's outbox then
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=SENT)
async def test_two_processes_never_lose_or_double_a_command(
    database: Database, sent: list[tuple[int, str, int | None, int, str]]
) -> None:
    await database["missions"].delete_many({})
    relays = Offers(), Offers()
    processes = missions_of(database, relays[0]), missions_of(database, relays[1])
    tasks = []
    for number, (process, subject, key, turns, fate) in enumerate(sent):
        named = None if key is None else f"key-{key}"
        command = a_command(key=named, fingerprint=subject, correlation_id=str(number))
        tasks.append(asyncio.create_task(processes[process].put(subject, command, to(f"Title {number}"))))
        for _ in range(turns):
            await asyncio.sleep(0)
        if fate == "lose":
            relays[process].lose(subject)
        elif fate == "steal":
            claim = {"claim.token": relays[1 - process].token}
            await database["missions"].update_one({"_id": subject}, {"$set": claim})
    receipts = await asyncio.gather(*tasks)
    for subject in "abc":
        mine = [n for n, (_, to_whom, *_) in enumerate(sent) if to_whom == subject]
        stored = {receipts[n].sequence: n for n in mine if not receipts[n].replayed}
        keys = [sent[n][2] for n in mine if sent[n][2] is not None]
        assert len(stored) == len(mine) - len(keys) + len(set(keys))
        assert sorted(stored) == list(range(1, len(stored) + 1))
        for key in keys:
            assert len({receipts[n].sequence for n in mine if sent[n][2] == key}) == 1
        row = await database["missions"].find_one({"_id": subject})
        assert (row is None) == (not mine)
        if row is not None:
            assert verify_chain(row["outbox"]) is None
            assert row["state"]["title"] == f"Title {stored[len(stored)]}"
            told = [(event["sequence"], event["correlation_id"]) for event in row["outbox"]]
            assert told == [(sequence, str(stored[sequence])) for sequence in sorted(stored)]


async def test_a_reused_key_is_refused_alone(database: Database) -> None:
    missions = missions_of(database)
    await missions.put("a", a_command(key="k", fingerprint="one"), to("x"))
    bad, good = await asyncio.gather(
        missions.put("a", a_command(key="k", fingerprint="two"), to("y")),
        missions.put("b", a_command(key="k", fingerprint="two"), to("y")),
        return_exceptions=True,
    )
    assert isinstance(bad, KeyReused)
    assert not isinstance(good, BaseException)
