"""The real engines of a run, with keys for its tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from shared.identity.local import LocalKeys, ensure_keys
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store import close, connect


@dataclass
class Engines:
    """A real `mongod` and a real Kafka with the whole of the JVM's compiler, and keys for tokens."""

    folder: Path
    mongod: Mongod
    kafka: Kafka
    keys: LocalKeys

    def environment(self) -> dict[str, str]:
        """The settings by which a service finds the engines and believes the tokens."""
        return {**self.mongod.environment(), **self.kafka.environment(), **self.keys.environment()}

    def pids(self) -> dict[str, list[int]]:
        """The engines' processes."""
        return {"mongod": [self.mongod.pid], "kafka": [self.kafka.pid]}

    async def clear(self, prefix: str) -> None:
        """Remove the databases of a run, and every topic of ours."""
        client = connect(self.mongod.uri, "pymongo")
        try:
            names = (await client["admin"].command("listDatabases"))["databases"]
            for name in (each["name"] for each in names):
                if name.startswith(prefix):
                    await client.drop_database(name)
        finally:
            await close(client)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await admin.start()
        try:
            ours = [name for name in await admin.list_topics() if not name.startswith("__")]
            if ours:
                await admin.delete_topics(ours)
            while any(not name.startswith("__") for name in await admin.list_topics()):
                await asyncio.sleep(0.1)
        finally:
            await admin.close()


@asynccontextmanager
async def engines_in(folder: Path) -> AsyncIterator[Engines]:
    """Both engines in ``folder``, stopped at the end."""
    async with Mongod(folder / "mongod") as mongod, Kafka(folder / "kafka", for_speed=True) as kafka:
        yield Engines(folder, mongod, kafka, ensure_keys(folder))
