"""The textbook version: transactional outbox, polling publisher, idempotent consumer.

The state and the outbox's row are stored in one transaction; a relay polls the outbox every 100 ms,
publishes what it finds in order and deletes it; the reader notes the event's id and updates the view in one
transaction, and acknowledges the message afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from pymongo.errors import DuplicateKeyError

from bench.baseline.common import KAFKA, TOPIC, Mission, MissionChanged, Pages, database, make_topic, serve

log = logging.getLogger("textbook")

POLL_S = 0.1
BATCH = 500


async def relay() -> None:
    """Publish the outbox for ever."""
    outbox = database()["outbox"]
    async with AIOKafkaProducer(bootstrap_servers=KAFKA, acks="all", enable_idempotence=True) as producer:
        while True:
            try:
                rows: list[dict[str, Any]] = await outbox.find().sort("_id", 1).to_list(BATCH)
                for row in rows:
                    await producer.send_and_wait(TOPIC, row["value"], row["key"])
                if rows:
                    await outbox.delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
            except Exception:
                log.exception("the outbox could not be published")
            await asyncio.sleep(POLL_S)


def writer() -> FastAPI:
    """Takes commands."""
    store = database()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await make_topic()
        for name in ("missions", "outbox"):
            await store.create_collection(name)
        publishing = asyncio.create_task(relay())
        yield
        publishing.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.post("/missions", status_code=201)
    async def change(mission: Mission) -> dict[str, str | int]:
        event = MissionChanged.of(mission)
        document = {"_id": event.subject, **event.model_dump(mode="json")}
        row: dict[str, object] = {"key": event.subject.encode(), "value": event.model_dump_json().encode()}
        async with await store.client.start_session() as session, session.start_transaction():
            await store["missions"].insert_one(document, session=session)
            await store["outbox"].insert_one(row, session=session)
        return event.receipt()

    return app


def page() -> FastAPI:
    """Keeps the view and shows it."""
    store, pages = database(), Pages()
    broker = KafkaBroker(KAFKA, logger=None)

    @broker.subscriber(
        TOPIC, group_id=f"{TOPIC}-page", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def on_event(event: MissionChanged) -> None:
        async with await store.client.start_session() as session:
            try:
                async with session.start_transaction():
                    await store["inbox"].insert_one({"_id": event.id}, session=session)
                    await store["view"].update_one(
                        {"_id": event.subject},
                        {"$set": event.model_dump(mode="json")},
                        upsert=True,
                        session=session,
                    )
            except DuplicateKeyError:
                return
        pages.show(event)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await make_topic()
        for name in ("inbox", "view"):
            await store.create_collection(name)
        async with broker:
            await broker.start()
            yield

    app = FastAPI(lifespan=lifespan)
    pages.add_to(app)
    return app


if __name__ == "__main__":
    serve({"writer": writer, "page": page}[sys.argv[1]]())
