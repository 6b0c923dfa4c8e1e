"""The limits: a bare loop through Kafka, and a bare write to MongoDB. ``python -m bench.baseline.limits``.

Prints one JSON object: events/s from a producer to a consumer of the same process, and inserts/s by driver
and by the number of callers, each insert acknowledged by the majority.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.baseline.common import KAFKA, TOPIC, make_topic
from shared.store import close, connect
from shared.store.driver import Collection, Driver

EVENTS = 20_000
WARM = 2_000
GATHERED = 500
SECONDS = 2.0
BODY = b"x" * 600


async def through_kafka() -> float:
    """Events/s: produced gathered with all acknowledgements, consumed with ``getmany`` at the same time."""
    await make_topic()
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=KAFKA, group_id=f"{TOPIC}-limit", auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=KAFKA, acks="all", enable_idempotence=True, linger_ms=1)
    async with consumer, producer:
        # The first ones wait for connections and leaders.
        await asyncio.gather(_produce(producer, WARM), _consume(consumer, WARM))
        began = time.monotonic()
        await asyncio.gather(_produce(producer, EVENTS), _consume(consumer, EVENTS))
        return EVENTS / (time.monotonic() - began)


async def _consume(consumer: AIOKafkaConsumer, events: int) -> None:
    seen = 0
    while seen < events:
        batches = await consumer.getmany(timeout_ms=1000, max_records=2000)
        seen += sum(len(batch) for batch in batches.values())


async def _produce(producer: AIOKafkaProducer, events: int) -> None:
    for start in range(0, events, GATHERED):
        sent = [await producer.send(TOPIC, BODY, f"m{start + n}".encode()) for n in range(GATHERED)]
        await asyncio.gather(*sent)


async def inserts(driver: Driver, callers: int) -> float:
    """Inserts/s of ~600-byte documents by so many callers at once, one document each."""
    client = connect(os.environ["PONTE_MONGODB_URI"], driver)
    try:
        collection = client[f"{os.environ['PONTE_DATABASE_PREFIX']}limits"][f"{driver}{callers}"]
        end = time.monotonic() + SECONDS
        done = await asyncio.gather(*(_insert(collection, end) for _ in range(callers)))
        return sum(done) / SECONDS
    finally:
        await close(client)


async def _insert(collection: Collection, end: float) -> int:
    done = 0
    while time.monotonic() < end:
        await collection.insert_one({"body": BODY.decode()})
        done += 1
    return done


async def main() -> dict[str, Any]:
    """All limits."""
    drivers: tuple[Driver, ...] = ("motor", "pymongo")
    return {
        "kafka_events_per_s": await through_kafka(),
        "inserts_per_s": {
            driver: {str(callers): await inserts(driver, callers) for callers in (32, 128)}
            for driver in drivers
        },
    }


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(main())))
