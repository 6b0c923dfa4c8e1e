"""Where a service's engines are, as its settings tell."""

from __future__ import annotations

import asyncio
from typing import Protocol

from shared.messaging.brokers import Kafka
from shared.store.driver import AWAY, Database, Driver


class EngineSettings(Protocol):
    """Where the engines are, and how the names of databases and topics begin."""

    def brokers(self) -> Kafka: ...
    @property
    def mongodb_uri(self) -> str: ...
    @property
    def mongodb_driver(self) -> Driver: ...
    @property
    def database_prefix(self) -> str: ...
    @property
    def topic_prefix(self) -> str: ...


async def answers(database: Database) -> bool:
    """Whether MongoDB answers, within two seconds."""
    try:
        await asyncio.wait_for(database.command("ping"), 2.0)
    except TimeoutError:
        return False
    except AWAY:
        return False
    return True
