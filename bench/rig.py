"""Engines and the processes of a system under test, started and stopped in an orderly way."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from bench.wire import Connection, Lost
from shared.identity.local import LocalKeys, ensure_keys, issue_token, sign_in_link
from shared.identity.roles import Role
from shared.local import process
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.local.paths import root
from shared.store import close, connect
from shared.store.driver import Driver
from tests.system import free_ports

MISSION: dict[str, Any] = {
    "title": "Signing of the collaboration",
    "purpose": "meeting",
    "holder": {"function": "Mayor"},
    "delegation": [{"function": "Councillor for International Relations"}],
    "schedule": True,
}
PLACE: dict[str, Any] = {
    "city": "Lyon",
    "city_it": "Lione",
    "country": "FR",
    "time_zone": "Europe/Paris",
    "latitude": 45.74846,
    "longitude": 4.84671,
}
TIMES = {"starts_at": "2027-06-04T07:30:00.000Z", "ends_at": "2027-06-05T16:00:00.000Z"}
PLAIN: dict[str, Any] = {
    "title": MISSION["title"],
    "purpose": MISSION["purpose"],
    "holder": MISSION["holder"],
    "delegation": MISSION["delegation"],
    "legs": [{"place": PLACE, **TIMES}],
    **TIMES,
}
"""What the baselines are sent: the mission whole, because they keep none between two commands."""
FIRST_DAY = datetime(2027, 1, 4, 9, 30)  # noqa: DTZ001 - a time on the clock of the place
MISSIONS = 600
OFFICERS = 8
RATE_LIMIT = 100_000_000
"""Requests a minute for each client: the load comes from a few clients only."""


def mission(number: int) -> dict[str, Any]:
    """A mission's body. No two are at the same time, as in a city: a clash is another matter's load."""
    starts = FIRST_DAY + timedelta(days=2 * number)
    times = {
        "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
        "ends_at": f"{starts + timedelta(hours=32):%Y-%m-%dT%H:%M}",
    }
    return {**MISSION, "title": f"{MISSION['title']} {number}", "legs": [{"place": "Lyon", **times}]}


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
async def engines(folder: Path) -> AsyncIterator[Engines]:
    """Both engines in ``folder``, stopped at the end."""
    async with Mongod(folder / "mongod") as mongod, Kafka(folder / "kafka", for_speed=True) as kafka:
        yield Engines(folder, mongod, kafka, ensure_keys(folder))


@dataclass
class Part:
    """One process of a system under test."""

    name: str
    command: Sequence[str]
    port: int
    running: Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid


@dataclass
class SystemUnderTest:
    """A system's processes with what the generator of the load has to know of it."""

    name: str
    kind: str
    parts: list[Part]
    environment: Mapping[str, str]
    prefix: str
    commands: dict[str, Any] = field(default_factory=dict)
    create: dict[str, Any] | None = None
    keys: LocalKeys | None = None

    def pids(self) -> dict[str, list[int]]:
        """Its processes by name."""
        return {part.name: [part.pid] for part in self.parts}

    async def plan(self, phases: list[dict[str, Any]], engines: Engines) -> dict[str, Any]:
        """What the generator needs to drive it."""
        writer, page = self.parts[0], self.parts[-1]
        headers: list[dict[str, str]] = [{}]
        stream: dict[str, Any] = {"url": page.url, "target": "/live", "headers": {}}
        if self.keys is not None:
            headers = [
                {"authorization": f"Bearer {issue_token(self.keys, Role.OFFICER_CITY, f'officer-{number}')}"}
                for number in range(OFFICERS)
            ]
            stream["target"] = "/live?lang=en"
            stream["headers"] = {"cookie": await _sign_in(sign_in_link(self.keys, page.url), page.url)}
        return {
            "system": self.kind,
            "run": secrets.token_hex(4),
            "commands": {"url": writer.url, **self.commands},
            "create": self.create,
            "headers": headers,
            "stream": stream,
            "processes": {**self.pids(), **engines.pids()},
            "phases": phases,
        }


