"""What a service does with events, told in its own database: operators' commands need to know no service.

Two documents of ``meta``: ``owns`` (the topic it publishes and its aggregates' collections) and ``reads``
(the topics it reads, whether it reacts to them, and which collections its views have).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from shared.store.driver import Database
from shared.store.setup import META

OWNS = "owns"
READS = "reads"


@dataclass(frozen=True, slots=True)
class Owns:
    """``aggregates`` are collections of documents with ``epoch``, ``sequence`` and ``head_hash``."""

    topic: str
    aggregates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reads:
    """What a service follows.

    ``reactions``: its ``inbox`` has a mark per subject. ``views``: it has generations of views. ``states``
    are their collections of latest states (``_id`` the subject, ``mark`` its place), ``histories`` those with
    a row per event (``_id`` subject/epoch/sequence), by their names in the first generation. ``selected``
    are the owners' aggregates that the states are of (none: of all), ``passed_over`` the types of events
    that the histories have no row for.
    """

    topics: tuple[str, ...]
    reactions: bool = False
    views: bool = False
    states: tuple[str, ...] = ()
    histories: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


async def tell(database: Database, role: Owns | Reads) -> None:
    """Write the document, as the service is now. Raises where MongoDB is away."""
    name = OWNS if isinstance(role, Owns) else READS
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(role).items()}
    await database[META].replace_one({"_id": name}, fields, upsert=True)


async def owns(database: Database) -> Owns | None:
    """What the service of this database publishes; null: nothing, or it has never run."""
    told = await database[META].find_one({"_id": OWNS}, {"_id": 0})
    return Owns(told["topic"], _names(told["aggregates"])) if told else None


async def reads(database: Database) -> Reads | None:
    """What the service of this database follows; null: nothing, or it has never run."""
    told = await database[META].find_one({"_id": READS}, {"_id": 0})
    if told is None:
        return None
    return Reads(
        topics=_names(told["topics"]),
        reactions=bool(told["reactions"]),
        views=bool(told["views"]),
        states=_names(told["states"]),
        histories=_names(told["histories"]),
        # A release before these were told has none.
        selected=_names(told.get("selected", ())),
        passed_over=_names(told.get("passed_over", ())),
    )


def _names(stored: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(name) for name in stored)
