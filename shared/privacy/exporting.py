"""Everything that one service's database holds about a person, page by page.

Every collection is read, whatever it is for, in the order of its ids: a page says where the next one begins,
and an export that was interrupted goes on from there.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bson import ObjectId
from bson.errors import BSONError

from shared.domain.errors import ImpossibleValue
from shared.privacy.finding import Find, Sought, finds
from shared.store.driver import Database, forgiving
from shared.store.setup import JOURNAL

MOST_DOCUMENTS: Final = 20_000
"""So many documents are looked at for one page."""
MOST_FINDS: Final = 500
"""A page ends after the document with which it has so many."""
PAGE_S: Final = 5.0
"""So long (seconds) a page is worked at, so that a request is answered while others are."""
_GENERATION: Final = re.compile(r"\.g\d+$")
_BREATH: Final = 50
"""Documents after which other requests have their turn."""


@dataclass(frozen=True, slots=True)
class Found:
    """One place where the person stands: the collection, the document's id, and the find in it."""

    collection: str
    id: str
    find: Find


@dataclass(slots=True)
class ExportPage:
    """``next`` is where the following page begins; null: this is the last. ``looked_at`` counts documents."""

    items: list[Found] = field(default_factory=list)
    looked_at: int = 0
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """After which document of which collection to go on; ``after`` null: from its first."""

    collection: str
    after: Any = None

    def token(self) -> str:
        """As a caller gives it back. An id may be a person's: it is not shown as it is."""
        kind = _kind(self.after)
        told = [self.collection, kind, str(self.after) if kind == "oid" else self.after]
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()

    @classmethod
    def of(cls, token: str) -> Place:
        """Raises ``ImpossibleValue`` for what no page has given."""
        try:
            collection, kind, after = json.loads(
                base64.b64decode(token.encode(), altchars=b"-_", validate=True)
            )
            if kind == "oid":
                after = ObjectId(str(after))
            if not isinstance(collection, str) or _kind(after) != kind:
                raise TypeError(token)
            str(after).encode()  # what is no text, MongoDB does not take
        except (ValueError, TypeError, BSONError, RecursionError):
            raise ImpossibleValue(
                field="after",
                value=token,
                en="no page has given this; leave it out for the first one.",
                it="nessuna pagina lo ha indicato; ometterlo per la prima.",
            ) from None
        return cls(collection, after)


def _kind(key: object) -> str:
    """The kinds of ids that documents have here. Raises ``TypeError`` for another."""
    if isinstance(key, ObjectId):
        return "oid"
    if isinstance(key, int) and not isinstance(key, bool) and abs(key) < 2**63:
        return "int"
    if isinstance(key, str):
        return "text"
    if key is None:
        return "first"
    raise TypeError(type(key).__name__)


async def export_page(database: Database, sought: Sought, after: str | None = None) -> ExportPage:
    """What ``database`` holds about the person, from where ``after`` (an earlier page's ``next``) says.

    Raises ``ImpossibleValue`` for an ``after`` that is none.
    """
    names = await collections(database)
    begin = Place.of(after) if after is not None else Place(names[0] if names else "")
    page, deadline = ExportPage(), time.monotonic() + PAGE_S
    for name in names:
        if _order(name) < _order(begin.collection):
            continue
        start = begin.after if name == begin.collection else None
        page.next = await _read(database, Place(name, start), sought, page, deadline)
        if page.next is not None:
            break
    return page


async def documents(database: Database) -> int:
    """About how many documents an export looks at."""
    counted = [await database.command({"count": name}) for name in await collections(database)]
    return sum(int(answer["n"]) for answer in counted)


async def collections(database: Database) -> Sequence[str]:
    """Every collection. The journal comes last: an event moves into it from a record's outbox, never back."""
    names = await database.list_collection_names()
    return sorted((name for name in names if not name.startswith("system.")), key=_order)


def _order(collection: str) -> tuple[bool, str]:
    return (collection == JOURNAL, collection)


async def _read(
    database: Database, begin: Place, sought: Sought, page: ExportPage, deadline: float
) -> str | None:
    """Look through a collection; where it had to stop, or null at its end."""
    query = {} if begin.after is None else {"_id": {"$gt": begin.after}}
    found = forgiving(database[begin.collection]).find(query).sort("_id", 1).limit(MOST_DOCUMENTS)
    async for document in found:
        page.looked_at += 1
        page.items.extend(
            Found(begin.collection, str(document["_id"]), find) for find in finds(document, sought)
        )
        enough = page.looked_at >= MOST_DOCUMENTS or len(page.items) >= MOST_FINDS
        if (enough or time.monotonic() > deadline) and isinstance(document["_id"], str | int | ObjectId):
            return Place(begin.collection, document["_id"]).token()
        if page.looked_at % _BREATH == 0:
            await asyncio.sleep(0)
    return None


def base_name(collection: str) -> str:
    """The name that a collection of views has in its first generation: ``feed`` of ``feed.g3``."""
    return _GENERATION.sub("", collection)
