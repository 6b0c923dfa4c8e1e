"""Takes somebody out of an owner's aggregates and out of what its journal tells of them.

For every subject: a command whose event says what earlier events lose; once that event and all before it are
in the journal, and none waits in the outbox, their values leave the journal. The rows stay, so that a relay
that comes late with one of them finds it there. Every step looks at what is stored and does what is missing,
so several replicas may do it at once, and after a crash it is simply done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from shared.contracts.base import PersonErased, Scrubbed
from shared.contracts.registry import BY_TYPE
from shared.domain import Change
from shared.privacy.erasable import Erasable
from shared.privacy.ledger import is_of_whole_records
from shared.privacy.needle import Needle
from shared.privacy.redacting import (
    Sought,
    any_leaf,
    in_the_chain,
    is_free,
    named_in_event,
    names_in,
    published,
    redacted,
)
from shared.store.command import Command
from shared.store.driver import Database, Document
from shared.store.errors import Contended, StaleVersion
from shared.store.people import put_together
from shared.store.repository import OutboxOwner
from shared.store.schema import Schema
from shared.store.setup import JOURNAL

S = TypeVar("S", bound=BaseModel)
Place = tuple[int, int, str]

MOST_SCRUBBED: Final = 2000
"""Values that one event names; where there are more, the next one does."""
_PAGE: Final = 20
_TRIES: Final = 50
_COMMAND: Final = "erase-person"
_ORDER: Final = [("subject", 1), ("epoch", 1), ("sequence", 1)]


class Step(Enum):
    """What is to be said of a subject."""

    CLEAN = "clean"
    DONE = "done"
    WAITS = "waits"
    """Its events are on their way to Kafka and the journal."""


@dataclass
class Counts:
    """What was done; ``kept`` is where a name stands that cannot be taken out."""

    subjects: set[str] = field(default_factory=set)
    events: int = 0
    values: int = 0
    kept: set[str] = field(default_factory=set)


class AggregateErasing(Generic[S]):
    """Erases from one kind of aggregate. Without ``relay`` nothing of the service runs yet: see ``alone``."""

    def __init__(
        self,
        database: Database,
        erasable: Erasable[S],
        *,
        service: str,
        epoch: int,
        relay: OutboxOwner | None,
    ) -> None:
        self._aggregates = database[erasable.collection]
        self._journal = database[JOURNAL]
        self._erasable = erasable
        self._service = service
        self._repository = erasable.repository(database, epoch, relay)
        self._schema = Schema(erasable.model, erasable.upcasts)
        self.alone = relay is None
        """Nobody publishes: what waits in an outbox is narrowed there, before anybody gets to see it."""

    async def touched(self, sought: Sought, records: Sequence[str]) -> AsyncIterator[list[str]]:
        """The subjects that name them, page by page; an empty page says that it goes on."""
        if records:
            found = self._aggregates.find({"_id": {"$in": list(records)}}, {"_id": 1}).sort("_id", 1)
            yield [row["_id"] for row in await found.to_list()]
            return
        after = ""
        while True:
            shown = {"state": 1, "outbox": 1}
            page = self._aggregates.find({"_id": {"$gt": after}}, shown).sort("_id", 1).limit(_PAGE)
            rows = await page.to_list(length=_PAGE)
            if not rows:
                return
            span = {"$gt": after, "$lte": rows[-1]["_id"]}
            after = rows[-1]["_id"]
            # In a thread: commands are answered meanwhile.
            subjects = set(await asyncio.to_thread(_naming, rows, sought))
            events: list[Document] = []
            async for event in self._journal.find({"subject": span}).batch_size(200):
                events.append(event)
                if len(events) == 200:
                    subjects |= set(await asyncio.to_thread(_told_of, events, sought))
                    events = []
            subjects |= set(await asyncio.to_thread(_told_of, events, sought))
            yield sorted(subjects)

    async def step(self, subject: str, row: Document, sought: Sought, counts: Counts) -> Step:
        """Do what is to be done for ``subject`` now. Raises where MongoDB is away."""
        for attempt in range(_TRIES):
            document, events = await self._stored(subject)
            if document is None:
                return Step.CLEAN
            whom = await asyncio.to_thread(self._whom, document, events, sought, is_of_whole_records(row))
            state = self._schema.read(document)
            clean, left = await asyncio.to_thread(redacted, state, whom)
            counts.kept |= {f"{subject}: {path}" for path in left}
            named = await asyncio.to_thread(_named, events, whom)
            missing = _uncovered(events, named)
            if clean == state and not missing:
                break
            try:
                await self._command(subject, row, document["version"], whom, missing[:MOST_SCRUBBED])
            except (StaleVersion, Contended):
                await asyncio.sleep(0.01 * attempt)
                continue
            counts.events += 1
            counts.subjects.add(subject)
        else:
            return Step.WAITS
        if not any(named.values()):
            counts.kept |= await asyncio.to_thread(_in_the_chain, events, whom)
            return Step.CLEAN
        if self.alone:
            counts.values += await self._narrow_waiting(subject, events, named)
        elif _on_its_way(document["outbox"], events, named):
            return Step.WAITS
        counts.values += await self._scrub(events, named)
        if not any(event["correlation_id"] == row["_id"] for event in events):
            counts.subjects.add(subject)  # what only the audit had kept
        return Step.DONE

    async def _stored(self, subject: str) -> tuple[Document | None, list[Document]]:
        """The aggregate and its events. The outbox first: an event moves to the journal, never back."""
        document = await self._aggregates.find_one({"_id": subject}, {"commands": 0})
        if document is None:
            return None, []
        rows = await self._journal.find({"subject": subject}).sort(_ORDER).to_list()
        known = {row["_id"] for row in rows}
        rows += [event for event in document["outbox"] if event["_id"] not in known]
        return document, rows

    def _whom(self, document: Document, events: Sequence[Document], sought: Sought, whole: bool) -> Sought:
        """Of a whole record everybody who is a person in it; their names are looked for in its texts, too."""
        if not whole:
            return sought
        names = names_in(self._erasable.model, document["state"])
        for event in events:
            if model := BY_TYPE.get(event["type"]):
                names += names_in(model, put_together(event["data"], event["people"]))
        return Sought(Needle.of(dict.fromkeys(names)), everybody=True)

    async def _command(
        self, subject: str, row: Document, version: int, whom: Sought, missing: Sequence[Place]
    ) -> None:
        """Raises ``StaleVersion`` where a command was quicker: then what it has stored is looked at, too."""
        scrubbed = tuple(Scrubbed(epoch=epoch, sequence=number, path=path) for epoch, number, path in missing)

        def decide(state: S) -> Change[S]:
            clean, _ = redacted(state, whom)
            return Change(clean, (self._erasable.erased(clean, row["_id"], scrubbed),))

        command = Command(
            name=_COMMAND,
            client=f"service:{self._service}",
            actor=row["actor"],
            at=datetime.now(UTC),
            correlation_id=row["_id"],
            on_behalf_of=row["on_behalf_of"],
            expected_version=version,
            erases=True,
        )
        await self._repository.change(subject, command, decide)

    async def _scrub(self, events: Sequence[Document], named: dict[str, list[str]]) -> int:
        """Take the values out of the journal; texts before names, which a whole record's are found by."""
        done = 0
        for texts in (True, False):
            for event in events:
                paths = [path for path in named[event["_id"]] if is_free(event, path) == texts]
                if paths:
                    written = await self._journal.update_one(
                        {"_id": event["_id"]}, {"$pull": {"people": {"path": {"$in": paths}}}}
                    )
                    done += len(paths) if written.modified_count else 0
        return done

    async def _narrow_waiting(
        self, subject: str, events: Sequence[Document], named: dict[str, list[str]]
    ) -> int:
        done = 0
        for event in events:
            if paths := named[event["_id"]]:
                written = await self._aggregates.update_one(
                    {"_id": subject, "outbox._id": event["_id"]},
                    {"$pull": {"outbox.$.people": {"path": {"$in": paths}}}},
                )
                done += len(paths) if written.modified_count else 0
        return done


