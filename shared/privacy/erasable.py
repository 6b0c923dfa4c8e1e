"""How somebody is erased from one kind of aggregate: what its service has to tell of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared.contracts.base import PersonErased, Scrubbed
from shared.store.driver import Database
from shared.store.due import Due
from shared.store.repository import OutboxOwner, Repository
from shared.store.schema import Upcasts
from shared.store.setup import JOURNAL

S = TypeVar("S", bound=BaseModel)

Erased = Callable[[Any, str, tuple[Scrubbed, ...]], PersonErased]
"""The event of an aggregate, from its new state, the erasure's id and what earlier events lose."""


@dataclass(frozen=True)
class Erasable(Generic[S]):
    """A kind of aggregate of a service; ``due`` and ``upcasts`` as its repository has them."""

    collection: str
    model: type[S]
    what: str
    erased: Erased
    due: Callable[[], Due[S] | None] = lambda: None
    upcasts: Upcasts | None = None

    def repository(self, database: Database, epoch: int, relay: OutboxOwner | None) -> Repository[S]:
        """One of its own: a command of the erasure shares no round trip with others."""
        return Repository(
            database[self.collection],
            database[JOURNAL],
            self.model,
            epoch=epoch,
            relay=relay,
            what=self.what,
            due=self.due(),
            upcasts=self.upcasts,
        )
