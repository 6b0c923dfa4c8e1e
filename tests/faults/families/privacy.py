"""Erasures while something about the person is on its way: nothing of them is found afterwards."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from bson import BSON

from shared.contracts.agenda import MissionScheduled
from shared.testing.waiting import eventually
from tests.faults import log
from tests.faults.families.poison import READERS, headers
from tests.faults.points import MARKED
from tests.faults.scene import LONG_RATE, Row, Scene
from tests.faults.world import SERVICES, TOPICS, now

PAUSED, POISON = f"Zoraide {MARKED.decode()}", f"Odilia {MARKED.decode()}"
"""Each row erases somebody else: who was erased once is looked for in every letter that comes later."""
AGENDA = READERS["ponte.agenda"]
"""Who reads the agenda's topic."""


async def erase_paused(scene: Scene) -> None:
    """A relay is stopped when it has taken the person's event, and goes on when the erasure is over."""
    mission, replica = await planted(scene, PAUSED), scene.world.replicas["agenda"][0]
    before = len(replica.fired())
    replica.arm("name-in-hand")
    try:
        await eventually(lambda: corrected(scene, mission, before), within=40)
        stopped = now()
        pid = replica.pid or 0
        await erased(scene, PAUSED)
        scene.saw(f"{replica.name} stopped with the event in its hands; erased {now() - stopped:.1f} s later")
        ends = await log.ends(scene.world.kafka.bootstrap_servers, TOPICS)
    finally:
        replica.disarm()
        os.kill(replica.pid or 0, signal.SIGCONT)
    since = now()
    if pid != replica.pid:
        scene.problems.append(f"{replica.name} was replaced while it was stopped")
    late = await eventually(lambda: sent_late(scene, ends), within=30)
    scene.saw(f"it went on and published {late} events with the name after the erasure")
    await scene.recover(since=since)
    scene.afterwards.append(lambda: left(scene))


async def erase_poison(scene: Scene) -> None:
    """Messages that nobody can read name the person, before the erasure and once more after it."""
    mission = await planted(scene, POISON)
    await send_poison(scene, mission)
    await eventually(lambda: letters_with_the_name(scene, len(poison(mission))), within=60)
    scene.saw(f"{len(poison(mission))} unusable messages with the name in the dead letters of each reader")
    await erased(scene, POISON)
    empty = [await count(scene, reader, {"status": "erased"}) for reader in AGENDA]
    scene.saw(f"{sum(empty)} of these letters were emptied")
    await send_poison(scene, mission)
    expected = 2 * len(poison(mission))
    scene.expect_letters(**dict.fromkeys(AGENDA, expected))
    await eventually(lambda: all_empty(scene, expected), within=60)
    scene.saw("and those that came once more, as they came")
    await scene.recover(since=now())
    scene.afterwards.append(lambda: left(scene))


async def planted(scene: Scene, name: str) -> str:
    """A mission with the name in everything that is published, and in what is not."""
    who = {"function": "Councillor", "name": name}
    more = {"title": f"Visit of {name}", "holder": who, "delegation": [who], "note": f"As {name} asked"}
    entry = await scene.load.create("agenda", more)
    await scene.load.create("agenda", {**more, "reserved": True})
    return entry.subject


async def corrected(scene: Scene, mission: str, before: int) -> None:
    """One correction more that names the person; it has to come to the replica that waits for it."""
    replica = scene.world.replicas["agenda"][0]
    if len(replica.fired()) == before:
        body = {"title": f"{PAUSED} again, {now():.3f}"}
        await scene.load.post("agenda", f"/v1/missions/{mission}/correct", body)
    assert len(replica.fired()) > before


async def erased(scene: Scene, person: str) -> None:
    """Ask every service for the erasure, any of its processes that answers, and wait until all are done."""
    body = {"names": [person], "reason": "A fault"}
    head = {"idempotency-key": f"{scene.load.name}-erasure"}
    asked: dict[str, str] = {}
    for service in SERVICES:
        # The first process of the agenda may be stopped.
        answer = await scene.world.http.post(
            f"{scene.world.replicas[service][1].url}/v1/people/erasures", json=body, headers=head
        )
        assert answer.status_code == 202, answer.text
        asked[service] = answer.json()["erasure_id"]
    for service, name in asked.items():
        await eventually(partial(done, scene, service, name), within=90, every=0.3)


async def done(scene: Scene, service: str, name: str) -> None:
    row = await scene.world.database(service)["erasures"].find_one({"_id": name})
    assert row is not None
    assert row["state"] == "done", row["state"]


async def sent_late(scene: Scene, ends: log.Ends) -> int:
    """How many messages with the name came behind `ends`."""
    messages = await log.since(scene.world.kafka.bootstrap_servers, ends, TOPICS)
    count = sum(MARKED in (message.value or b"") for message in messages)
    assert count
    return count


def poison(mission: str) -> Sequence[tuple[bytes, list[tuple[str, bytes]]]]:
    about = json.dumps({"mission": {"holder": {"function": "Councillor", "name": POISON}}}).encode()
    return [
        (about, headers(mission)),
        (about, headers(mission, ce_sequence=None)),
        (f"{{not json, {POISON}".encode(), headers("poison-name")),
        (f"<mission>{POISON}</mission>".encode("utf-16-le"), [("ce_type", MissionScheduled.TYPE.encode())]),
        (b"{}", [("x-about", POISON.encode())]),
    ]


async def send_poison(scene: Scene, mission: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=scene.world.kafka.bootstrap_servers) as producer:
        for value, heads in poison(mission):
            await producer.send_and_wait("ponte.agenda", value, mission.encode(), headers=heads)


async def count(scene: Scene, reader: str, where: dict[str, Any]) -> int:
    return await scene.world.database(reader)["dead_letters"].count_documents(where)


async def letters_with_the_name(scene: Scene, expected: int) -> None:
    for reader in AGENDA:
        rows = await scene.world.database(reader)["dead_letters"].find({}).to_list()
        assert sum(names(row) for row in rows) >= expected - 1  # one names only in UTF-16


async def all_empty(scene: Scene, expected: int) -> None:
    for reader in AGENDA:
        assert await count(scene, reader, {"status": "erased"}) >= expected


def names(document: Any) -> bool:
    return MARKED in bytes(BSON.encode(document)).replace(b"\x00", b"")


async def left(scene: Scene) -> list[str]:
    """Where in the databases the name still stands."""
    found = []
    for service in SERVICES:
        database = scene.world.database(service)
        for name in await database.list_collection_names():
            documents = await database[name].find({}).to_list()
            named = [document["_id"] for document in documents if names(document)]
            found += [f"{service}.{name} {one} names who was erased" for one in named]
    return found


ROWS: list[Row] = [
    Row(
        "erasure-paused-relay",
        "an erasure while a relay is stopped (SIGSTOP) with the person's event in its hands",
        erase_paused,
        None,
        rate=LONG_RATE,
        heals=True,
    ),
    Row(
        "erasure-poison",
        "an erasure with poison about the same person in dead letters, and the same once more afterwards",
        erase_poison,
        None,
        rate=LONG_RATE,
    ),
]
