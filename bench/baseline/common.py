"""What both baselines share: settings from the environment, the event, the stream of the page, uvicorn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import uvicorn
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pydantic import BaseModel

KAFKA = os.environ.get("PONTE_KAFKA_BOOTSTRAP_SERVERS", "")
TOPIC = os.environ.get("BASELINE_TOPIC", "baseline")
PARTITIONS = 24


class Person(BaseModel):
    function: str
    name: str | None = None
    person_id: str | None = None


class Place(BaseModel):
    city: str
    city_it: str
    country: str
    time_zone: str
    latitude: float | None = None
    longitude: float | None = None


class Leg(BaseModel):
    place: Place
    starts_at: datetime
    ends_at: datetime


class Mission(BaseModel):
    """What a caller sends: the same facts as an event of the agenda carries."""

    title: str
    purpose: str
    status: str = "scheduled"
    reserved: bool = False
    holder: Person
    delegation: list[Person] = []
    legs: list[Leg]
    starts_at: datetime
    ends_at: datetime
    agreement_id: str | None = None
    signature: str | None = None
    reason: str | None = None
    sample: bool = False


class MissionChanged(BaseModel):
    """The event."""

    id: str
    subject: str
    sequence: int
    time: datetime
    mission: Mission

    @classmethod
    def of(cls, mission: Mission) -> MissionChanged:
        """A new fact of a new subject."""
        subject = f"mission-{uuid4().hex[:20]}"
        return cls(id=str(uuid4()), subject=subject, sequence=1, time=datetime.now(UTC), mission=mission)

    def receipt(self) -> dict[str, str | int]:
        """What the caller is answered."""
        return {"subject": self.subject, "sequence": self.sequence}


def database() -> AsyncIOMotorDatabase[dict[str, object]]:
    """The database of this run; its client is closed with the process."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(os.environ["PONTE_MONGODB_URI"])
    return client[os.environ["PONTE_DATABASE_PREFIX"] + "baseline"]


async def make_topic() -> None:
    """The topic with as many partitions as Ponte's; the first process makes it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=KAFKA)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=PARTITIONS, replication_factor=1)])
        while True:
            (told,) = await admin.describe_topics([TOPIC])
            if told["error_code"] == 0 and all(part["leader"] >= 0 for part in told["partitions"]):
                return
            await asyncio.sleep(0.1)
    except TopicAlreadyExistsError:
        pass
    finally:
        await admin.close()


class Pages:
    """The open pages; each has a queue of what it has not been sent yet."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[MissionChanged]] = set()

    def show(self, event: MissionChanged) -> None:
        """Hand an event to every open page."""
        for queue in self.queues:
            queue.put_nowait(event)

    def add_to(self, app: FastAPI) -> None:
        """Serve the stream at ``/live``."""

        @app.get("/live", response_class=EventSourceResponse)
        async def live() -> AsyncIterator[ServerSentEvent]:
            queue: asyncio.Queue[MissionChanged] = asyncio.Queue()
            self.queues.add(queue)
            try:
                yield ServerSentEvent(event="beat", data={})
                while True:
                    event = await queue.get()
                    yield ServerSentEvent(event="entry", data=event.model_dump(mode="json"))
            finally:
                self.queues.discard(queue)


def serve(app: FastAPI) -> None:
    """Run with the settings of uvicorn that Ponte has: uvloop, httptools, no access log."""

    @app.get("/status")
    async def status() -> dict[str, str]:
        return {"status": "ready"}

    uvicorn.run(
        app,
        port=int(os.environ["PONTE_HTTP_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
