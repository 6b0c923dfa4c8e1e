"""A real Apache Kafka, one KRaft node that is broker and controller, for local runs and tests."""

import asyncio
import base64
import shutil
import struct
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from shared.local import process
from shared.local.engine import Engine
from shared.local.errors import EngineFailed
from shared.local.fetch import java_program, kafka_jars
from shared.local.ports import LOOPBACK

# The number of the question about brokers and topics in the protocol.
METADATA = 3

# Fast to start and small; each value of the sessions was measured: with the defaults a broker that was killed
# is back after 13 s instead of 5, because its own former session has to end first.
PROPERTIES: Mapping[str, object] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": 16_777_216,
    "log.index.size.max.bytes": 262_144,
    "num.network.threads": 2,
    "num.io.threads": 2,
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
}


class Kafka(Engine):
    """One broker of the locked version.

    `advertised` (`"127.0.0.1:PORT"`) tells clients another address, such as a TCP proxy of a fault test;
    `properties` are added to the server's own; `for_speed` lets the JVM compile fully (benchmarks), which
    costs memory and a slower start.
    """

    name: ClassVar[str] = "kafka"
    port_names: ClassVar[tuple[str, ...]] = ("client", "controller")

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        advertised: str | None = None,
        properties: Mapping[str, object] | None = None,
        for_speed: bool = False,
    ) -> None:
        """Take the data folder, and where they matter port, advertised address and further settings."""
        super().__init__(folder, port)
        self._advertised = advertised
        self._properties = dict(properties or {})
        self._for_speed = for_speed
        self._jars: Path | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients, `host:port`."""
        return self._advertised or f"{LOOPBACK}:{self.port}"

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    def environment(self) -> dict[str, str]:
        """Return the settings by which a service finds it; empty before the first start."""
        return {"PONTE_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers} if self.ports else {}

    def command(self) -> list[str]:
        """Return the JVM and its arguments; no `java` of the machine is looked for."""
        tiers = [] if self._for_speed else ["-XX:TieredStopAtLevel=1"]
        return self._java(
            "-Xms256m", "-Xmx256m", *tiers, program="kafka.Kafka", arguments=[str(self._config)]
        )

    def _java(self, *options: str, program: str, arguments: list[str]) -> list[str]:
        if self._jars is None:
            raise EngineFailed("kafka was not prepared.")
        own = [
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            # The one thing at info level: the broker says its own version at each start.
            "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.utils=info",
        ]
        return [str(java_program()), *options, *own, "-cp", f"{self._jars}/*", program, *arguments]

    async def prepare(self) -> None:
        """Check the jars, write the settings and format the folder once."""
        self._jars = await asyncio.to_thread(kafka_jars)
        # Native libraries are unpacked there; those of a killed run would pile up.
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir()
        listeners = f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.ports['controller']}"
        settings = {
            **PROPERTIES,
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{self.ports['controller']}",
            "log.dirs": self.folder / "logs",
            **self._properties,
        }
        self._config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        if not (self.folder / "logs" / "meta.properties").exists():
            await self._format()

    async def _format(self) -> None:
        # A former try that was interrupted may have left a half-made folder; there is no data in it yet.
        shutil.rmtree(self.folder / "logs", ignore_errors=True)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # A name that begins with a hyphen would be read as an option.
        arguments = ["format", f"--cluster-id={cluster}", "-c", str(self._config)]
        command = self._java(
            "-XX:TieredStopAtLevel=1", program="kafka.tools.StorageTool", arguments=arguments
        )
        with self.log_file.open("ab") as log:
            formatter = process.spawn(command, output=log, environment={})
        if not await process.exited(formatter, 60) or formatter.returncode:
            await process.stop(formatter, 1)
            raise EngineFailed(self._sentence("could not format its folder"))

    async def is_ready(self, left: float) -> bool:
        """Tell whether the broker answers and counts itself among the living."""
        # By hand and at its own port: a client would follow the advertised address, where a test's proxy may
        # be holding everything back, and would cost the supervisor a library that it needs for nothing else.
        client = self.name.encode()
        question = struct.pack(">hhih", METADATA, 1, 1, len(client)) + client + struct.pack(">i", 0)
        try:
            async with asyncio.timeout(min(left, 5)):
                reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
                try:
                    writer.write(struct.pack(">i", len(question)) + question)
                    # Length, our number of the question, and the number of brokers that are not fenced.
                    _, _, brokers = struct.unpack(">iii", await reader.readexactly(12))
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False
        return bool(brokers > 0)
