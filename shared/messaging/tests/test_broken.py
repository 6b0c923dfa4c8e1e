"""A write to a closed connection, on the loop that the services run on."""

import asyncio

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from shared.local.kafka import Kafka
from shared.messaging import broken
from shared.messaging.brokers import Brokers


async def write_after_the_end(where: Brokers) -> AIOKafkaConnection:
    """What happens to a task that writes between a connection's end and aiokafka's hearing of it."""
    host, _, port = where.servers.partition(":")
    connection = AIOKafkaConnection(host, int(port), request_timeout_ms=5000)
    await connection.connect()
    connection._writer.transport.abort()
    await asyncio.sleep(0)
    await connection.send(MetadataRequest([]))
    return connection


def test_a_closed_connection_is_one_to_make_anew(kafka: Kafka) -> None:
    with pytest.raises(KafkaConnectionError):
        uvloop.run(write_after_the_end(Brokers(kafka.bootstrap_servers)))


def test_twice_does_no_harm() -> None:
    told = AIOKafkaConnection.send
    broken.install()
    assert AIOKafkaConnection.send is told
