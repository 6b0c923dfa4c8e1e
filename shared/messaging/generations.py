"""Generations of a service's views: sets of collections that are built side by side and switched at once.

Generation 1 lives in the collections' own names (``missions``, ``marks``), generation ``n`` in names with the
suffix ``.g<n>``. Which are fed is told by one document, ``_id: "generations"`` in ``meta``:

``{live, building?: {number, reason, epochs, requested_at, lease, stage, sources}, previous?: {number, at},
retired: [numbers], epochs: {topic: epoch}}``

A batch of events goes to every target that ``load`` names. It rereads ``load`` before its offset is noted and
goes round again for targets that are new or changed: so a replica that has not yet noticed the beginning of a
build, or a switch, cannot leave an event out of the generation that is live afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from shared.store.driver import Database, Document, ReturnDocument
from shared.store.setup import META

if TYPE_CHECKING:
    from shared.messaging.inbox import Inbox
    from shared.messaging.viewing import Projection

DOCUMENT = "generations"
MARKS = "marks"
FIRST_EPOCH = 1
"""Every owner begins with it; a view that has never heard of another takes it for the owner's."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of a service's view collections; ``building``: it is fed but not read yet."""

    number: int
    building: bool = False

    @property
    def suffix(self) -> str:
        """What stands behind the name of each of its collections."""
        return "" if self.number == 1 else f".g{self.number}"


FIRST = Generation(1)
"""The one that needs no document."""


@runtime_checkable
class Prepares(Protocol):
    """A projection that needs indexes: ``prepare`` makes them, again and again without harm."""

    async def prepare(self) -> None: ...


@runtime_checkable
class Completes(Protocol):
    """A projection that has something to put in order when all events of the past are in it.

    ``complete`` is called until it answers 0, before the switch and again after it.
    """

    async def complete(self, previous: Generation | None) -> int: ...


@runtime_checkable
class Stored(Protocol):
    """A projection that tells the names of its collections, so that they can be compared and dropped.

    ``histories``: they have a row per event, and not the latest state of each subject.
    """

    @property
    def collections(self) -> Sequence[str]: ...
    @property
    def histories(self) -> bool: ...


@runtime_checkable
class Selects(Protocol):
    """A view of latest states that has those of some ``aggregates`` only (their owners' collections)."""

    @property
    def aggregates(self) -> Sequence[str]: ...


@runtime_checkable
class PassesOver(Protocol):
    """A history that has no row for events of these types."""

    @property
    def passed_over(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A generation with what feeds it. The same object for as long as nothing about it has changed."""

    generation: Generation
    projections: Sequence[Projection]
    inbox: Inbox
    floors: Mapping[str, int] = field(default_factory=dict)

    def takes(self, topic: str, epoch: int, *, answered_in: int = 0, replay: str = "") -> bool:
        """Whether an event of ``epoch`` from ``topic`` (the owner's) belongs into this generation.

        An event of an epoch below the owner's may have been undone by a restore: then it counts only from
        the owner's journal. ``answered_in`` is the owner's epoch when it sent it from there (0: it did not).
        What answers the question ``replay`` of a rebuild is for the generation alone that asked it.
        """
        if build_of(replay) not in (None, self.generation.number):
            return False
        return max(epoch, answered_in) >= self.floors.get(topic, FIRST_EPOCH)


class Generations:
    """The views of one service, as its replicas feed them.

    ``views`` makes the projections of a generation. Every method raises where MongoDB is away.
    """

    def __init__(self, database: Database, views: Callable[[Generation], Sequence[Projection]]) -> None:
        self._meta = database[META]
        self._database = database
        self._views = views
        self._targets: dict[Generation, Target] = {}
        self._one_at_a_time = asyncio.Lock()

    async def load(self) -> tuple[Target, ...]:
        """What has to be fed now, the live generation first."""
        async with self._one_at_a_time:
            document = await self.document()
            live = await self._target(Generation(document["live"]), document.get("epochs", {}))
            found: tuple[Target, ...] = (live,)
            if building := document.get("building"):
                new = Generation(building["number"], building=True)
                found = (live, await self._target(new, building["epochs"]))
            self._targets = {target.generation: target for target in found}
            return found

    async def document(self) -> Document:
        """The generation document; before the first rebuild there may be none, and generation 1 is live."""
        return await self._meta.find_one({"_id": DOCUMENT}) or {"_id": DOCUMENT, "live": 1, "retired": []}

    async def request(self, reason: str, epochs: Mapping[str, int] | None = None) -> int:
        """Begin to build a new generation, unless one is being built; answers its number.

        ``epochs`` are owners' epochs by topic that are known to be higher than those of the live generation.
        """
        return await request(self._database, reason, epochs)

    async def heard(self, topic: str, epoch: int) -> bool:
        """The owner of ``topic`` is in ``epoch``: if it rose, a new generation is begun. Whether it was."""
        begun = False
        while True:
            document = await self.document()
            building = document.get("building")
            epochs = document.get("epochs", {}) if building is None else building["epochs"]
            if epoch <= epochs.get(key_of(topic), FIRST_EPOCH):
                return begun
            if building is None:
                await self.request(f"{topic} is in epoch {epoch}", {topic: epoch})
            else:
                await begin_anew(self._database, building, topic, epoch)
            # Looked at again: another replica may have begun one, or switched, at this very moment.
            begun = True

    def collections(self, generation: Generation, *, histories: bool) -> tuple[str, ...]:
        """The collections of ``generation`` that have a row per event, or those of latest states."""
        return tuple(
            name
            for view in self._views(generation)
            if isinstance(view, Stored) and view.histories == histories
            for name in view.collections
        )

    def selected(self) -> tuple[str, ...]:
        """The aggregates whose latest states the views have; none: they have those of all."""
        states = [view for view in self._views(FIRST) if isinstance(view, Stored) and not view.histories]
        if not all(isinstance(view, Selects) for view in states):
            return ()
        return tuple({name: None for view in states if isinstance(view, Selects) for name in view.aggregates})

    def passed_over(self) -> tuple[str, ...]:
        """The event types that have no row in the histories."""
        return tuple(
            {
                name: None
                for view in self._views(FIRST)
                if isinstance(view, PassesOver)
                for name in view.passed_over
            }
        )

    async def _target(self, generation: Generation, epochs: Mapping[str, int]) -> Target:
        known = self._targets.get(generation)
        if known is not None:
            return known
        from shared.messaging.inbox import Inbox

        projections = tuple(self._views(generation))
        for projection in projections:
            if isinstance(projection, Prepares):
                await projection.prepare()
        floors = {topic_of(key): epoch for key, epoch in epochs.items()}
        return Target(generation, projections, Inbox(self._database[MARKS + generation.suffix]), floors)


async def live_generation(database: Database) -> Generation:
    """The generation that is read from."""
    document = await database[META].find_one({"_id": DOCUMENT}, {"live": 1})
    return Generation(document["live"] if document else 1)


async def request(database: Database, reason: str, epochs: Mapping[str, int] | None = None) -> int:
    """Write the request for a new generation, unless one is being built; answers its number."""
    meta = database[META]
    while True:
        document = await meta.find_one_and_update(
            {"_id": DOCUMENT},
            {"$setOnInsert": {"live": 1, "retired": [], "epochs": {}}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert document is not None  # an upsert that returns the document after it always has one
        if "building" in document:
            return int(document["building"]["number"])
        number = int(max([document["live"], *document["retired"]])) + 1
        building: Document = {
            "building.number": number,
            "building.reason": reason,
            "building.stage": "reading",
            "building.sources": {},
            "building.epochs": {
                **document.get("epochs", {}),
                **{key_of(topic): epoch for topic, epoch in (epochs or {}).items()},
            },
        }
        written = await meta.update_one(
            {
                "_id": DOCUMENT,
                "building": {"$exists": False},
                "live": document["live"],
                "retired": document["retired"],
            },
            {"$set": building, "$currentDate": {"building.requested_at": True}},
        )
        if written.matched_count:
            return number


async def begin_anew(database: Database, building: Document, topic: str, epoch: int) -> None:
    """The owner of ``topic`` was restored after ``building`` had begun: what it has may be undone.

    One write: it is never fed again, its collections are dropped, and another is built with what is known.
    """
    meta = database[META]
    document = await meta.find_one({"_id": DOCUMENT, "building.number": building["number"]})
    if document is None:
        return
    await meta.update_one(
        {"_id": DOCUMENT, "building.number": building["number"], "retired": document["retired"]},
        {
            "$set": {
                "building.number": building["number"] + 1,
                "building.reason": f"{topic} is in epoch {epoch}",
                "building.stage": "reading",
                "building.sources": {},
                f"building.epochs.{key_of(topic)}": epoch,
            },
            "$unset": {"building.lease": ""},
            "$addToSet": {"retired": building["number"]},
            "$currentDate": {"building.requested_at": True},
        },
    )


def request_id(number: int, topic: str, page: int | str) -> str:
    """The id of a question that is asked for generation ``number``; the same page has the same one."""
    return f"rebuild-{number}-{topic}-{page}"


def build_of(request: str) -> int | None:
    """The generation that the answer to ``request`` is meant for alone; null: it is for all of them."""
    word, _, rest = request.partition("-")
    number = rest.partition("-")[0]
    return int(number) if word == "rebuild" and number.isdecimal() else None


def key_of(topic: str) -> str:
    """A topic's name as a field of the document, where a dot would mean a path."""
    return topic.replace(".", "_")


def topic_of(key: str) -> str:
    """The topic that ``key_of`` made ``key`` from: no topic's own name has an underscore."""
    return key.replace("_", ".")