def _naming(rows: Sequence[Document], sought: Sought) -> list[str]:
    """The aggregates whose state or waiting events name them."""

    def is_in(value: Any) -> bool:
        return isinstance(value, str) and sought.is_in(value)

    return [row["_id"] for row in rows if any_leaf(row["state"], is_in) or any_leaf(row["outbox"], is_in)]


def _told_of(events: Sequence[Document], sought: Sought) -> list[str]:
    """The subjects of events that name them; what exactly is looked at by ``step``."""
    return [
        event["subject"]
        for event in events
        if any(sought.is_in_bytes(entry["value"].encode("utf-8", "replace")) for entry in event["people"])
        or in_the_chain(event, sought)
    ]


def _named(events: Sequence[Document], whom: Sought) -> dict[str, list[str]]:
    return {event["_id"]: named_in_event(event, whom) for event in events}


def _uncovered(events: Sequence[Document], named: dict[str, list[str]]) -> list[Place]:
    """The published values that no event of an erasure has named yet."""
    told: set[Place] = set()
    for event in events:
        if _is_erasure(event):
            told |= {(each["epoch"], each["sequence"], each["path"]) for each in event["data"]["scrubbed"]}
    return [
        place
        for event in events
        for path in published(named[event["_id"]])
        if (place := (event["epoch"], event["sequence"], path)) not in told
    ]


def _on_its_way(outbox: Sequence[Document], events: Sequence[Document], named: dict[str, list[str]]) -> bool:
    """Whether an event that is to be narrowed, the erasure's own or one before them is not published yet."""
    last = max(
        (event["epoch"], event["sequence"]) for event in events if named[event["_id"]] or _is_erasure(event)
    )
    return any((event["epoch"], event["sequence"]) <= last for event in outbox)


def _is_erasure(event: Document) -> bool:
    model = BY_TYPE.get(event["type"])
    return model is not None and issubclass(model, PersonErased)


def _in_the_chain(events: Sequence[Document], whom: Sought) -> set[str]:
    return {event["_id"] for event in events if in_the_chain(event, whom)}
