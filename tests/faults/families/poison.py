"""Messages that nobody can use: each becomes a dead letter with its bytes, and its partition goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from shared.contracts.agenda import MissionScheduled
from shared.contracts.published import example_path
from tests.faults.scene import Row, Scene
from tests.faults.world import OWNERS

Headers = list[tuple[str, bytes]]
READERS = {
    "ponte.agenda": ("dashboard", "agreements", "networks", "dossiers"),
    "ponte.agreements": ("dashboard", "agenda"),
    "ponte.networks": ("dashboard",),
    "ponte.dossiers": ("dashboard",),
}
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Poison:
    """One message and the reason that its dead letter has to give."""

    reason: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def headers(subject: str, **changes: bytes | None) -> Headers:
    """Those of a sound event, with some changed or (null) left out."""
    sound: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": b"5d1c3c7a-6f0b-5c1e-9b0e-0d7a5e0c8f11",
        "ce_type": MissionScheduled.TYPE.encode(),
        "ce_source": b"/ponte/agenda",
        "ce_time": b"2026-11-22T12:00:00.000Z",
        "ce_subject": subject.encode(),
        "ce_epoch": b"1",
        "ce_sequence": b"1",
        "ce_correlationid": b"poison",
        "content-type": b"application/json",
    }
    return [(name, value) for name, value in {**sound, **changes}.items() if value is not None]


def poisons(known: str) -> Sequence[Poison]:
    """One of each kind; `known` is an aggregate that exists, whose first event one of them claims to be."""
    return [
        Poison("not-json", b"poison-1", b"{not json", headers("poison-1")),
        Poison("unknown-type", b"poison-2", b"{}", headers("poison-2", ce_type=b"ponte.agenda.nothing.v1")),
        Poison("wrong-schema", known.encode(), json.dumps({"mission": 3}).encode(), headers(known)),
        Poison("missing-headers", None, b"{}", []),
        Poison("missing-headers", b"poison-3", b"{}", headers("poison-3", ce_sequence=None)),
        Poison("wrong-headers", b"poison-4", SOUND, headers("poison-4", ce_epoch=b"\xff\xfe")),
        Poison("not-json", b"\xff\xfe", b"\x00\xff", [*headers("poison-5"), ("x-odd", b"\xff\xfe\x00")]),
        Poison("not-json", b"poison-6", b"x" * MEGABYTE, headers("poison-6")),
    ]


SOUND = example_path(MissionScheduled.TYPE).read_bytes()


async def poison(scene: Scene) -> None:
    """All kinds on every topic, in the middle of the load; then the letters are compared byte by byte."""
    sent: dict[tuple[str, int, int], Poison] = {}
    known = next(subject for subject, owner in scene.ledger.services.items() if owner == "agenda")
    producer = AIOKafkaProducer(
        bootstrap_servers=scene.world.kafka.bootstrap_servers, max_request_size=2 * MEGABYTE
    )
    async with producer:
        for topic in (f"ponte.{service}" for service in OWNERS):
            for each in poisons(known):
                at = await producer.send_and_wait(topic, each.value, each.key, headers=each.headers)
                sent[topic, at.partition, at.offset] = each
    for topic, readers in READERS.items():
        count = sum(place[0] == topic for place in sent)
        scene.expect_letters(**dict.fromkeys(readers, count))
    scene.saw(f"{len(sent)} unusable messages on {len(READERS)} topics")

    async def letters_are_the_poison() -> list[str]:
        wrong = []
        for (topic, partition, offset), each in sent.items():
            for reader in READERS[topic]:
                name = f"{topic}/{partition}/{offset}"
                letter = await scene.world.database(reader)["dead_letters"].find_one({"_id": name})
                if letter is None:
                    wrong.append(f"{name} ({each.reason}) is no dead letter of {reader}")
                elif letter["reason"] != each.reason:
                    wrong.append(f"{name} of {reader} says {letter['reason']}, expected {each.reason}")
                elif (letter["key"], letter["value"], [tuple(one) for one in letter["headers"]]) != (
                    each.key,
                    each.value,
                    each.headers,
                ):
                    wrong.append(f"{name} of {reader} has not the original bytes")
        return wrong

    scene.afterwards.append(letters_are_the_poison)


ROWS: list[Row] = [
    Row("poison", "not JSON, unknown type, wrong schema, headers missing or not UTF-8, 1 MB", poison, None)
]
