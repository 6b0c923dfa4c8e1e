"""An owner with a journal and checkpoints on the run's `mongod`, without Kafka, to be audited and altered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.cli.drift import Owner
from shared.cli.tests.commands import Installation, Told
from shared.contracts.agenda import Mission
from shared.store import JOURNAL, Repository, prepare
from shared.store.checkpointing import Auditing, Checkpoints
from shared.store.checkpoints import Signer
from shared.store.driver import Database, Document
from shared.store.roles import Owns, tell
from shared.testing.builders import a_command, a_mission, completed, scheduled

T = TypeVar("T")
OWNS = Owns("ponte.agenda", ("missions",))


def write_key(path: Path) -> Path:
    """A new key's file."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


async def command(database: Database, subject: str) -> None:
    """One command, whose event stays in the outbox."""
    epoch = await prepare(database, OWNS.aggregates)
    missions = Repository(database["missions"], database[JOURNAL], Mission, epoch=epoch, what="mission_id")
    await missions.put(
        subject,
        a_command(),
        lambda state: scheduled(a_mission(mission_id=subject)) if state is None else completed(state),
    )


async def publish(database: Database) -> None:
    """What the relay does to the database: each event into the journal, then out of the outbox."""
    for row in await database["missions"].find({"outbox._id": {"$gt": ""}}, {"outbox": 1}).to_list():
        await database[JOURNAL].insert_many(row["outbox"])
        ids = [event["_id"] for event in row["outbox"]]
        await database["missions"].update_one(
            {"_id": row["_id"]}, {"$pull": {"outbox": {"_id": {"$in": ids}}}}
        )


class Audited:
    """The agenda of a test's own."""

    def __init__(self, mongodb_uri: str, database: str, folder: Path) -> None:
        self.key = write_key(folder / "audit-key.pem")
        self.installation = Installation(
            "127.0.0.1:1", mongodb_uri, database.removesuffix("_agenda"), str(folder / "state")
        )

    def do(self, work: Callable[[Database], Awaitable[T]]) -> T:
        return self.installation.database("agenda", work)

    def audit(self, *arguments: str) -> Told:
        return self.installation.ponte("check", "--audit", *arguments)

    def checkpoint(self, *, signed: bool = True) -> int:
        """Write one; how many heads it has."""
        return self.do(lambda database: self.write(database, signed=signed))

    async def write(self, database: Database, *, signed: bool = True) -> int:
        auditing = Auditing(timedelta(hours=1), Signer.read(self.key) if signed else None)
        writer = Checkpoints(
            database,
            OWNS.aggregates,
            service="agenda",
            epoch=await prepare(database, OWNS.aggregates),
            auditing=auditing,
        )
        noted = await writer.write(though_empty=True, pause=0)
        await writer.stop()
        await writer._lease.give_back()
        return noted

    def begin(self) -> None:
        """Three missions with three published events each, and a fourth whose event waits in the outbox."""

        async def work(database: Database) -> None:
            await prepare(database, OWNS.aggregates)
            await tell(database, OWNS)
            for _ in range(3):
                for subject in ("mission-1", "mission-2", "mission-3"):
                    await command(database, subject)
                await publish(database)
            await command(database, "mission-4")

        self.do(work)

    def owner(self, database: Database) -> Owner:
        return Owner("agenda", database, OWNS)

    def journal(self, subject: str) -> list[Document]:
        return self.do(
            lambda database: database[JOURNAL].find({"subject": subject}).sort("sequence", 1).to_list()
        )

    def change(self, collection: str, where: Any, update: Any) -> None:
        """By hand, past every program."""

        async def work(database: Database) -> None:
            await database[collection].update_one(where, update)

        self.do(work)

    def remove(self, collection: str, where: Any) -> None:
        """By hand, past every program."""

        async def work(database: Database) -> None:
            await database[collection].delete_one(where)

        self.do(work)

    def cut_off(self, subject: str) -> None:
        """The last event removed, and the aggregate put back to where it stood before it."""
        events = self.journal(subject)
        self.remove(JOURNAL, {"_id": events[-1]["_id"]})
        stood = {"sequence": events[-2]["sequence"], "head_hash": events[-2]["hash"]}
        self.change("missions", {"_id": subject}, {"$set": stood})
