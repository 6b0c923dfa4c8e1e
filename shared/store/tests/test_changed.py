"""What a save changed, told in the event for the audit: whole, erasable, and never published."""

from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.contracts.agenda import Mission, MissionScheduled, Signature
from shared.contracts.base import LongText, Person
from shared.domain import Change
from shared.messaging.envelope import to_message
from shared.store import JOURNAL, Repository, close, connect, prepare
from shared.store import document as document_module
from shared.store.audit import event_faults
from shared.store.changed import Changed, changed_fields
from shared.store.document import Snapshot
from shared.store.driver import Document
from shared.store.errors import TooLarge
from shared.store.events import chain_hash, public_body, verify_chain
from shared.store.people import put_together
from shared.store.schema import Schema
from shared.store.tests.offers import Offers
from shared.testing.builders import a_command, a_mission

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(str.strip)
texts = texts | texts.map(lambda text: f"${text}")
people = st.builds(Person, person_id=st.none() | st.just("person-1"), name=st.none() | texts, function=texts)


class State(BaseModel):
    """A public part and what stays with its owner, as every unit has it."""

    mission: Mission
    note: LongText | None = None
    imported: dict[str, str] | None = None
    told: tuple[str, ...] = ()
    signature: Signature | None = None


states = st.builds(
    State,
    mission=st.builds(
        a_mission,
        title=texts,
        holder=people,
        delegation=st.lists(people, max_size=2).map(tuple),
        reason=st.none() | texts,
        reserved=st.booleans(),
    ),
    note=st.none() | texts,
    imported=st.none() | st.dictionaries(texts, texts, max_size=3),
    told=st.lists(texts, max_size=2).map(tuple),
    signature=st.none() | st.just(Signature(agreement_id="agreement-1", signed_on="2026")),
)


def dump(state: State) -> Document:
    return state.model_dump(mode="json")


def stored(*saves: State, events: int = 1, **command: Any) -> list[Document]:
    """The events of an aggregate that was saved as each of ``saves``, each time with so many events."""
    found: list[Document] = []
    document: Document | None = None
    for state in saves:
        change = Change(state, (MissionScheduled(mission=state.mission),) * events)
        draft = Snapshot(document, "mission-1", whole=True).draft(
            change, a_command(**command), epoch=1, relay=Offers()
        )
        found += draft.covered
        document = {**draft.settings, "_id": "mission-1", "outbox": []}
    return found


def audit(event: Document) -> Any:
    """The event's audit as an auditor reads it."""
    return put_together({"audit": event["audit"]}, event["people"], erased="[…]")["audit"]


@given(states, states)
def test_the_changes_lead_from_one_state_to_the_other(before: State, after: State) -> None:
    reached = deepcopy(dump(before))
    for field, then, now in changed_fields(State, dump(before), dump(after)):
        *part, name = field.split(".")
        holder = reached[part[0]] if part else reached
        assert holder[name] == then
        holder[name] = now
    assert reached == dump(after)


@given(states)
def test_something_new_is_told_whole(state: State) -> None:
    told = {field: after for field, _, after in changed_fields(State, {}, dump(state))}
    assert told["mission.title"] == state.mission.title
    assert told.get("note") == state.note
    assert changed_fields(State, dump(state), dump(state)) == []


def test_a_field_that_the_model_has_since_then_is_no_change() -> None:
    now = dump(State(mission=a_mission()))
    then = {name: value for name, value in now.items() if name == "mission"}
    assert changed_fields(State, then, now) == []
    assert changed_fields(State, {**now, "former": "x"}, now) == [Changed("former", "x", None)]


@settings(max_examples=50)
@given(st.lists(states, min_size=1, max_size=3), st.data())
def test_any_values_may_be_erased_and_the_chain_stays_whole(saves: list[State], data: st.DataObject) -> None:
    events = stored(*saves, origin="10.0.0.7", on_behalf_of="delegate-1")
    assert [fault for event in events for fault in event_faults(event)] == []
    for event in events:
        kept = data.draw(st.lists(st.sampled_from(event["people"]), unique_by=lambda entry: entry["path"]))
        event["people"] = kept
        assert event_faults(event) == []
        assert audit(event)["on_behalf_of"] == "delegate-1"
        # What has to be a text is one, so that readers go on.
        MissionScheduled.model_validate(public_body(event))
    assert verify_chain(events) is None


