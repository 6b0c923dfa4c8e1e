"""A real `mongod`, as a replica set of one, for local runs and tests."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from shared.local.engine import Engine
from shared.local.errors import EngineFailed
from shared.local.fetch import mongod_program
from shared.local.ports import LOOPBACK

REPLICA_SET = "rs0"
# MongoDB 6.0 in the numbering of its wire protocol.
OLDEST_WIRE_VERSION = 17
NOT_YET_INITIALISED = 94


class Mongod(Engine):
    """One `mongod`; a replica set because a stand-alone one loses acknowledged writes on `kill -9`.

    With `member_host` (`"127.0.0.1:PORT"`) the set is known to clients under another address, such as a TCP
    proxy of a fault test that passes on to `port`; the proxy has to run before the start.
    """

    name: ClassVar[str] = "mongod"
    port_names: ClassVar[tuple[str, ...]] = ("client",)

    def __init__(self, folder: Path, port: int | None = None, *, member_host: str | None = None) -> None:
        """Take the data folder, and where they matter the port and the address told to clients."""
        super().__init__(folder, port)
        self._member_host = member_host

    @property
    def host(self) -> str:
        """The address that clients are told, `host:port`."""
        return self._member_host or f"{LOOPBACK}:{self.port}"

    @property
    def uri(self) -> str:
        """The connection string for clients."""
        return f"mongodb://{self.host}/?replicaSet={REPLICA_SET}"

    def environment(self) -> dict[str, str]:
        """Return the settings by which a service finds it; empty before the first start."""
        return {"PONTE_MONGODB_URI": self.uri} if self.ports else {}

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        options = (
            f"--port {self.port} --bind_ip {LOOPBACK} --replSet {REPLICA_SET} --wiredTigerCacheSizeGB 0.25"
        )
        # Neither a socket file outside the folder nor 200 MB of diagnostics; the oplog's own rule would take
        # up to a twentieth of the disk.
        lean = "--nounixsocket --oplogSize 256 --setParameter diagnosticDataCollectionEnabled=false"
        return [str(mongod_program()), "--dbpath", str(self.folder / "db"), *options.split(), *lean.split()]

    async def prepare(self) -> None:
        """Make the folder of the database."""
        (self.folder / "db").mkdir(exist_ok=True)

    async def is_ready(self, left: float) -> bool:
        """Tell whether it takes writes; initiates the replica set, or tells it its new address."""
        limit = int(min(left, 5) * 1000) + 1
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            LOOPBACK, self.port, directConnection=True, serverSelectionTimeoutMS=limit, socketTimeoutMS=limit
        )
        try:
            hello = await client.admin.command("hello")
            if hello["maxWireVersion"] < OLDEST_WIRE_VERSION:
                raise EngineFailed(
                    f"The mongod at {mongod_program()} is older than 6.0; install a newer one."
                )
            if hello.get("isWritablePrimary") and hello.get("me") == self.host:
                return True
            await self._configure(client)
        except PyMongoError:
            await asyncio.sleep(0.05)
        finally:
            await client.close()
        return False

    async def _configure(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": self.host}
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALISED:
                raise
            # One second without a primary is enough here: nobody else could be elected.
            settings = {"electionTimeoutMillis": 1000}
            await client.admin.command(
                "replSetInitiate", {"_id": REPLICA_SET, "members": [member], "settings": settings}
            )
            return
        if config["members"][0]["host"] != self.host:
            config["members"] = [member]
            config["version"] += 1
            # Under its old address the set finds no member that is itself, so it can elect none: force.
            await client.admin.command("replSetReconfig", config, force=True)
