"""CloudEvents 1.0 in Kafka's binary mode: the headers tell about the event, the value is its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import ValidationError

from shared.contracts.base import EventData
from shared.contracts.registry import UnknownType, read
from shared.contracts.upcasts import Unreadable
from shared.store.command import Command, SourceMark
from shared.store.events import event_id, public_body

LARGEST = 2**63 - 1
"""MongoDB's largest integer."""

_SPEC_VERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")

E = TypeVar("E", bound=EventData, covariant=True)
Headers = Sequence[tuple[str, bytes]]


class Malformed(Exception):
    """A message that cannot be an event of ours; ``reason`` is a stable word, the text tells more."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event as a reader has it: where it stands in its aggregate's life, and its data."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    epoch: int
    sequence: int
    correlation_id: str
    actor: str
    traceparent: str | None
    data: E
    previous_epoch: int = 0
    """The epoch of the subject's event before this one; 0: this is its first."""
    hash: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """(epoch, sequence): where it stands in its subject's life."""
        return self.epoch, self.sequence

    def command(self, name: str, *, service: str, at: datetime) -> Command:
        """The context of a reaction to this event; ``service`` acts, ``at`` is when (UTC)."""
        return Command(
            name=name,
            client=f"service:{service}",
            actor=f"service:{service}",
            at=at,
            correlation_id=self.correlation_id,
            causation_id=self.id,
            traceparent=self.traceparent,
            source=SourceMark(self.subject, self.epoch, self.sequence),
        )


def to_message(stored: dict[str, Any], source: str) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of a stored event as ``source`` (such as ``/ponte/agenda``) publishes it."""
    subject, epoch, sequence = stored["subject"], stored["epoch"], stored["sequence"]
    key = subject.encode()
    headers = [
        _SPEC_VERSION,
        ("ce_id", event_id(subject, epoch, sequence).encode()),
        ("ce_type", stored["type"].encode()),
        ("ce_source", source.encode()),
        ("ce_time", stored["time"].encode()),
        ("ce_subject", key),
        ("ce_epoch", b"%d" % epoch),
        ("ce_sequence", b"%d" % sequence),
        ("ce_previousepoch", b"%d" % stored["previous_epoch"]),
        ("ce_correlationid", stored["correlation_id"].encode()),
        ("ce_actor", stored["actor"].encode()),
        ("ce_hash", stored["hash"].encode()),
        _JSON,
    ]
    for name, field in (("ce_causationid", "causation_id"), ("traceparent", "traceparent")):
        if (value := stored[field]) is not None:
            headers.append((name, value.encode()))
    return key, orjson.dumps(public_body(stored)), headers


def from_message(value: bytes | None, headers: Headers) -> Received[EventData]:
    """The event in a message. Raises ``Malformed`` with the reason a person needs to find its maker."""
    # A header of other bytes than UTF-8 must not stop a partition: it is shown, not trusted.
    # One without a value is allowed by the protocol, whatever aiokafka's types say.
    told = {name: (raw or b"").decode(errors="replace") for name, raw in headers}
    missing = [
        name
        for name in ("ce_type", "ce_subject", "ce_epoch", "ce_sequence", "ce_id", "ce_time")
        if not told.get(name)
    ]
    if missing:
        raise Malformed("missing-headers", f"no {', '.join(missing)}")
    try:
        data = read(told["ce_type"], value or b"")
    except UnknownType:
        raise Malformed("unknown-type", f"no contract for {told['ce_type']!r}") from None
    except Unreadable as error:
        raise Malformed("wrong-schema", str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = "not-json" if first["type"] == "json_invalid" else "wrong-schema"
        where = ".".join(str(part) for part in first["loc"])
        raise Malformed(reason, f"{where}: {first['msg']} ({error.error_count()} in all)") from None
    try:
        time = datetime.fromisoformat(told["ce_time"]).astimezone(UTC)
        epoch, sequence = int(told["ce_epoch"]), int(told["ce_sequence"])
        previous_epoch = int(told.get("ce_previousepoch") or (epoch if sequence > 1 else 0))
    except (ValueError, OverflowError) as error:
        raise Malformed("wrong-headers", str(error)) from None
    if not (1 <= epoch <= LARGEST and 1 <= sequence <= LARGEST and 0 <= previous_epoch <= epoch):
        raise Malformed("wrong-headers", f"epoch {epoch}, sequence {sequence}, before it {previous_epoch}")
    return Received(
        id=told["ce_id"],
        type=data.TYPE,
        source=told.get("ce_source", ""),
        subject=told["ce_subject"],
        time=time,
        epoch=epoch,
        sequence=sequence,
        correlation_id=told.get("ce_correlationid") or told["ce_id"],
        actor=told.get("ce_actor", ""),
        traceparent=told.get("traceparent"),
        data=data,
        previous_epoch=previous_epoch,
        hash=told.get("ce_hash", ""),
    )
