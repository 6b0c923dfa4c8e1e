"""What an erasure leaves of messages that were set aside: of a dead letter its place, no more."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from bson import Binary

from shared.contracts.base import EventData
from shared.contracts.registry import BY_TYPE
from shared.messaging.envelope import Malformed, Received, from_message
from shared.messaging.letters import LetterStatus, told
from shared.messaging.letters import record_of as message_of
from shared.messaging.record import Record
from shared.messaging.scrubs import Scrubs
from shared.privacy.ledger import sought_lately
from shared.privacy.redacting import Sought, narrowed, without
from shared.privacy.sweeping import Erase
from shared.store.driver import Collection, Database, Document

_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024, "dklen": 32}
_TEXTS: Final = ("error", "why", "subject", "type")
"""What a letter says in words, some of them the message's own."""


class LetterErasing:
    """Narrows what a service has set aside: what is there when an erasure is told, and what comes late."""

    def __init__(self, database: Database, letters: Collection, parked: Collection) -> None:
        self._database = database
        self._letters = letters
        self._parked = parked
        self._scrubs = Scrubs(database)

    async def prepare(self) -> None:
        """Make the indexes."""
        await self._scrubs.prepare()

    async def late(self, letter: Document) -> bool:
        """Whether a new letter is about somebody who was erased before; then it is emptied at once."""
        if "subject" in letter:
            narrow = await self._scrubs.of([letter["subject"]])
            if _place(letter) in narrow.get(letter["subject"], {}):
                return await erase_letter(self._letters, letter)
        erased = await sought_lately(self._database)
        if not erased:
            return False
        parts = (letter["key"], letter["value"], *(raw for _, raw in letter["headers"]))
        if await asyncio.to_thread(lambda: any(erased.is_in_bytes(part) for part in parts)):
            return await erase_letter(self._letters, letter, erased)
        return False

    async def narrow(self, events: Sequence[Received[EventData]]) -> None:
        """Take out what the erasures among ``events`` tell, and note it for what comes later.

        A letter that is no event of its subject may hold anything: it is emptied whole.
        """
        await self._scrubs.note(events)
        for subject, places in (await self._scrubs.of({event.subject for event in events})).items():
            for waiting in await self._parked.find({"subject": subject}).to_list():
                if paths := places.get(_place(waiting)):
                    await narrow_parked(self._parked, waiting, paths)
            whole: Document = {"subject": subject, "status": {"$ne": LetterStatus.ERASED}}
            for letter in await self._letters.find(whole).to_list():
                if _place(letter) in places or not _is_event(letter):
                    await erase_letter(self._letters, letter)


async def erase_letter(letters: Collection, letter: Document, sought: Sought | None = None) -> bool:
    """Empty a dead letter; whether it was not yet. It can never be requeued.

    It keeps its place, and what tells the same message from another one when it is delivered again.
    """
    if letter["status"] == LetterStatus.ERASED and not sought:
        return False
    change: Document = {
        "status": LetterStatus.ERASED,
        "erased_at": datetime.now(UTC),
        "key": None,
        "value": None,
        "headers": [],
        "error": "",
    }
    if letter["status"] != LetterStatus.ERASED:
        salt = os.urandom(16)
        mark = await asyncio.to_thread(_mark, message_of(letter), salt)
        change["was"] = {"salt": Binary(salt), "scrypt": Binary(mark)}
    if sought is not None:
        for name in _TEXTS:
            if isinstance(letter.get(name), str) and name != "error":
                change[name] = sought.without(letter[name])
    written = await letters.update_one({"_id": letter["_id"]}, {"$set": change})
    return bool(written.modified_count)


def was(letter: Document, record: Record) -> bool:
    """Whether ``record`` is the message that an emptied letter had held."""
    kept = letter.get("was")
    return kept is not None and hmac.compare_digest(bytes(kept["scrypt"]), _mark(record, bytes(kept["salt"])))


async def narrow_parked(
    parked: Collection, document: Document, paths: Iterable[str] = (), *, sought: Sought | None = None
) -> bool:
    """Take values out of an event that waits: those at ``paths``, and whatever names the ones ``sought``."""
    record = message_of(document)
    headers = told(record)
    try:
        body: Any = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return False  # it was sound when it was parked
    changed = narrowed(BY_TYPE.get(headers.get("ce_type", "")), body, paths)
    if sought is not None:
        changed = without(body, sought) or changed
    if not changed:
        return False
    written = await parked.update_one(
        {"_id": document["_id"], "value": document["value"]}, {"$set": {"value": Binary(orjson.dumps(body))}}
    )
    return bool(written.modified_count)


def _mark(record: Record, salt: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in (record.key, record.value):
        raw = part or b""
        digest.update(b"%d:%b" % (len(raw), raw))
    return hashlib.scrypt(digest.digest(), salt=salt, **_SCRYPT)


def _place(document: Document) -> tuple[int, int]:
    return document.get("epoch", 0), document.get("sequence", 0)


def _is_event(letter: Document) -> bool:
    record = message_of(letter)
    try:
        from_message(record.value, record.headers)
    except Malformed:
        return False
    return True


async def _letter(letters: Collection, letter: Document, sought: Sought) -> bool:
    return await erase_letter(letters, letter, sought)


async def _parked(parked: Collection, document: Document, sought: Sought) -> bool:
    return await narrow_parked(parked, document, sought=sought)


WAYS: Final[Mapping[str, Erase]] = {"dead_letters": _letter, "parked": _parked}
"""How the collections of set-aside messages are gone through, by their names."""
