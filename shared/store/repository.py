"""Aggregates in MongoDB: a command changes one document, and its events are stored in the same write."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from shared.domain import Change, NotFound
from shared.domain.errors import Refusal
from shared.store.batches import Batches
from shared.store.changed import AUDIT
from shared.store.command import Command, Receipt
from shared.store.document import Loaded, Snapshot, answer_path
from shared.store.driver import AWAY, Collection, Document
from shared.store.due import Due
from shared.store.errors import AlreadyExists, Contended, StaleVersion, Unavailable
from shared.store.events import differing_fields, public_body
from shared.store.kept import Entry, Kept, UnderWay, fresh
from shared.store.schema import Schema, Upcasts
from shared.store.turns import Turns

S = TypeVar("S", bound=BaseModel)

MAX_TRIES = 30
"""How often a command is decided anew on a fresh document before it is refused as contended."""

MAX_AWAY_S = 10.0
"""How long a command waits for an engine that is away before it is answered 503 (seconds)."""


class OutboxOwner(Protocol):
    """The relay, as the repository sees it."""

    token: str

    def offer(self, collection: str, subject: str, events: list[Document]) -> UnderWay:
        """Publish ``events``, which a majority-acknowledged claim of ``token`` covers, in order."""


class Repository(Generic[S]):
    """One kind of aggregate of one service; one object of it per process, so that commands share round trips.

    ``decide`` functions are pure and may run several times: once for every document that somebody else
    changed in between.
    """

    def __init__(
        self,
        collection: Collection,
        journal: Collection,
        model: type[S],
        *,
        epoch: int,
        relay: OutboxOwner | None = None,
        what: str = "id",
        due: Due[S] | None = None,
        upcasts: Upcasts | None = None,
    ) -> None:
        self.collection = collection
        self.journal = journal
        self.schema = Schema(model, upcasts)
        self.epoch = epoch
        self.relay = relay
        self.what = what
        self.due = due
        self._batches = Batches(collection)
        self._turns = Turns(what)
        self._kept = Kept()

    async def get(self, subject: str) -> Loaded[S]:
        """The aggregate as it stands. Raises ``NotFound``."""
        document = await self.collection.find_one({"_id": subject}, {"outbox": 0, "commands": 0})
        if document is None:
            raise NotFound(field=self.what, value=subject)
        return Loaded.of(document, self.schema)

    async def page(
        self, *, after: str | None = None, limit: int = 100, where: Mapping[str, Any] | None = None
    ) -> list[Loaded[S]]:
        """Up to ``limit`` aggregates with an id above ``after``, by id; ``where`` filters on state fields."""
        query: Document = {f"state.{field}": value for field, value in (where or {}).items()}
        if after is not None:
            query["_id"] = {"$gt": after}
        found = self.collection.find(query, {"outbox": 0, "commands": 0}).sort("_id", 1).limit(limit)
        return [Loaded.of(document, self.schema) for document in await found.to_list(length=limit)]

    async def history(self, subject: str) -> list[Document]:
        """Every event of the aggregate in order, as published today. Raises ``NotFound``."""
        shown = ("epoch", "sequence", "type", "time", "actor", "command")
        rows = await self._past(subject)
        return [{**{name: row[name] for name in shown}, "data": public_body(row)} for row in rows]

    async def _past(self, subject: str) -> list[Document]:
        """The stored events in order.

        The outbox is read before the journal: an event moves from one to the other, never back.
        """
        document = await self.collection.find_one({"_id": subject}, {"outbox": 1})
        if document is None:
            raise NotFound(field=self.what, value=subject)
        found = self.journal.find({"subject": subject}, {AUDIT: 0})
        rows = await found.sort([("epoch", 1), ("sequence", 1)]).to_list()
        known = {row["_id"] for row in rows}
        rows.extend(event for event in document["outbox"] if event["_id"] not in known)
        return sorted(rows, key=lambda row: (row["epoch"], row["sequence"]))

    async def create(self, subject: str, command: Command, decide: Callable[[], Change[S]]) -> Receipt:
        """Store a new aggregate. Raises ``AlreadyExists``, or what ``decide`` refuses."""

        def only_new(state: S | None) -> Change[S]:
            if state is not None:
                raise AlreadyExists(field=self.what, value=subject)
            return decide()

        return await self._execute(subject, command, only_new)

    async def change(self, subject: str, command: Command, decide: Callable[[S], Change[S]]) -> Receipt:
        """Change an aggregate. Raises ``NotFound``, ``StaleVersion``, or what ``decide`` refuses."""

        def only_known(state: S | None) -> Change[S]:
            if state is None:
                raise NotFound(field=self.what, value=subject)
            return decide(state)

        return await self._execute(subject, command, only_known)

    async def put(self, subject: str, command: Command, decide: Callable[[S | None], Change[S]]) -> Receipt:
        """Create or change an aggregate, as an import does."""
        return await self._execute(subject, command, decide)

    async def _execute(
        self, subject: str, command: Command, decide: Callable[[S | None], Change[S]]
    ) -> Receipt:
        """Load, decide, save; again on a fresh document where another process was quicker.

        After a write of unknown fate the next load finds the command's own key, if it was stored.
        """
        if command.key is None and command.source is None:
            command = replace(command, key=f"once-{secrets.token_hex(12)}")
        await self._turns.take(subject)
        try:
            return await self._carry_out(subject, command, decide)
        finally:
            self._turns.give(subject)

    async def _carry_out(
        self, subject: str, command: Command, decide: Callable[[S | None], Change[S]]
    ) -> Receipt:
        if command.source is None:
            receipt = await self._try_on_kept(subject, command, decide)
            if receipt is not None:
                return receipt
        away_since: float | None = None
        tries = 0
        while tries < MAX_TRIES:
            try:
                receipt = await self._try(subject, command, decide)
            except AWAY as error:
                now = asyncio.get_running_loop().time()
                away_since = away_since or now
                if now - away_since > MAX_AWAY_S:
                    raise Unavailable(field="mongodb", value=type(error).__name__) from error
                await asyncio.sleep(0.1)
                continue
            if receipt is not None:
                return receipt
            away_since = None
            tries += 1
            await asyncio.sleep(random.uniform(0, 0.002 * tries))  # noqa: S311 (a pause, not a secret)
        raise Contended(field=self.what, value=subject)

    async def _try(
        self, subject: str, command: Command, decide: Callable[[S | None], Change[S]]
    ) -> Receipt | None:
        """The answer, or null where another process changed the aggregate between load and save."""
        self._kept.take(subject)
        snapshot = Snapshot(await self._batches.load(subject, answer_path(command)), subject)
        earlier = snapshot.answered(command)
        if earlier is not None:
            return earlier
        if snapshot.wants_all_keys(command):
            snapshot = Snapshot(await self.collection.find_one({"_id": subject}), subject, whole=True)
        if command.expected_version not in (None, snapshot.version):
            raise await self._stale(subject, command.expected_version, snapshot.version)
        state = snapshot.state(self.schema)
        change = decide(state)
        if not change.events and change.state == state and command.source is None:
            return snapshot.unchanged(self.epoch)
        return await self._save(snapshot, command, change)

    async def _try_on_kept(
        self, subject: str, command: Command, decide: Callable[[S | None], Change[S]]
    ) -> Receipt | None:
        """The answer, or null where the aggregate has to be loaded to know it.

        No refusal is made on a document that may be out of date, nor is it said that there is nothing to do.
        """
        entry = self._kept.take(subject)
        if entry is None:
            return None
        snapshot = entry.snapshot(subject)
        if command.expected_version not in (None, snapshot.version) or snapshot.wants_all_keys(command):
            return None
        try:
            state = snapshot.state(self.schema)
            change = decide(state)
            if not change.events:
                return None
            return await self._save(snapshot, command, change, entry)
        except Refusal:
            return None
        except AWAY:
            return None

    async def _save(
        self, snapshot: Snapshot, command: Command, change: Change[S], entry: Entry | None = None
    ) -> Receipt | None:
        """Store ``change`` and have its events published; null where ``snapshot`` was out of date."""
        draft = snapshot.draft(
            change,
            command,
            epoch=self.epoch,
            relay=self.relay,
            due=self.due,
            schema_version=self.schema.version,
        )
        if entry is not None:
            draft = replace(draft, filter=entry.filter(draft, answer_path(command)))
        if not await self._batches.save(draft):
            return None
        if self.relay is not None and draft.covered:
            events = fresh(draft.covered, entry, len(change.events))
            under_way = self.relay.offer(self.collection.name, snapshot.subject, events)
            self._kept.put(draft, snapshot.document, self.relay.token, under_way)
        return draft.receipt

    async def _stale(self, subject: str, expected: int | None, current: int) -> StaleVersion:
        """The refusal of a caller who saw version ``expected``, with the fields that changed since."""
        rows = await self._past(subject) if current else []
        seen = [row for row in rows if expected is not None and row["version"] <= expected]
        difference = differing_fields(public_body(seen[-1]), public_body(rows[-1])) if seen else None
        return StaleVersion(field="version", value=expected, current=current, difference=difference)
