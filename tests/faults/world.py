"""Real engines behind proxies and two replicas of every service: what the faults are done to."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import jwt

from shared.identity.local import LocalKeys, ensure_keys, issue_token
from shared.identity.roles import Role
from shared.local import ports
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.local.tests.proxy import Proxy
from shared.store import Client, Database, close, connect
from shared.testing.waiting import eventually
from tests.faults.replicas import Replica

SERVICES = ("agenda", "agreements", "networks", "dossiers", "dashboard")
OWNERS = {
    "agenda": "missions",
    "agreements": "agreements",
    "networks": "memberships",
    "dossiers": "candidacies",
}
"""The services that store aggregates, with the collection of each."""
TOPICS = tuple(f"ponte.{service}" for service in OWNERS)
REPLICAS = 2
PREFIX = "ponte_"
READY_WITHIN_S = 90.0

SAMPLE = re.compile(r"^(?P<name>ponte_\w+?)(?:\{[^}]*\})? (?P<value>[0-9.e+-]+)$", re.MULTILINE)


class World:
    """Everything that runs during a round. Made by `world()`."""

    def __init__(self, folder: Path, mongo_proxy: Proxy, kafka_proxy: Proxy) -> None:
        self.folder = folder
        self.mongo_proxy = mongo_proxy
        self.kafka_proxy = kafka_proxy
        mongo_proxy.target, kafka_proxy.target = ports.free_port(), ports.free_port()
        self.mongod = Mongod(
            folder / "mongod", mongo_proxy.target, member_host=f"127.0.0.1:{mongo_proxy.port}"
        )
        self.kafka = Kafka(folder / "kafka", kafka_proxy.target, advertised=f"127.0.0.1:{kafka_proxy.port}")
        self.keys: LocalKeys = ensure_keys(folder)
        self.replicas: dict[str, list[Replica]] = {}
        self.authorization: dict[str, str] = {}
        """The header with the Director's token."""
        self._client: Client | None = None
        self._http: httpx.AsyncClient | None = None
        self._counted: dict[tuple[str, int], dict[str, float]] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.mongod.environment(),
            **self.kafka.environment(),
            **self.keys.environment(),
            "PONTE_DATABASE_PREFIX": PREFIX,
            "PONTE_RATE_LIMIT": "10000000",
            "PONTE_LOG_LEVEL": "INFO",
        }

    @property
    def http(self) -> httpx.AsyncClient:
        """A client with the Director's token and no base address."""
        assert self._http is not None
        return self._http

    def database(self, service: str) -> Database:
        """A service's database, read at `mongod`'s own port and not through the proxy."""
        assert self._client is not None
        return self._client[f"{PREFIX}{service}"]

    def all(self, services: Iterable[str] = SERVICES) -> list[Replica]:
        return [replica for service in services for replica in self.replicas[service]]

    async def start(self) -> None:
        """Engines first, then every service, two processes each."""
        await asyncio.gather(self.mongod.start(), self.kafka.start())
        self._client = connect(f"mongodb://127.0.0.1:{self.mongod.port}/?directConnection=true")
        self.authorization = {"authorization": f"Bearer {self._token()}"}
        self._http = httpx.AsyncClient(headers=self.authorization, timeout=httpx.Timeout(8.0))
        for service in SERVICES:
            self.replicas[service] = [self.new_replica(service, n) for n in range(1, REPLICAS + 1)]
        for replica in self.all():
            replica.start()
        await self.ready(within=READY_WITHIN_S * 2)

    def _token(self) -> str:
        """The Director's, from yesterday until tomorrow: it holds whatever a process takes the time for."""
        made = issue_token(self.keys, Role.DIRECTOR, minutes=60 * 24)
        claims = jwt.decode(made, options={"verify_signature": False})
        claims["iat"] -= 24 * 3600
        return jwt.encode(claims, self.keys.private_key, algorithm="EdDSA", headers={"kid": self.keys.kid})

    def new_replica(self, service: str, number: int) -> Replica:
        return Replica(service, number, self.folder / "replicas" / f"{service}-{number}", self.environment)

    async def stop(self) -> None:
        """End every process, services before engines."""
        await asyncio.gather(*(replica.stop() for replica in self.all(self.replicas)))
        if self._http is not None:
            await self._http.aclose()
        if self._client is not None:
            await close(self._client)
        await asyncio.gather(self.mongod.stop(), self.kafka.stop())

    async def ready(self, within: float = READY_WITHIN_S) -> None:
        """Wait until every replica says that it is ready."""

        async def all_ready() -> bool:
            answers = await asyncio.gather(*(replica.ready() for replica in self.all()))
            missing = [r.name for r, fine in zip(self.all(), answers, strict=True) if not fine]
            assert not missing, f"not ready: {', '.join(missing)}"
            return True

        await eventually(all_ready, within=within, every=0.3)

    async def heal(self, services: Sequence[str] = (), **extra: str) -> None:
        """Undo whatever a fault may have left: the next one begins with everything in order.

        Both replicas of `services` go on with further settings, until the next time.
        """
        for proxy in (self.mongo_proxy, self.kafka_proxy):
            proxy.delay = 0.0
            proxy.release()
        for engine in (self.mongod, self.kafka):
            if not engine.running:
                await engine.start()
        for service, replicas in self.replicas.items():
            for third in replicas[REPLICAS:]:
                await third.stop()
            del self.replicas[service][REPLICAS:]
        wanted = {replica.name: extra if replica.service in services else {} for replica in self.all()}
        changed = [replica for replica in self.all() if replica.extra != wanted[replica.name]]
        await asyncio.gather(*(replica.renew(**wanted[replica.name]) for replica in changed))
        for replica in self.all():
            replica.disarm()
            replica.start()
        await self.ready()

    async def metrics(self) -> dict[str, float]:
        """Every counter's sum over all processes that there ever were, as far as they were asked."""
        token = self.keys.metrics_token_file.read_text().strip()

        async def ask(replica: Replica) -> None:
            pid = replica.pid
            try:
                answer = await self.http.get(
                    f"{replica.url}/metrics", headers={"authorization": f"Bearer {token}"}, timeout=2.0
                )
            except httpx.HTTPError:
                return
            if pid is None or answer.status_code != 200:
                return
            sums: dict[str, float] = {}
            for found in SAMPLE.finditer(answer.text):
                sums[found["name"]] = sums.get(found["name"], 0.0) + float(found["value"])
            self._counted[replica.name, pid] = sums

        await asyncio.gather(*(ask(replica) for replica in self.all()))
        total: dict[str, float] = {}
        for sums in self._counted.values():
            for name, value in sums.items():
                total[name] = total.get(name, 0.0) + value
        return total

    def endings(self) -> list[str]:
        """Every process that ended and was started again, in the order of time."""
        found = [(ending.at, f"{r.name} {ending.told}") for r in self.all() for ending in r.endings]
        return [told for _, told in sorted(found)]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """A whole city in `folder`, which is emptied; everything has ended when this returns."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        mongo_proxy = await stack.enter_async_context(Proxy())
        kafka_proxy = await stack.enter_async_context(Proxy())
        made = World(folder, mongo_proxy, kafka_proxy)
        stack.push_async_callback(made.stop)
        await made.start()
        yield made


def now() -> float:
    """The clock of all times of the suite, in seconds."""
    return time.monotonic()
