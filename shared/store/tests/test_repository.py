"""The repository on a real mongod, with both drivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.agenda import Mission, MissionScheduled
from shared.domain import Change, ForbiddenTransition, NotFound
from shared.store import JOURNAL, Repository, SourceMark, close, connect, prepare
from shared.store import document as document_module
from shared.store.errors import AlreadyExists, Full, KeyReused, StaleVersion, TooLarge
from shared.store.events import verify_chain
from shared.store.tests.offers import Offers
from shared.testing.builders import NOON, a_command, a_mission, completed, scheduled


@pytest.fixture(params=["motor", "pymongo"])
async def missions(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Repository[Mission]]:
    client = connect(mongodb_uri, request.param)
    database = client[database_name("agenda")]
    epoch = await prepare(database, ["missions"])
    yield Repository(
        database["missions"], database[JOURNAL], Mission, epoch=epoch, relay=Offers(), what="mission_id"
    )
    await close(client)


def retitled(title: str) -> Callable[[Mission], Change[Mission]]:
    return lambda mission: scheduled(mission.model_copy(update={"title": title}))


async def test_state_and_events_are_stored_together(missions: Repository[Mission]) -> None:
    receipt = await missions.create(
        "mission-1", a_command(), lambda: scheduled(a_mission()).then(completed(a_mission()))
    )
    assert (receipt.sequence, receipt.version, receipt.epoch) == (2, 1, 1)
    loaded = await missions.get("mission-1")
    assert loaded.state.status == "completed"
    stored = await missions.collection.find_one({"_id": "mission-1"})
    assert stored is not None
    assert [event["_id"] for event in stored["outbox"]] == ["mission-1/1/1", "mission-1/1/2"]
    assert verify_chain(stored["outbox"]) is None
    assert stored["head_hash"] == stored["outbox"][-1]["hash"]
    assert missions.relay.events == ["mission-1/1/1", "mission-1/1/2"]  # type: ignore[union-attr]


async def test_the_same_key_is_answered_with_the_first_answer(missions: Repository[Mission]) -> None:
    command = a_command(key="key-1", fingerprint="body-1")
    first = await missions.create("mission-1", command, lambda: scheduled(a_mission()))
    await missions.change("mission-1", a_command(), retitled("Later"))
    again = await missions.create("mission-1", command, lambda: scheduled(a_mission()))
    assert again == replace(first, replayed=True)
    assert (await missions.get("mission-1")).version == 2


async def test_the_same_key_with_another_body_is_refused(missions: Repository[Mission]) -> None:
    await missions.create(
        "mission-1", a_command(key="key-1", fingerprint="body-1"), lambda: scheduled(a_mission())
    )
    with pytest.raises(KeyReused, match="key-1"):
        await missions.change("mission-1", a_command(key="key-1", fingerprint="body-2"), retitled("Other"))


async def test_a_key_is_kept_a_day_and_never_evicted_earlier(
    missions: Repository[Mission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_module, "MAX_KEYS", 2)
    await missions.create("mission-1", a_command(key="key-1"), lambda: scheduled(a_mission()))
    await missions.change("mission-1", a_command(key="key-2"), retitled("2"))
    with pytest.raises(Full, match="commands"):
        await missions.change("mission-1", a_command(key="key-3"), retitled("3"))
    tomorrow = a_command(key="key-3", at=NOON + timedelta(hours=24))
    assert (await missions.change("mission-1", tomorrow, retitled("3"))).version == 3


async def test_a_refusal_stores_nothing(missions: Repository[Mission]) -> None:
    def refuse(mission: Mission) -> Change[Mission]:
        raise ForbiddenTransition(field="status", value=mission.status, action="sign", allowed="—")

    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    with pytest.raises(ForbiddenTransition):
        await missions.change("mission-1", a_command(key="key-1"), refuse)
    assert (await missions.get("mission-1")).version == 1
    assert (await missions.change("mission-1", a_command(key="key-1"), retitled("Allowed now"))).version == 2


async def test_creating_twice_and_changing_nothing(missions: Repository[Mission]) -> None:
    with pytest.raises(NotFound, match="mission-1"):
        await missions.change("mission-1", a_command(), retitled("x"))
    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    with pytest.raises(AlreadyExists, match="mission-1"):
        await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))


async def test_a_stale_version_is_told_the_current_one(missions: Repository[Mission]) -> None:
    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    await missions.change("mission-1", a_command(expected_version=1), retitled("Second"))
    with pytest.raises(StaleVersion) as refusal:
        await missions.change("mission-1", a_command(expected_version=1), retitled("Third"))
    assert refusal.value.params["current"] == 2
    assert refusal.value.params["difference"] == ["title"]


async def test_fifty_at_once_leave_fifty_events_in_one_chain(missions: Repository[Mission]) -> None:
    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    receipts = await asyncio.gather(
        *(missions.change("mission-1", a_command(key=f"key-{n}"), retitled(f"Title {n}")) for n in range(50))
    )
    assert sorted(receipt.sequence for receipt in receipts) == list(range(2, 52))
    stored = await missions.collection.find_one({"_id": "mission-1"})
    assert stored is not None
    assert verify_chain(stored["outbox"]) is None
    assert stored["sequence"] == len(stored["outbox"]) == 51


async def test_a_reaction_is_carried_out_once_for_ever(missions: Repository[Mission]) -> None:
    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    second = a_command(source=SourceMark("agreement-1", 1, 2))
    assert (await missions.change("mission-1", second, retitled("Second"))).changed
    assert (await missions.change("mission-1", second, retitled("Again"))).replayed
    first = a_command(source=SourceMark("agreement-1", 1, 1))
    assert (await missions.change("mission-1", first, retitled("Out of date"))).replayed
    other = a_command(source=SourceMark("agreement-2", 1, 1))
    assert (await missions.change("mission-1", other, retitled("Other source"))).changed
    assert (await missions.get("mission-1")).state.title == "Other source"


async def test_somebody_elses_claim_is_left_to_them(missions: Repository[Mission]) -> None:
    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    await missions.collection.update_one({"_id": "mission-1"}, {"$set": {"claim.token": "other-process"}})
    await missions.change("mission-1", a_command(), retitled("Second"))
    stored = await missions.collection.find_one({"_id": "mission-1"})
    assert stored is not None
    assert stored["claim"]["token"] == "other-process"
    assert missions.relay.events == ["mission-1/1/1"]  # type: ignore[union-attr]


async def test_limits_are_checked_before_anything_is_stored(
    missions: Repository[Mission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_module, "MAX_OUTBOX", 2)
    await missions.create("mission-1", a_command(), lambda: scheduled(a_mission()))
    await missions.change("mission-1", a_command(), retitled("Second"))
    with pytest.raises(Full, match="outbox"):
        await missions.change("mission-1", a_command(), retitled("Third"))
    monkeypatch.setattr(document_module, "MAX_EVENT_BYTES", 100)
    with pytest.raises(TooLarge, match=MissionScheduled.TYPE):
        await missions.create("mission-2", a_command(), lambda: scheduled(a_mission()))
    with pytest.raises(NotFound):
        await missions.get("mission-2")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50).filter(
        lambda text: bool(text.strip())
    )
)
async def test_text_that_looks_like_an_operator_is_only_text(
    missions: Repository[Mission], text: str
) -> None:
    value = f"${text}"
    subject = f"mission-{abs(hash(value))}"
    command = a_command(key=value, client=value, actor=value, correlation_id=value)
    await missions.put(subject, command, lambda _: scheduled(a_mission(title=value, reason=value)))
    loaded = await missions.get(subject)
    assert loaded.state.title == a_mission(title=value).title
    history = await missions.history(subject)
    assert history[0]["data"]["mission"]["reason"] == a_mission(title=value).title
    assert history[0]["actor"] == value