def ponte(engines: Engines, driver: Driver, **more: str) -> SystemUnderTest:
    """The agenda and the dashboard as they are run in a city."""
    agenda, dashboard = free_ports(2)
    prefix = f"b{secrets.token_hex(4)}_"
    return SystemUnderTest(
        name=f"ponte-{driver}",
        kind="ponte",
        parts=[
            Part("agenda", [sys.executable, "-m", "services.agenda"], agenda),
            Part("dashboard", [sys.executable, "-m", "services.dashboard"], dashboard),
        ],
        environment={
            **engines.environment(),
            "PONTE_MONGODB_DRIVER": driver,
            "PONTE_DATABASE_PREFIX": prefix,
            "PONTE_TOPIC_PREFIX": prefix.replace("_", "."),
            "PONTE_RATE_LIMIT": str(RATE_LIMIT),
            **more,
        },
        prefix=prefix,
        commands={"target": "/v1/missions/{subject}/correct", "body": {"title": MISSION["title"]}},
        create={"target": "/v1/missions", "bodies": [mission(number) for number in range(MISSIONS)]},
        keys=engines.keys,
    )


def baseline(engines: Engines, name: str) -> SystemUnderTest:
    """``naive`` or ``textbook``: a writer and a page, as `bench/baseline` has them."""
    writer, page = free_ports(2)
    prefix = f"b{secrets.token_hex(4)}_"
    command = [sys.executable, "-m", f"bench.baseline.{name}"]
    return SystemUnderTest(
        name=name,
        kind="baseline",
        parts=[Part("writer", [*command, "writer"], writer), Part("page", [*command, "page"], page)],
        environment={
            **engines.environment(),
            "PONTE_DATABASE_PREFIX": prefix,
            "BASELINE_TOPIC": f"{prefix.rstrip('_')}.missions",
        },
        prefix=prefix,
        commands={"target": "/missions", "body": PLAIN},
    )


def by_name(engines: Engines, name: str) -> SystemUnderTest:
    """``naive``, ``textbook``, ``ponte-motor`` or ``ponte-pymongo``."""
    if name.startswith("ponte-"):
        return ponte(engines, "motor" if name == "ponte-motor" else "pymongo")
    return baseline(engines, name)


@asynccontextmanager
async def running(system: SystemUnderTest, engines: Engines) -> AsyncIterator[SystemUnderTest]:
    """Start its processes, wait until each is ready; at the end stop them and remove their data."""
    log = engines.folder / f"{system.name}.log"
    try:
        with log.open("ab") as output:
            for part in system.parts:
                environment = {**os.environ, **system.environment, "PONTE_HTTP_PORT": str(part.port)}
                part.running = process.spawn(
                    part.command, output=output, environment=environment, folder=root()
                )
        for part in system.parts:
            await _ready(part, log)
        yield system
    finally:
        for part in system.parts:
            if part.running is not None:
                await process.stop(part.running, 20)
        await engines.clear(system.prefix)


async def _ready(part: Part, log: Path, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while True:
        assert part.running is not None
        if part.running.poll() is not None or time.monotonic() > deadline:
            said = await asyncio.to_thread(log.read_text, errors="replace")
            raise RuntimeError(f"{part.name} is not ready: {said[-3000:]}")
        connection = Connection(part.url, {})
        with suppress(OSError, Lost):
            if (await connection.send("GET", "/status")).status == 200:
                return
        connection.close()
        await asyncio.sleep(0.1)


async def _sign_in(link: str, url: str) -> str:
    """Open a session with the one-time link; its cookie."""
    connection = Connection(url, {})
    answer = await connection.send("GET", link.removeprefix(url))
    connection.close()
    return answer.check(303).headers["set-cookie"].split(";", 1)[0]


async def drive(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the generator's process through a plan; its result. Raises ``RuntimeError`` with what it said."""
    generator = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.load",
        cwd=root(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await generator.communicate(json.dumps(plan).encode())
    if generator.returncode:
        raise RuntimeError(errors.decode(errors="replace")[-3000:])
    result: dict[str, Any] = json.loads(told)
    return result
