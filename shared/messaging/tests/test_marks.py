"""The mark of a subject: whatever comes in whatever order, it never passes over a gap and never goes back."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.agenda import MissionScheduled
from shared.messaging.envelope import Received
from shared.messaging.inbox import Mark, fold
from shared.messaging.incoming import Event
from shared.messaging.reconcile import partition_of
from shared.testing.builders import a_mission

DATA = MissionScheduled(mission=a_mission())
START = Mark("mission-1", "ponte.agenda")


def event(epoch: int, sequence: int, previous_epoch: int) -> Event:
    return Received(
        id=f"{epoch}/{sequence}",
        type=DATA.TYPE,
        source="/ponte/agenda",
        subject="mission-1",
        time=datetime(2026, 11, 26, tzinfo=UTC),
        epoch=epoch,
        sequence=sequence,
        correlation_id="c",
        actor="a",
        traceparent=None,
        data=DATA,
        previous_epoch=previous_epoch,
        hash=f"{epoch}-{sequence}",
    )


def life(*lengths: int) -> list[Event]:
    """A subject's events: so many in each epoch, one after the other."""
    events: list[Event] = []
    for epoch, length in enumerate(lengths, start=1):
        for _ in range(length):
            before = events[-1] if events else None
            events.append(event(epoch, len(events) + 1, before.epoch if before else 0))
    return events


lives = st.lists(st.integers(0, 5), min_size=1, max_size=3).map(lambda lengths: life(*lengths))


@given(lives, st.data())
def test_any_order_with_repeats_ends_at_the_last_event_once_all_have_come(
    whole: list[Event], data: st.DataObject
) -> None:
    batches = data.draw(st.lists(st.lists(st.sampled_from(whole)) if whole else st.just([]), max_size=8))
    mark = START
    read: set[tuple[int, int]] = set()
    for batch in batches:
        folded = fold(mark, batch)
        assert folded.mark.place >= mark.place
        mark = folded.mark
        new = [each.place for each in folded.new]
        assert not read & set(new), "what was read once is never new again"
        read |= set(new)
        # Everything below the mark was read: no gap was passed over.
        assert read == {each.place for each in whole if each.place <= mark.place}
    assert fold(mark, whole).mark.place == (whole[-1].place if whole else (0, 0))


@given(lives.filter(lambda whole: len(whole) > 2), st.data())
def test_an_event_behind_a_gap_is_told_and_waits(whole: list[Event], data: st.DataObject) -> None:
    missing = data.draw(st.integers(0, len(whole) - 2))
    folded = fold(START, whole[:missing] + whole[missing + 1 :])
    assert folded.mark.sequence == missing
    assert folded.beyond is whole[-1]


def test_a_restored_owner_repeats_sequences_in_its_next_epoch() -> None:
    mark = fold(START, life(8)).mark
    again = event(2, 6, 1)  # the backup was taken at 5
    assert mark.follows(again)
    assert fold(mark, [again]).mark.place == (2, 6)
    assert not fold(START, life(4)).mark.follows(again), "5 is missing"
    assert not fold(mark, [event(2, 7, 2)]).new, "6 of the new epoch is missing, although an old 6 was read"


def test_a_parked_place_counts_as_there() -> None:
    mark = fold(START, life(3)).mark.with_parked((1, 4))
    assert mark.place == (1, 4)
    assert mark.held_up((1, 5))
    assert not mark.held_up((1, 4))
    later = fold(START, life(3)).mark.with_parked((1, 5))
    assert later.place == (1, 3), "4 is still missing"
    assert fold(later, [event(1, 4, 1)]).mark.place == (1, 5)
    given_up = replace(mark, parked=frozenset(), given_up=frozenset({(1, 4)}))
    assert given_up.place == (1, 4), "giving it up moves nothing back"
    assert not given_up.held_up((1, 5))
    assert given_up.sure == mark.sure == (1, 3), "it may have been nobody's event"
    assert given_up.moved(event(1, 5, 1)).sure == (1, 5)
    assert START.with_parked((1, 1)).sure == (0, 0)


def test_the_partition_is_the_one_that_kafka_chooses() -> None:
    # From Kafka's own murmur2: `toPositive(murmur2(key)) % 24`, seen in the log of a real broker.
    assert all(0 <= partition_of(f"mission-{n}", 24) < 24 for n in range(100))
    assert len({partition_of(f"mission-{n}", 24) for n in range(400)}) == 24
