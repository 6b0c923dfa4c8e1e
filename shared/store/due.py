"""When an aggregate becomes due, kept in its document by every save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.store.driver import Document

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Due(Generic[S]):
    """When a state becomes due (null: never), and the name of this rule; another rule has another name."""

    rule: str
    of: Callable[[S], datetime | None]

    def put(self, update: Document, state: S) -> None:
        """Add it to a save. The index is sparse, so what is never due is not in it."""
        update.setdefault("$set", {})["due_rule"] = self.rule
        at = self.of(state)
        if at is None:
            update.setdefault("$unset", {})["due"] = ""
        else:
            update["$set"]["due"] = at
