"""What `ponte check` compares, part by part, and how what it finds is looked at again before it counts.

What is merely on its way is no drift: a finding is made only when a second look, in an order in which nothing
healthy can be caught half done, and after a few seconds for the readers, shows the same.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from shared.store.driver import Database, Document
    from shared.store.roles import Owns, Reads

PATIENCE_S: Final = 5.0
"""An event that was published reaches every reader well within this time."""
YOUNG_S: Final = 10.0
"""Only what is younger may still be on its way; a reader that is further behind has drifted."""
LOOK_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: whose, of which subject, at which place, and what it is."""

    where: str
    subject: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.subject} {self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Progress:
    """So many documents of a part have been compared, up to ``after``."""

    done: int
    after: str | None
    findings: Sequence[Finding] = ()


class Part(Protocol):
    """One comparison, which can be taken up behind any id."""

    name: str

    async def total(self) -> int:
        """How many documents it goes through, about; 0: nobody counts them."""
        ...

    def run(self, after: str) -> AsyncIterator[Progress]:
        """Compare what lies behind ``after``. Raises where MongoDB is away."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """A service that publishes."""

    name: str
    database: "Database"
    role: "Owns"


@dataclass(frozen=True, slots=True)
class Reader:
    """A service that reads; ``suffix`` that of its live generation of views."""

    name: str
    database: "Database"
    role: "Reads"
    suffix: str


Place = tuple[int, int]


def place_of(document: "Document") -> Place:
    """Epoch and sequence of an aggregate, an event or a mark."""
    return int(document["epoch"]), int(document["sequence"])


def published_place(aggregate: "Document") -> Place:
    """Where an aggregate stood before whatever still waits in its outbox; (0, 0): nothing has gone out."""
    waiting = aggregate.get("outbox") or []
    if not waiting:
        return place_of(aggregate)
    first = waiting[0]
    return int(first["previous_epoch"]), int(first["sequence"]) - 1


def shown(place: Place) -> str:
    """A place as people write it."""
    return f"{place[0]}/{place[1]}"


OUTBOX_FIELDS: Final = (
    "outbox._id",
    "outbox.sequence",
    "outbox.previous_epoch",
    "outbox.previous",
    "outbox.time",
)
AGGREGATE_FIELDS: Final = ("epoch", "sequence", "head_hash", "updated_at", *OUTBOX_FIELDS)


def young(at: datetime | str) -> bool:
    """Whether what happened at that time may still be on its way."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (datetime.now(UTC) - moment).total_seconds() < YOUNG_S
