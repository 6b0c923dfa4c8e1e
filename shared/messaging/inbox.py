"""How far a service has read each subject: the highest place up to which nothing is missing.

The mark moves last, when whatever an event causes is stored, and before its offset is noted. It never goes
down, so what is remembered of it in memory is at worst too low, and then it is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.contracts.base import EventData
from shared.messaging.envelope import Received
from shared.store.driver import Collection, Document
from shared.store.lifting import Lift, lift

INBOX = "inbox"
"""The marks of a service's reactions. Each generation of its views has marks of its own."""
MARKS = "marks"

MARK_FIELDS = ("epoch", "sequence", "parked", "given_up")
REMEMBERED = 50_000

Place = tuple[int, int]
"""(epoch, sequence)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest contiguous place of a subject. ``hash`` is that event's ("": not known).

    ``parked`` are the places that were set aside as dead letters: they count as there, and the reactions of
    later ones wait for them. Those that an operator has ``given_up`` count as there, too, and nobody waits;
    a sound event that comes there after all is taken up: the letter may have been a forgery.
    """

    subject: str
    topic: str
    epoch: int = 0
    sequence: int = 0
    hash: str = ""
    parked: frozenset[Place] = field(default_factory=frozenset)
    given_up: frozenset[Place] = field(default_factory=frozenset)

    @property
    def place(self) -> Place:
        return self.epoch, self.sequence

    @property
    def aside(self) -> frozenset[Place]:
        """The places at which no event was carried out."""
        return self.parked | self.given_up

    @property
    def sure(self) -> Place:
        """The place of the last event that was read; what was set aside after it may be nobody's event."""
        sequence = self.sequence
        while (self.epoch, sequence) in self.aside:
            sequence -= 1
        return (self.epoch, sequence) if sequence else (0, 0)

    def follows(self, event: Received[EventData]) -> bool:
        """Whether ``event`` is the very next one: nothing is missing between the mark and it.

        The first event of a new epoch may repeat a sequence: the owner was restored to an earlier state.
        """
        if event.epoch == self.epoch:
            return event.sequence == self.sequence + 1
        return event.epoch > self.epoch >= event.previous_epoch and event.sequence - 1 <= self.sequence

    def moved(self, event: Received[EventData]) -> Mark:
        """The mark at ``event``, and over whatever is set aside right behind it."""
        return replace(self, epoch=event.epoch, sequence=event.sequence, hash=event.hash).over_parked()

    def over_parked(self) -> Mark:
        """The mark behind the places set aside that come right after it."""
        mark = self
        while (mark.epoch, mark.sequence + 1) in mark.aside:
            mark = replace(mark, sequence=mark.sequence + 1, hash="")
        return mark

    def with_parked(self, place: Place) -> Mark:
        """The mark with one more place set aside."""
        mark = replace(self, parked=self.parked | {place})
        if not mark.sequence and place == (place[0], 1):
            # The subject's very first event: no mark had an epoch to count from.
            return replace(mark, epoch=place[0], sequence=1).over_parked()
        return mark.over_parked()

    def held_up(self, place: Place) -> bool:
        """Whether the reaction at ``place`` has to wait for a parked one before it."""
        return any(parked < place for parked in self.parked)


class Inbox:
    """The marks in one collection."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._known: dict[str, Mark] = {}

    async def load(self, subjects: Mapping[str, str], *, fresh: bool = False) -> dict[str, Mark]:
        """The marks of ``subjects`` (with their topics); one that was never seen stands at (0, 0).

        From memory where possible, and then perhaps too low; ``fresh`` reads them all.
        """
        found = {} if fresh else {s: self._known[s] for s in subjects if s in self._known}
        missing = [subject for subject in subjects if subject not in found]
        if missing:
            rows = await self.collection.find({"_id": {"$in": missing}}).to_list(length=len(missing))
            read = {subject: Mark(subject, subjects[subject]) for subject in missing}
            read.update((row["_id"], mark_of(row)) for row in rows)
            if len(self._known) + len(read) > REMEMBERED:
                self._known.clear()
            self._known.update(read)
            found.update(read)
        return found

    async def advance(self, marks: Sequence[Mark]) -> None:
        """Store ``marks`` that have moved; one that is higher already stays. Majority, with journal."""
        await lift(
            self.collection,
            [
                Lift(
                    mark.subject,
                    below(mark.place),
                    {
                        "topic": mark.topic,
                        "epoch": mark.epoch,
                        "sequence": mark.sequence,
                        "hash": mark.hash,
                    },
                )
                for mark in marks
            ],
        )
        for mark in marks:
            known = self._known.get(mark.subject)
            if known is None or known.place < mark.place:
                self._known[mark.subject] = mark

    async def park(self, subject: str, topic: str, place: Place) -> Mark:
        """Remember that ``place`` was set aside; the mark as it stands then."""
        mark = (await self.load({subject: topic}, fresh=True))[subject]
        if place in mark.parked:
            return mark
        await self.collection.update_one(
            {"_id": subject},
            {
                "$addToSet": {"parked": list(place)},
                "$setOnInsert": {"topic": topic, "epoch": 0, "sequence": 0, "hash": ""},
            },
            upsert=True,
        )
        parked = mark.with_parked(place)
        if parked.place > mark.place:
            await self.advance([parked])
        self._known[subject] = parked
        return parked

    async def unpark(self, subject: str, place: Place) -> None:
        """What was set aside has been carried out after all."""
        where = list(place)
        await self.collection.update_one({"_id": subject}, {"$pull": {"parked": where, "given_up": where}})
        self._known.pop(subject, None)

    async def give_up(self, subject: str, place: Place) -> None:
        """What was set aside will never be carried out."""
        where = list(place)
        change = {"$pull": {"parked": where}, "$addToSet": {"given_up": where}}
        await self.collection.update_one({"_id": subject, "parked": where}, change)
        self._known.pop(subject, None)


@dataclass(slots=True)
class Folded:
    """What a subject's events do to its mark."""

    mark: Mark
    new: list[Received[EventData]] = field(default_factory=list)
    again: int = 0
    """How many had been read before."""
    beyond: Received[EventData] | None = None
    """The last event behind a gap, if there is one."""


def fold(mark: Mark, events: Sequence[Received[EventData]]) -> Folded:
    """Go through ``events`` of one subject in the order of their places."""
    folded = Folded(mark)
    for event in sorted(events, key=lambda each: each.place):
        if event.place <= folded.mark.place:
            folded.again += 1
        elif folded.mark.follows(event):
            folded.mark = folded.mark.moved(event)
            folded.new.append(event)
        else:
            folded.beyond = event
    return folded


def below(place: Place, where: str = "") -> Document:
    """A filter on marks that lie below ``place``; ``where`` is the path to the mark's fields."""
    epoch, sequence = place
    return {
        "$or": [
            {f"{where}epoch": {"$lt": epoch}},
            {f"{where}epoch": epoch, f"{where}sequence": {"$lt": sequence}},
        ]
    }


def mark_of(row: Document) -> Mark:
    """The mark in a stored document, which may be given without ``topic`` and ``hash``."""
    return Mark(
        subject=row["_id"],
        topic=row.get("topic", ""),
        epoch=row["epoch"],
        sequence=row["sequence"],
        hash=row.get("hash", ""),
        parked=_places(row, "parked"),
        given_up=_places(row, "given_up"),
    )


def _places(row: Document, name: str) -> frozenset[Place]:
    return frozenset((epoch, sequence) for epoch, sequence in row.get(name, ()))
