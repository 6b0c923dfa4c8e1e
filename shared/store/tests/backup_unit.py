"""A service of a test's own whose database is backed up and restored."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.agenda import Mission
from shared.store import JOURNAL, Client, Database, Repository, close, connect, prepare
from shared.store import backup as backup_module
from shared.store.backup import back_up
from shared.store.backup_file import verify
from shared.store.driver import Document
from shared.store.restore import Restore
from shared.testing.builders import a_command, a_mission, scheduled


@dataclass
class Told:
    """A progress that remembers what it was told."""

    texts: list[str] = field(default_factory=list)
    documents: int = 0

    def begin(self, what: str, total: int) -> None:
        self.texts.append(what)

    def advance(self, documents: int) -> None:
        self.documents += documents

    def tell(self, text: str) -> None:
        self.texts.append(text)


class Unit:
    """A service's database with missions in it."""

    def __init__(self, client: Client, name: str, folder: Path) -> None:
        self.client, self.name, self.folder = client, name, folder
        self.database: Database = client[name]
        self.told = Told()

    async def missions(self) -> Repository[Mission]:
        epoch = await prepare(self.database, ["missions"])
        return Repository(
            self.database["missions"], self.database[JOURNAL], Mission, epoch=epoch, what="mission_id"
        )

    async def put(self, subject: str, title: str = "x") -> None:
        missions = await self.missions()
        await missions.put(subject, a_command(), lambda _: scheduled(a_mission(title=title)))

    async def title(self, subject: str) -> str:
        return (await (await self.missions()).get(subject)).state.title or ""

    async def back_up(self) -> Any:
        return await back_up(self.client, self.name, "agenda", self.folder, self.told)

    async def restore(self, *, on_topic: int = 0, wait_s: float = 5) -> int:
        async def topic_epoch() -> int:
            return on_topic

        manifest = verify(self.folder, "agenda")
        return await Restore(
            self.client, self.name, self.folder, manifest, topic_epoch=topic_epoch, progress=self.told
        ).run(wait_s)

    async def everything(self) -> dict[str, list[Document]]:
        return {
            name: sorted(await self.database[name].find({}).to_list(), key=lambda row: str(row["_id"]))
            for name in await backup_module.backed_up(self.database)
        }


@pytest.fixture(params=["motor", "pymongo"])
async def unit(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[Unit]:
    client = connect(mongodb_uri, request.param)
    yield Unit(client, database_name("agenda"), tmp_path)
    await close(client)
