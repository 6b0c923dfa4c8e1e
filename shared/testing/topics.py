"""Topics of one test, deleted after it: with thousands of partitions a broker is slow for the next ones."""

from __future__ import annotations

from aiokafka.admin import AIOKafkaAdminClient


async def drop_topics(bootstrap_servers: str, prefix: str) -> None:
    """Delete every topic whose name begins with ``prefix``."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()
