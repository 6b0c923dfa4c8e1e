"""A message as it is taken up: what it is, whose it is, and how it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.base import EventData
from shared.contracts.registry import BY_TOPIC
from shared.messaging.envelope import Received, from_message
from shared.messaging.letters import REPLAY, REQUEUED
from shared.messaging.record import Record
from shared.messaging.republish import OWNER_EPOCH, header

Event = Received[EventData]

TOPIC_OF = {model.TYPE: topic for topic, models in BY_TOPIC.items() for model in models}


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event with the message that brought it.

    ``topic`` is its owner's, ``answered_in`` the owner's epoch when it sent the event again from its journal
    (0: it came live), ``replay`` the question that this answers, ``letter`` the dead letter that an operator
    has requeued ("": none).
    """

    record: Record
    event: Event
    topic: str
    answered_in: int = 0
    replay: str = ""
    letter: str = ""


def incoming(record: Record) -> Incoming:
    """The event in ``record``. Raises ``Malformed``."""
    event = from_message(record.value, record.headers)
    told = header(record, OWNER_EPOCH)
    return Incoming(
        record=record,
        event=event,
        topic=TOPIC_OF[event.type],
        answered_in=int(told) if told.isdecimal() and len(told) < 19 else 0,
        replay=header(record, REPLAY),
        letter=header(record, REQUEUED),
    )


def by_subject(items: Sequence[Incoming]) -> dict[str, list[Incoming]]:
    """The items of each subject, in the order of their places."""
    lanes: dict[str, list[Incoming]] = {}
    for item in items:
        lanes.setdefault(item.event.subject, []).append(item)
    for lane in lanes.values():
        lane.sort(key=lambda item: item.event.place)
    return lanes


def topics_of(items: Sequence[Incoming]) -> dict[str, str]:
    """Each subject with its owner's topic."""
    return {item.event.subject: item.topic for item in items}