def test_what_changed_is_told_once_with_the_last_event() -> None:
    first, second = State(mission=a_mission(), note="$5"), State(mission=a_mission(title="Later"))
    events = stored(first, second, events=2, origin="10.0.0.7")
    assert [len(event["audit"]["changes"]) > 0 for event in events] == [False, True, False, True]
    assert audit(events[3]) == {
        "on_behalf_of": None,
        "origin": "10.0.0.7",
        "changes": [
            {"field": "mission.title", "before": '"Dakar, meeting with the City"', "after": '"Later"'},
            {"field": "note", "before": '"$5"', "after": None},
        ],
    }
    events[3]["people"] = []
    assert audit(events[3])["changes"][1] == {"field": "note", "before": "[…]", "after": None}


def test_nothing_of_it_is_published() -> None:
    [event] = stored(State(mission=a_mission(), note="only here"), origin="10.0.0.7", on_behalf_of="boss")
    _, value, headers = to_message(event, "/ponte/agenda")
    for part in (value, repr(headers).encode()):
        assert not any(word in part for word in (b"only here", b"10.0.0.7", b"boss", b"audit"))
    hashed = {name: part for name, part in event.items() if name != "people"}
    assert not any(word in repr(hashed) for word in ("only here", "10.0.0.7", "Dakar", "Mario"))


def test_an_event_of_before_is_read_and_verifies() -> None:
    """It has no audit, and its texts stand in its body."""
    [event] = stored(State(mission=a_mission()))
    event["data"] = public_body(event)
    event["people"] = []
    del event["audit"]
    event["hash"] = chain_hash(event)
    assert event_faults(event) == []
    assert verify_chain([event]) is None
    assert public_body(event)["mission"]["title"] == a_mission().title
    assert event_faults({**event, "audit": None}) == ["its content does not have its hash"]


def test_another_shape_is_no_change() -> None:
    """The former shape kept the note in capitals."""
    schema = Schema(State, {1: lambda old: {**old, "note": old["note"].lower()}})
    state = State(mission=a_mission(), note="by hand")
    document = {
        "_id": "mission-1",
        "version": 1,
        "epoch": 1,
        "sequence": 1,
        "schema_version": 1,
        "state": {**dump(state), "note": "BY HAND"},
        "outbox": [],
    }
    snapshot = Snapshot(document, "mission-1", whole=True)
    assert snapshot.state(schema) == state
    change = Change(state.model_copy(update={"told": ("x",)}), (MissionScheduled(mission=state.mission),))
    [event] = snapshot.draft(change, a_command(), epoch=1, relay=Offers(), schema_version=2).covered
    assert [told["field"] for told in event["audit"]["changes"]] == ["told"]


def test_what_the_audit_keeps_does_not_count_as_the_events_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "MAX_EVENT_BYTES", 3000)
    assert stored(State(mission=a_mission(), note="x" * 3500))
    with pytest.raises(TooLarge):
        stored(State(mission=a_mission(reason="x" * 3500)))


@pytest.fixture(params=["motor", "pymongo"])
async def missions(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Repository[State]]:
    client = connect(mongodb_uri, request.param)
    database = client[database_name("agenda")]
    epoch = await prepare(database, ["missions"])
    yield Repository(database["missions"], database[JOURNAL], State, epoch=epoch, relay=Offers())
    await close(client)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(saves=st.lists(states, min_size=1, max_size=4))
async def test_what_lies_in_the_database_verifies(missions: Repository[State], saves: list[State]) -> None:
    """Also where the next command is decided on what the last one left in memory."""
    await missions.collection.delete_many({})
    missions._kept._entries.clear()
    last: Document = {}
    for state in saves:
        change = Change(state, (MissionScheduled(mission=state.mission),))
        await missions.put("mission-1", a_command(), lambda _, change=change: change)  # type: ignore[misc]
        row = await missions.collection.find_one({"_id": "mission-1"})
        assert row is not None
        assert verify_chain(row["outbox"]) is None
        assert [fault for event in row["outbox"] for fault in event_faults(event)] == []
        fields = [told["field"] for told in row["outbox"][-1]["audit"]["changes"]]
        assert fields == [field for field, *_ in changed_fields(State, last, dump(state))]
        last = dump(state)
