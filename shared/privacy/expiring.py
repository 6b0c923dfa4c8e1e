"""What goes by its age and belongs to no record: the audit trail's people, settled messages, last visits.

Each way takes a moment before which things are over. It leaves rows where a chain or a place depends on them,
and may be repeated at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.messaging.dead_letters import COLLECTION as DEAD_LETTERS
from shared.messaging.erased_letters import erase_letter
from shared.messaging.letters import LetterStatus
from shared.messaging.reacting import REFUSED_REACTIONS
from shared.store.changed import AUDIT
from shared.store.driver import Database, Document
from shared.store.setup import JOURNAL, META
from shared.store.trail import AUDIT_ENTRIES

MARKS: Final = "retention"
"""The document of ``meta`` that tells up to which moment rows were gone through, so that each is once."""
SETTLED: Final = (LetterStatus.RESOLVED, LetterStatus.DISCARDED)

_ORIGIN: Final = f"{AUDIT}.origin"

Expire = Callable[[Database, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Expiring:
    """One kind of thing, kept for ``months``; ``expire`` takes out what is older than a moment."""

    what: str
    months: int
    expire: Expire


def of_every_service(*, audit_months: int, messages_months: int) -> tuple[Expiring, ...]:
    """What each service has; a collection that it has not is empty."""
    return (
        Expiring("journal-addresses", audit_months, journal_addresses),
        Expiring("trail-entries", audit_months, trail_people),
        Expiring("settled-letters", messages_months, settled_letters),
        Expiring("refused-reactions", messages_months, refused_reactions),
    )


async def journal_addresses(database: Database, before: datetime) -> int:
    """From where a command came, of events stored before that moment. The event and its hash stay."""
    taken = {"$pull": {"people": {"path": _ORIGIN}}}
    return await _by_time(database, JOURNAL, "time", before, {"people.path": _ORIGIN}, taken)


async def trail_people(database: Database, before: datetime) -> int:
    """Who was refused or has read, and from where; that somebody was or did stays, with its hash."""
    some: Document = {"people": {"$ne": []}}
    return await _by_time(database, AUDIT_ENTRIES, "at", before, some, {"$set": {"people": []}})


async def settled_letters(database: Database, before: datetime) -> int:
    """The bytes of dead letters that were settled before that moment; each stays as a place."""
    letters = database[DEAD_LETTERS]
    done = 0
    async for letter in letters.find({"status": {"$in": [*SETTLED]}, "resolved_at": {"$lt": before}}):
        done += await erase_letter(letters, letter)
    return done


async def refused_reactions(database: Database, before: datetime) -> int:
    """What a rule refused before that moment; marks tell that the event was answered."""
    return int((await database[REFUSED_REACTIONS].delete_many({"at": {"$lt": before}})).deleted_count)


async def visits(database: Database, before: datetime) -> int:
    """When somebody was last at the pages, where that was before that moment."""
    return int((await database["visits"].delete_many({"at": {"$lt": before}})).deleted_count)


async def _by_time(
    database: Database, collection: str, field: str, before: datetime, where: Document, taken: Document
) -> int:
    """Of rows with a time as text: those between where the last run ended and that moment."""
    mark: Any = await database[META].find_one({"_id": MARKS}) or {}
    until = before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    since = mark.get(collection, "")
    if since >= until:
        return 0
    changed = await database[collection].update_many({field: {"$gte": since, "$lt": until}, **where}, taken)
    await database[META].update_one({"_id": MARKS}, {"$set": {collection: until}}, upsert=True)
    return int(changed.modified_count)
