"""The relay, against gathered bare publishing plus the bare write that it owes.

The relay is given outboxes full of events, as the repository does right after its writes, and is done when
every outbox is empty: published, in the journal, pulled. A second figure is for outboxes that another
process left behind, which the poll has to find and claim. The bare loop gathers the same messages by 500
and, after each 500, inserts the same journal rows: no order per aggregate to keep, nothing to pull.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from bench import contenders, history
from bench.engines import Engines, engines_in
from bench.figures import judged, row
from bench.options import Options
from shared.contracts import agenda
from shared.messaging.producer import Producer
from shared.messaging.relay import Relay
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import close, connect
from shared.store.driver import Database, Document, Driver
from shared.store.setup import JOURNAL, prepare

GATHERED = 500
MISSIONS = "missions"
EACH = 20
ONE_EACH = "relay, one event an aggregate"
MANY_EACH = f"relay, {EACH} events an aggregate"
LEFT = f"relay, left over by another process, {EACH} an aggregate"
TO_REACH = 0.5

Outboxes = dict[str, list[Document]]


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Rounds with both drivers, the bare loop beside each."""
    events = 2_400 if options.short else 12_000
    rates: dict[str, list[float]] = {}
    drivers: tuple[Driver, ...] = ("pymongo", "motor")
    async with engines_in(folder) as engines:
        # The first messages of a young broker are slow, whoever sends them.
        await _round(engines, "pymongo", 1_200)
        for number in range(options.rounds):
            for driver in drivers:
                for name, rate in (await _round(engines, driver, events)).items():
                    rates.setdefault(f"{name}, {driver}", []).append(rate)
                told = {name: round(values[-1]) for name, values in rates.items() if driver in name}
                print(f"round {number + 1}: {told}", flush=True)
    targets = [
        judged(
            f"{name} / gathered publishing + journal",
            f"relay-{driver}",
            [
                mine / bare
                for mine, bare in zip(rates[f"{name}, {driver}"], rates[f"bare loop, {driver}"], strict=True)
            ],
            TO_REACH,
        )
        for driver in drivers
        for name in (ONE_EACH, MANY_EACH)
    ]
    return {
        "what": "events/s from the outboxes to Kafka and the journal",
        "rounds": options.rounds,
        "events": events,
        "rows": [
            row(f"relay: {name}" if name.startswith("bare") else name, values, "events/s")
            for name, values in rates.items()
        ],
        "targets": targets,
        "runs": rates,
    }


async def _round(engines: Engines, driver: Driver, events: int) -> dict[str, float]:
    system = contenders.ponte(engines, driver)
    topic = f"{system.environment['PONTE_TOPIC_PREFIX']}{agenda.TOPIC}"
    logical = topic_of(agenda.TOPIC).prefixed(system.environment["PONTE_TOPIC_PREFIX"])
    await ensure_topics(engines.kafka.bootstrap_servers, [logical])
    client = connect(engines.mongod.uri, driver)
    single, many = history.outboxes(events, 1), history.outboxes(events // EACH, EACH)
    try:
        return {
            "bare loop": await _bare(engines, client[f"{system.prefix}bare"], topic, many),
            ONE_EACH: await _relayed(engines, client[f"{system.prefix}single"], topic, single),
            MANY_EACH: await _relayed(engines, client[f"{system.prefix}many"], topic, many),
            LEFT: await _relayed(engines, client[f"{system.prefix}left"], topic, many, offered=False),
        }
    finally:
        await close(client)
        await engines.clear(system.prefix)


async def _bare(engines: Engines, database: Database, topic: str, outboxes: Outboxes) -> float:
    events = [event for outbox in outboxes.values() for event in outbox]
    await prepare(database, (MISSIONS,))
    producer = AIOKafkaProducer(
        bootstrap_servers=engines.kafka.bootstrap_servers, acks="all", enable_idempotence=True, linger_ms=1
    )
    async with producer:
        await history.publish(producer, topic, events[:1])
        began = time.monotonic()
        for start in range(0, len(events), GATHERED):
            chunk = events[start : start + GATHERED]
            await history.publish(producer, topic, chunk)
            await database[JOURNAL].insert_many(chunk, ordered=False)
        return len(events) / (time.monotonic() - began)


async def _relayed(
    engines: Engines, database: Database, topic: str, outboxes: Outboxes, *, offered: bool = True
) -> float:
    """``offered``: as commands hand over, whose writes carry the relay's claim; else left for the poll."""
    await prepare(database, (MISSIONS,))
    producer = Producer(engines.kafka.bootstrap_servers, client_id="bench")
    relay = Relay(database, (MISSIONS,), topic, producer)
    claim = {"claim": {"token": relay.token, "at": datetime.now(UTC)}} if offered else {}
    documents = [{"_id": subject, "outbox": events, **claim} for subject, events in outboxes.items()]
    await database[MISSIONS].insert_many(documents, ordered=False)
    await producer.send(topic, [(b"warm", b"{}", [])])
    began = time.monotonic()
    if offered:
        for subject, events in outboxes.items():
            relay.offer(MISSIONS, subject, events)
    else:
        await relay.start()
    await _emptied(database)
    took = time.monotonic() - began
    await relay.stop()
    await producer.stop()
    return sum(len(events) for events in outboxes.values()) / took


async def _emptied(database: Database, within: float = 120.0) -> None:
    """Until no outbox has anything left. Raises ``TimeoutError``."""
    async with asyncio.timeout(within):
        while await database[MISSIONS].find_one({"outbox._id": {"$gt": ""}}, {"_id": 1}) is not None:
            await asyncio.sleep(0.01)
