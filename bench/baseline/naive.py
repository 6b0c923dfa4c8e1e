"""The naive version: insert, publish, answer; a reader updates the view and pushes it to the pages.

Nothing ties the insert to the publishing: a process killed in between has stored what nobody hears of.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from faststream.kafka import KafkaBroker

from bench.baseline.common import KAFKA, TOPIC, Mission, MissionChanged, Pages, database, make_topic, serve


def writer() -> FastAPI:
    """Takes commands."""
    missions = database()["missions"]
    producers: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await make_topic()
        async with AIOKafkaProducer(bootstrap_servers=KAFKA) as producer:
            producers.append(producer)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/missions", status_code=201)
    async def change(mission: Mission) -> dict[str, str | int]:
        event = MissionChanged.of(mission)
        await missions.insert_one({"_id": event.subject, **event.model_dump(mode="json")})
        await producers[0].send_and_wait(TOPIC, event.model_dump_json().encode(), event.subject.encode())
        return event.receipt()

    return app


def page() -> FastAPI:
    """Keeps the view and shows it."""
    view, pages = database()["view"], Pages()
    broker = KafkaBroker(KAFKA, logger=None)

    @broker.subscriber(TOPIC, group_id=f"{TOPIC}-page", auto_offset_reset="earliest")
    async def on_event(event: MissionChanged) -> None:
        await view.update_one({"_id": event.subject}, {"$set": event.model_dump(mode="json")}, upsert=True)
        pages.show(event)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await make_topic()
        async with broker:
            await broker.start()
            yield

    app = FastAPI(lifespan=lifespan)
    pages.add_to(app)
    return app


if __name__ == "__main__":
    serve({"writer": writer, "page": page}[sys.argv[1]]())
