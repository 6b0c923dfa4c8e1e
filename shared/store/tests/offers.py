"""A relay that hands nothing over: it keeps what it was offered."""

import uuid
from dataclasses import dataclass, field

from shared.store.driver import Document


@dataclass
class Lane:
    """The offered events of one aggregate, which all stay in its outbox."""

    rows: list[Document] = field(default_factory=list)
    failed: bool = False

    def left(self) -> list[Document]:
        return list(self.rows)


class Offers:
    """``lose`` makes it give up an aggregate's events, as a relay does when Kafka is away."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        self.events: list[str] = []
        self.lanes: dict[str, Lane] = {}

    def offer(self, collection: str, subject: str, events: list[Document]) -> Lane:
        self.events.extend(event["_id"] for event in events)
        lane = self.lanes.setdefault(subject, Lane())
        known = {row["_id"] for row in lane.rows}
        lane.rows.extend(event for event in events if event["_id"] not in known)
        return lane

    def lose(self, subject: str) -> None:
        self.lanes.pop(subject, Lane()).failed = True
