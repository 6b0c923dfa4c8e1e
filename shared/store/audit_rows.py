"""What was changed, newest first, as an auditor searches it: from the journal and from the outboxes.

The order is by time, then by place: events of one moment have their own order, so that a page that ends
between two of them is continued with the next one. What is stored meanwhile belongs before the first page.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.contracts.base import ERASED_TEXT
from shared.store.changed import AUDIT
from shared.store.driver import Database, Document
from shared.store.people import put_together
from shared.store.setup import JOURNAL

EventPlace = tuple[str, str, int, int]
"""Time, subject, epoch, sequence: where an event stands in the order."""

_ORDER = ("time", "subject", "epoch", "sequence")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exact values by which events are looked for; null: any. ``until`` is excluded."""

    subject: str | None = None
    actor: str | None = None
    on_behalf_of: str | None = None
    command: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def exact(self) -> dict[str, str]:
        """The values by name that are wanted."""
        names = ("subject", "actor", "on_behalf_of", "command")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def bounds(self) -> dict[str, str]:
        """``since`` and ``until`` as they are compared with stored times."""
        both = (("since", self.since), ("until", self.until))
        return {name: stored_time(at) for name, at in both if at is not None}


def stored_time(at: datetime) -> str:
    """A moment as the journal writes it; such texts sort by time."""
    try:
        at = at.astimezone(UTC)
    except OverflowError:  # a day before the calendar begins, or after it ends
        at = at.replace(tzinfo=UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def place_of(event: Document) -> EventPlace:
    """Where a stored event stands in the order."""
    return event["time"], event["subject"], event["epoch"], event["sequence"]


async def changes(
    database: Database,
    aggregates: Sequence[str],
    wanted: Wanted,
    *,
    below: EventPlace | None = None,
    up_to: str | None = None,
    limit: int,
) -> list[Document]:
    """Up to ``limit`` stored events, newest first.

    Those before ``below`` in the order, or before the moment ``up_to``. The outboxes are read before the
    journal: an event moves from one to the other.
    """
    query = _query(wanted, below, up_to)
    waiting: list[Document] = []
    for name in aggregates:
        # The first condition is what the index is read by: few aggregates have something waiting.
        holders: Document = {"outbox._id": {"$gt": ""}, "outbox": {"$elemMatch": query}}
        if wanted.subject is not None:
            holders["_id"] = wanted.subject
        found = [
            event
            async for row in database[name].find(holders, {"outbox": 1})
            for event in row["outbox"]
            if _fits(event, wanted, below, up_to)
        ]
        waiting = heapq.nlargest(limit, [*waiting, *found], key=place_of)
    order = [(name, -1) for name in _ORDER]
    rows = await database[JOURNAL].find(query).sort(order).limit(limit).to_list(length=limit)
    known = {row["_id"] for row in rows}
    rows += [event for event in waiting if event["_id"] not in known]
    return heapq.nlargest(limit, rows, key=place_of)


def _query(wanted: Wanted, below: EventPlace | None, up_to: str | None) -> Document:
    query: Document = dict(wanted.exact())
    if (principal := query.pop("on_behalf_of", None)) is not None:
        query[f"{AUDIT}.on_behalf_of"] = principal
    bounds = wanted.bounds()
    ends = [end for end in (bounds.get("until"), up_to) if end is not None]
    time: Document = {"$lt": min(ends)} if ends else {}
    if "since" in bounds:
        time["$gte"] = bounds["since"]
    if below is not None:
        # The bound is implied by the alternatives and is what an index is read by.
        time["$lte"] = below[0]
        query["$or"] = [
            {**dict(zip(_ORDER, below[:kept], strict=False)), name: {"$lt": below[kept]}}
            for kept, name in enumerate(_ORDER)
        ]
    return {**query, "time": time} if time else query


def _fits(event: Document, wanted: Wanted, below: EventPlace | None, up_to: str | None) -> bool:
    """The same as ``_query`` asks for, of an event of an outbox that holds others, too."""
    exact, bounds, time = wanted.exact(), wanted.bounds(), event["time"]
    told = {**event, "on_behalf_of": (event.get(AUDIT) or {}).get("on_behalf_of")}
    return (
        all(told[name] == value for name, value in exact.items())
        and bounds.get("since", "") <= time
        and all(time < end for end in (bounds.get("until"), up_to) if end is not None)
        and (below is None or place_of(event) < below)
    )


def audit_of(event: Document) -> Document:
    """What the event keeps for the audit, with its values read; an erased one is ``ERASED_TEXT``.

    One that was stored before there was an audit has nothing of it.
    """
    nothing: Document = {"on_behalf_of": None, "origin": None, "changes": []}
    part: Document = {AUDIT: event.get(AUDIT) or nothing}
    told: Document = put_together(part, event["people"], erased=ERASED_TEXT)[AUDIT]
    fields = [
        {"field": each["field"], "before": _value(each["before"]), "after": _value(each["after"])}
        for each in told["changes"]
    ]
    return {**told, "changes": fields}


def _value(text: str | None) -> Any:
    if text is None or text == ERASED_TEXT:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # It was altered, which the audit of the chains tells; it is shown as it is.
        return text
