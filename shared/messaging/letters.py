"""What a dead letter is: the message as it came, and what its headers tell about its place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bson import Binary

from shared.messaging.record import Record
from shared.store.driver import Document

REQUEUED: Final = "ponte_requeued"
"""Header of a dead letter's message on its way back to its reader: the letter's ``_id``."""

REPLAY: Final = "ce_replay"
"""Header of an event that its owner sends again: the id of the request that it answers."""

RELEASED: Final = "ponte_released"
"""Header of the empty message that tells a reader to carry out what waits of a subject: the subject."""

DISCARDED: Final = "ponte_discarded"
"""Header beside ``ponte_released``: the ``_id`` of the letter whose place counts as done from now on."""

OWN: Final = frozenset({REQUEUED, REPLAY, RELEASED, DISCARDED})
"""What a message bears only on a replay topic; a requeue does not send it again."""

_LARGEST: Final = 2**63 - 1
_MOST_TEXT: Final = 2000


class LetterStatus(StrEnum):
    """Where a letter stands."""

    OPEN = "open"
    """Somebody has to look at it."""
    REQUEUED = "requeued"
    """Given to its reader once more, which has not answered yet."""
    RESOLVED = "resolved"
    """Carried out."""
    DISCARDED = "discarded"
    """An operator has decided that it can never be used."""
    ERASED = "erased"
    """It named somebody who was erased: its bytes are gone, and its owner may send the event again."""


@dataclass(slots=True)
class StoredRecord:
    """A message that was stored, in the shape in which a reader had it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def record_of(document: Document) -> StoredRecord:
    """The message of a dead letter or of a parked document."""
    return StoredRecord(
        topic=document["topic"],
        partition=document["partition"],
        offset=document["offset"],
        key=_bytes(document["key"]),
        value=_bytes(document["value"]),
        headers=[(name, _bytes(raw) or b"") for name, raw in document["headers"]],
    )


def raw_parts(record: Record) -> Document:
    """Where the message lay and its original bytes, as they are stored."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": _binary(record.key),
        "value": _binary(record.value),
        "headers": [[name, _binary(raw)] for name, raw in record.headers],
    }


def place_of(record: Record) -> Document:
    """``subject``, ``epoch``, ``sequence`` and ``type``, as far as the headers can be read."""
    headers = told(record)
    found: Document = {}
    for field, header in (("subject", "ce_subject"), ("type", "ce_type")):
        if headers.get(header):
            found[field] = clean(headers[header])
    for field, header in (("epoch", "ce_epoch"), ("sequence", "ce_sequence")):
        number = _number(headers.get(header))
        if number is not None:
            found[field] = number
    return found


def told(record: Record) -> dict[str, str]:
    """The headers as text; what is no UTF-8 is shown, not trusted. A header may come without a value."""
    # aiokafka's type says bytes; the protocol allows null, and poison uses what is allowed.
    return {name: (raw or b"").decode(errors="replace") for name, raw in record.headers}


def letter_id(record: Record) -> str:
    """Where the message lies: the same one delivered again is the same letter."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def second_id(record: Record) -> str:
    """For a message at a place where another one lay before: the topic was made anew."""
    digest = hashlib.sha256()
    for part in (record.key, record.value, *(raw for _, raw in record.headers)):
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return f"{letter_id(record)}/{digest.hexdigest()[:12]}"


def same_message(document: Document, record: Record) -> bool:
    """Whether the letter holds these very bytes; its headers may have had others added on their way back."""
    return all(
        (_bytes(then) or b"") == (now or b"")
        for then, now in ((document["value"], record.value), (document["key"], record.key))
    )


def clean(text: str) -> str:
    """The text as MongoDB takes it, at most 2,000 characters of it."""
    return text[:_MOST_TEXT].encode("utf-8", "replace").decode()


def _number(text: str | None) -> int | None:
    try:
        number = int(text or "")
    except ValueError:
        return None
    # Greater ones BSON does not know, and they are nobody's sequence.
    return number if 0 <= number <= _LARGEST else None


def _binary(raw: bytes | None) -> Binary | None:
    return None if raw is None else Binary(raw)


def _bytes(raw: bytes | None) -> bytes | None:
    return None if raw is None else bytes(raw)
