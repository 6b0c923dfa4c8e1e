"""Safeties of the product, each taken out of a process by patching it; the product has no switch for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def _patch(owner: Any, name: str, value: Any) -> None:
    """Replace what is there. Raises `AttributeError` where the product no longer has it."""
    getattr(owner, name)
    setattr(owner, name, value)


def no_reconciliation(_: Path) -> None:
    """Nobody compares with the owners' heads, and nothing is asked for again."""
    from shared.messaging.reconcile import Reconciler

    def ignore(self: Reconciler, *_: Any, **__: Any) -> None: ...

    _patch(Reconciler, "want", ignore)
    _patch(Reconciler, "heads", ignore)
    _patch(Reconciler, "ask_for_all_heads", ignore)


def pull_before_publish(_: Path) -> None:
    """Events leave the outbox when the journal has them, whatever Kafka says."""
    _patch_hand_over("_write_journal", "_send")


def pull_before_journal(_: Path) -> None:
    """Events leave the outbox when Kafka has them, whatever the journal says."""
    _patch_hand_over("_send", "_write_journal")


def _patch_hand_over(before: str, after: str) -> None:
    """The outbox is emptied between the two, instead of when both have acknowledged."""
    from shared.messaging.relay import Relay

    for name in (before, after):
        getattr(Relay, name)

    async def hand_over(self: Any, taken: Sequence[Sequence[Any]]) -> list[BaseException | None]:
        outcomes = list(await getattr(self, before)(taken))
        if any(outcomes):
            return outcomes
        lanes = [self._lanes[events[0]["subject"]] for events in taken]
        ids = [[event["_id"] for event in events] for events in taken]
        try:
            await self._pull(
                [(lane.collection, lane.subject, some) for lane, some in zip(lanes, ids, strict=True)]
            )
        except Exception as error:  # noqa: BLE001 - as the product does: the poll takes it up
            return [error] * len(taken)
        return list(await getattr(self, after)(taken))

    _patch(Relay, "_hand_over", hand_over)


def publish_unacknowledged(_: Path) -> None:
    """Events are published while their command's write is still under way."""
    from shared.store.repository import Repository

    original = Repository.__init__

    def begin(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        save = self._batches.save

        async def early(draft: Any) -> bool:
            if self.relay is not None and draft.covered:
                self.relay.offer(self.collection.name, draft.receipt.subject, draft.covered)
            return bool(await save(draft))

        self._batches = _Early(self._batches, early)

    _patch(Repository, "__init__", begin)


class _Early:
    """The repository's batches with another way to save."""

    def __init__(self, batches: Any, save: Any) -> None:
        self._batches = batches
        self.save = save

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batches, name)


def commit_before_work(_: Path) -> None:
    """The offset is committed when a batch was fetched, before anything is done with it."""
    from shared.messaging.reader import Reader

    original = Reader._on_batch

    async def on_batch(self: Any, batch: Any) -> None:
        self._notes.consumer = self._subscription.consumer
        self._notes.note(batch, self._notes.assignment)
        await self._notes.commit()
        await original(self, batch)

    _patch(Reader, "_on_batch", on_batch)


def no_mark(_: Path) -> None:
    """A reaction is carried out at every delivery of its event."""
    from shared.messaging.inbox import Mark
    from shared.messaging.reacting import Reactions
    from shared.store.document import Snapshot

    answered, lane = Snapshot.answered, Reactions._lane

    def never(self: Any, command: Any) -> Any:
        return None if command.source is not None else answered(self, command)

    async def every(self: Any, mark: Mark, items: Any) -> Any:
        for item in items:
            if item.event.place <= mark.place and item.event.type in self._reactions:
                await self._carry_out(item)
        return await lane(self, mark, items)

    _patch(Snapshot, "answered", never)
    _patch(Reactions, "_lane", every)


def mark_before_history(_: Path) -> None:
    """The contiguous mark moves before states and feed are stored."""
    from shared.messaging.viewing import Views

    original = Views._feed

    async def feed(self: Any, target: Any, items: Any) -> set[str]:
        await self._move(target, items, set())
        return await original(self, target, items)

    _patch(Views, "_feed", feed)


def drop_dead_letters(_: Path) -> None:
    """What cannot be used is passed over."""
    from shared.messaging.dead_letters import DeadLetters

    async def drop(self: Any, *_: Any, **__: Any) -> None: ...

    _patch(DeadLetters, "put", drop)


def no_watchdog(_: Path) -> None:
    """Nobody notices a reader that has fallen silent."""
    from shared.messaging.reader import Reader
    from shared.messaging.subscription import Subscription

    async def never(self: Any) -> bool:
        return False

    _patch(Reader, "_silent", never)
    _patch(Subscription, "ended", lambda self: None)
    _patch(Reader, "stuck", lambda self: False)


def w1(_: Path) -> None:
    """A write counts as stored when mongod has it in memory."""
    from motor.motor_asyncio import AsyncIOMotorClient
    from pymongo import AsyncMongoClient

    for kind in (AsyncIOMotorClient, AsyncMongoClient):
        _weaken(kind)


def _weaken(kind: Any) -> None:
    original = kind.__init__

    def begin(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **{**options, "w": 1, "journal": False})

    _patch(kind, "__init__", begin)
