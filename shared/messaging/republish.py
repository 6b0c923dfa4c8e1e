"""What readers and owners tell each other, beside the events: heads, requests, and marks of a finished page.

JSON values; the header ``ce_type`` says which it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.messaging.envelope import Malformed
from shared.messaging.record import Record

HEADS_TYPE: Final = "ponte.heads.v1"
REQUEST_TYPE: Final = "ponte.republish.v1"
PAGE_TYPE: Final = "ponte.replay.page.v1"

OWNER_EPOCH: Final = "ponte_ownerepoch"
"""Header of a replayed event: the owner's epoch when it took the event from its journal."""

MOST_SUBJECTS: Final = 500
"""In one request or one message of heads."""

MOST_AHEAD: Final = 64
"""Pages that one question may ask for beside the first."""

Head = tuple[str, int, int, str]
"""Subject, epoch, sequence and chain hash of an aggregate's last published event."""
PlaceOf = tuple[str, int, int]
"""Subject, epoch and sequence."""
Message = tuple[bytes, bytes, list[tuple[str, bytes]]]

M = TypeVar("M", bound="Control")


class Control(BaseModel):
    """A message that is no event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Heads(Control):
    """Where aggregates of the owner of ``topic`` stand; ``epoch`` is the owner's own."""

    topic: str
    epoch: int = Field(ge=1)
    heads: tuple[Head, ...] = ()
    at: datetime


class PageOf(Control):
    """A page of the owner's journal, in the order (subject, epoch, sequence), behind ``after``.

    ``since`` and ``until`` bound the events' times, both included. ``ahead`` are the ids of the pages that
    follow: the owner sends as many of them as there are, without being asked for each.
    """

    after: PlaceOf | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = Field(default=1000, ge=1, le=5000)
    ahead: tuple[str, ...] = Field(default=(), max_length=MOST_AHEAD)


class Request(Control):
    """What ``service`` asks the owner of ``topic`` for.

    What lies above each of ``subjects``, a ``page`` of its journal, or all its ``heads``. ``doubts`` are
    places that were read and that its heads do not show: the owner looks whether it is behind itself.
    """

    id: str = Field(default_factory=lambda: secrets.token_hex(8))
    service: str
    topic: str
    subjects: tuple[PlaceOf, ...] = ()
    doubts: tuple[PlaceOf, ...] = ()
    page: PageOf | None = None
    heads: bool = False

    @property
    def page_key(self) -> str:
        """The same for all pages of one question."""
        page = self.page or PageOf()
        return f"{self.service}|{page.subject}|{page.since}|{page.until}"


class Page(Control):
    """A page that was asked for has been sent.

    ``after`` is where the next one begins (null: there is none), ``events`` how many it had, ``total`` how
    many match in all pages, ``heads`` the last place of each subject in it.
    """

    id: str
    topic: str
    epoch: int
    after: PlaceOf | None = None
    events: int
    total: int
    heads: tuple[Head, ...] = ()


def message(kind: str, control: Control, key: str) -> Message:
    """The Kafka message of ``control``."""
    headers = [("ce_type", kind.encode()), ("content-type", b"application/json")]
    return key.encode(), control.model_dump_json().encode(), headers


def read(model: type[M], record: Record) -> M:
    """The control message in ``record``. Raises ``Malformed``."""
    try:
        return model.model_validate_json(record.value or b"")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = "not-json" if first["type"] == "json_invalid" else "wrong-schema"
        raise Malformed(reason, f"{where}: {first['msg']}") from None


def kind_of(record: Record) -> str:
    """The header ``ce_type``; empty if there is none."""
    return header(record, "ce_type")


def header(record: Record, wanted: str) -> str:
    """A header as text; empty if there is none."""
    for name, raw in record.headers:
        if name == wanted:
            return (raw or b"").decode(errors="replace")
    return ""


def chunks(heads: Sequence[Head]) -> list[tuple[Head, ...]]:
    """As many as one message takes, each."""
    return [tuple(heads[start : start + MOST_SUBJECTS]) for start in range(0, len(heads), MOST_SUBJECTS)]
