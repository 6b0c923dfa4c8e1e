"""The relay, against gathered bare publishing plus the bare write that it owes.

The relay is given outboxes full of events, as the repository does right after its writes, and is done when
every outbox is empty: published, in the journal, pulled. A second figure is for outboxes that another
process left behind, which the poll has to find and claim. The bare loop gathers the same messages by 500
and, after each 500, inserts the same journal rows: no order per aggregate to keep, nothing to pull.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from bench import history, rig
from bench.figures import judged, row
from bench.options import Options
from shared.contracts import agenda
from shared.messaging.producer import Producer
from shared.messaging.relay import Relay
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import close, connect
from shared.store.driver import Client, Database, Document, Driver
from shared.store.setup import JOURNAL, prepare

GATHERED = 500
MISSIONS = "missions"
SUBJECTS = 600
TO_REACH = 0.5


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Rounds with both drivers, the bare loop beside each."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    each = 4 if options.short else 20
    rates: dict[str, list[float]] = {}
    drivers: tuple[Driver, ...] = ("pymongo", "motor")
    async with rig.engines(folder) as engines:
        for number in range(options.rounds):
            for driver in drivers:
                for name, rate in (await _round(engines, driver, each)).items():
                    rates.setdefault(f"{name}, {driver}", []).append(rate)
                told = {name: round(values[-1]) for name, values in rates.items() if driver in name}
                print(f"round {number + 1}: {told}", flush=True)
    targets = [
        judged(
            f"{name} / gathered publishing and journal",
            f"relay-{driver}",
            [
                mine / bare
                for mine, bare in zip(rates[f"{name}, {driver}"], rates[f"bare loop, {driver}"], strict=True)
            ],
            TO_REACH,
        )
        for driver in drivers
        for name in ("relay",)
    ]
    return {
        "what": "events/s from the outboxes to Kafka and the journal",
        "rounds": options.rounds,
        "events": SUBJECTS * each,
        "rows": [row(name, values, "events/s") for name, values in rates.items()],
        "targets": targets,
        "runs": rates,
    }


async def _round(engines: rig.Engines, driver: Driver, each: int) -> dict[str, float]:
    system = rig.ponte(engines, driver)
    topic = f"{system.environment['PONTE_TOPIC_PREFIX']}{agenda.TOPIC}"
    logical = topic_of(agenda.TOPIC).prefixed(system.environment["PONTE_TOPIC_PREFIX"])
    await ensure_topics(engines.kafka.bootstrap_servers, [logical])
    client = connect(engines.mongod.uri, driver)
    try:
        return {
            "bare loop": await _bare(engines, client[f"{system.prefix}bare"], topic, each),
            "relay": await _offered(engines, client, f"{system.prefix}offered", topic, each),
            "relay, left over": await _left_over(engines, client, f"{system.prefix}left", topic, each),
        }
    finally:
        await close(client)
        await engines.clear(system.prefix)


async def _bare(engines: rig.Engines, database: Database, topic: str, each: int) -> float:
    events = [event for outbox in history.outboxes(SUBJECTS, each).values() for event in outbox]
    await prepare(database, (MISSIONS,))
    producer = AIOKafkaProducer(
        bootstrap_servers=engines.kafka.bootstrap_servers, acks="all", enable_idempotence=True, linger_ms=1
    )
    async with producer:
        await history.publish(producer, topic, events[:GATHERED])
        began = time.monotonic()
        for start in range(0, len(events), GATHERED):
            chunk = events[start : start + GATHERED]
            await history.publish(producer, topic, chunk)
            await database[JOURNAL].insert_many(chunk, ordered=False)
        return len(events) / (time.monotonic() - began)


async def _offered(engines: rig.Engines, client: Client, name: str, topic: str, each: int) -> float:
    """What commands hand over: their writes carry the relay's claim."""
    database = client[name]
    await prepare(database, (MISSIONS,))
    producer = Producer(engines.kafka.bootstrap_servers, client_id="bench")
    relay = Relay(database, (MISSIONS,), topic, producer)
    outboxes = history.outboxes(SUBJECTS, each)
    await _fill(database, outboxes, {"claim": {"token": relay.token, "at": history.BASE}})
    await _warm(producer, topic)
    began = time.monotonic()
    for subject, events in outboxes.items():
        relay.offer(MISSIONS, subject, events)
    await _emptied(database)
    took = time.monotonic() - began
    await relay.stop()
    await producer.stop()
    return SUBJECTS * each / took


async def _left_over(engines: rig.Engines, client: Client, name: str, topic: str, each: int) -> float:
    """What a process that was killed left behind."""
    database = client[name]
    await prepare(database, (MISSIONS,))
    producer = Producer(engines.kafka.bootstrap_servers, client_id="bench")
    relay = Relay(database, (MISSIONS,), topic, producer)
    await _fill(database, history.outboxes(SUBJECTS, each), {})
    await _warm(producer, topic)
    began = time.monotonic()
    await relay.start()
    await _emptied(database)
    took = time.monotonic() - began
    await relay.stop()
    await producer.stop()
    return SUBJECTS * each / took


async def _fill(database: Database, outboxes: dict[str, list[Document]], more: Document) -> None:
    documents = [{"_id": subject, "outbox": events, **more} for subject, events in outboxes.items()]
    await database[MISSIONS].insert_many(documents, ordered=False)


async def _warm(producer: Producer, topic: str) -> None:
    await producer.send(topic, [(b"warm", b"{}", [])])


async def _emptied(database: Database, within: float = 120.0) -> None:
    """Until no outbox has anything left. Raises ``TimeoutError``."""
    async with asyncio.timeout(within):
        while await database[MISSIONS].find_one({"outbox._id": {"$gt": ""}}, {"_id": 1}) is not None:
            await asyncio.sleep(0.01)
