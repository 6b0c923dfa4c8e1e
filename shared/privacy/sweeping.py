"""Takes somebody out of everything else that a service's database holds: views, letters, outcomes, sessions.

What is known has its own way, which is given: a dead letter loses its bytes, a session ends. For all else a
value that names them is taken out where it stands, in every collection that there is, so that no new one is
forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from bson import Binary

from shared.privacy.redacting import Sought, leaves, without
from shared.store.driver import Collection, Database, Document, forgiving
from shared.store.presence import REPLICAS
from shared.store.setup import ERASURES, JOURNAL, META, SCRUBS

_LEFT_ALONE: Final = frozenset({JOURNAL, ERASURES, REPLICAS, SCRUBS, "used_links", "checkpoints"})
"""The journal has its own way; the others hold ids, hashes and times of Ponte's own."""
_PAGE: Final = 100
_TRIES: Final = 5

Erase = Callable[[Collection, Document, Sought], Awaitable[bool]]
"""Takes those who are sought out of a document that names them; whether it has changed."""
LETTERS: Final = "dead_letters"
NARROWED: Final = "narrowed"


async def sweep(
    database: Database,
    aggregates: Sequence[str],
    sought: Sought,
    *,
    ways: Mapping[str, Erase],
    alive: Callable[[], Awaitable[None]],
) -> dict[str, int]:
    """Go through every collection but the ``aggregates``; how many ``letters`` and ``documents`` changed.

    ``ways`` are by collection; ``alive`` is called now and then. Raises where MongoDB is away.
    """
    ways = {**_OF_SOMEBODY, **ways}
    letters = documents = 0
    for name in sorted(await database.list_collection_names()):
        if name in _LEFT_ALONE or name in aggregates or name.startswith("system."):
            continue
        changed = await _sweep(database[name], ways.get(name, _in_place), sought, alive)
        if name == LETTERS:
            letters += changed
        else:
            documents += changed
    if documents:
        await note_narrowed(database)
    return {"letters": letters, "documents": documents}


async def _sweep(
    collection: Collection, erase: Erase, sought: Sought, alive: Callable[[], Awaitable[None]]
) -> int:
    """By id, of whatever kind; what comes in meanwhile is seen to where it comes in."""
    changed = 0
    page: list[Document] = []
    async for document in forgiving(collection).find({}).sort("_id", 1).batch_size(_PAGE):
        page.append(document)
        if len(page) == _PAGE:
            changed += await _page(collection, page, erase, sought)
            page = []
            await alive()
    return changed + await _page(collection, page, erase, sought)


async def _page(collection: Collection, page: Sequence[Document], erase: Erase, sought: Sought) -> int:
    touched = await asyncio.to_thread(lambda: [each for each in page if _names(each, sought)])
    return sum([await erase(collection, document, sought) for document in touched])


def _names(document: Document, sought: Sought) -> bool:
    return any(
        sought.is_in(value) if isinstance(value, str) else sought.is_in_bytes(value)
        for _, value in leaves(document)
        if isinstance(value, str | bytes)
    )


async def _in_place(collection: Collection, document: Document, sought: Sought) -> bool:
    """What is chained beside its values loses the values; else each value is narrowed where it stands.

    Written only if the document is still the one that was read; else it is looked at once more.
    """
    found: Document | None = document
    for _ in range(_TRIES):
        if found is None:
            return False
        new = _narrowed(found, sought)
        if new is None:
            return False
        changes = {name: value for name, value in new.items() if value != found[name]}
        before = {name: found[name] for name in changes}
        written = await collection.update_one({"_id": found["_id"], **before}, {"$set": changes})
        if written.matched_count:
            return True
        found = await forgiving(collection).find_one({"_id": document["_id"]})
    return False


def _narrowed(document: Document, sought: Sought) -> Document | None:
    """The document without them; null: nothing of it can be changed."""
    new: Document = _copy({name: value for name, value in document.items() if name != "_id"})
    people = new.get("people")
    if isinstance(people, list) and "hash" in new:
        new["people"] = [
            entry for entry in people if not (isinstance(entry, Mapping) and _names(dict(entry), sought))
        ]
    else:
        without(new, sought)
        _emptied(new, sought)
    return None if new == {name: document[name] for name in new} else new


def _emptied(node: Any, sought: Sought) -> None:
    """Bytes that name them are emptied: what they are is not known."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        if isinstance(value, bytes):
            if sought.is_in_bytes(value):
                node[key] = Binary(b"")
        else:
            _emptied(value, sought)


def _copy(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _copy(value) for key, value in node.items()}
    return [_copy(value) for value in node] if isinstance(node, list) else node


async def _gone(collection: Collection, document: Document, sought: Sought) -> bool:  # noqa: ARG001
    """A session or a last visit is somebody's: it goes whole, and whoever it is signs in again."""
    return bool((await collection.delete_one({"_id": document["_id"]})).deleted_count)


_OF_SOMEBODY: Final[Mapping[str, Erase]] = {"sessions": _gone, "visits": _gone}


async def note_narrowed(database: Database) -> None:
    """Tell every replica that rows of its views have lost something: what it remembers of them is old."""
    await database[META].update_one({"_id": NARROWED}, {"$inc": {"count": 1}}, upsert=True)


async def narrowed_count(database: Database) -> int:
    """How often that was told."""
    told = await database[META].find_one({"_id": NARROWED})
    return int(told["count"]) if told else 0
