"""What a restore does to the rest of the city: readers that were ahead of it agree again, on real engines."""

import asyncio
import functools
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from services.dashboard.tests.rebuilding import City, Owner, Replica, Where
from shared.contracts.agenda import TOPIC, Mission
from shared.domain import Change
from shared.identity.local import ensure_keys
from shared.messaging.ahead import topic_epoch
from shared.store import JOURNAL, META, Client, Repository, close, connect
from shared.store.backup import back_up
from shared.store.backup_file import verify
from shared.store.driver import Document
from shared.store.presence import REPLICAS, RESTORE
from shared.store.restore import Restore
from shared.telemetry.ending import START_AGAIN, CannotGoOn
from shared.testing.builders import a_command, a_mission, scheduled
from shared.testing.waiting import eventually
from tests.system import free_ports


def always(change: Change[Mission], _: Mission | None) -> Change[Mission]:
    return change


class Quiet:
    def begin(self, what: str, total: int) -> None: ...
    def advance(self, documents: int) -> None: ...
    def tell(self, text: str) -> None: ...


class Operator:
    """Backs up and restores services of the city."""

    def __init__(self, client: Client, where: Where, folder: Path) -> None:
        self.client, self.where, self.folder = client, where, folder

    def database(self, service: str) -> str:
        return f"{self.where.database_prefix}{service}"

    async def back_up(self, service: str) -> None:
        await back_up(self.client, self.database(service), service, self.folder, Quiet())

    async def restore(self, service: str) -> int:
        async def on_topic() -> int:
            topic = f"{self.where.topic_prefix}ponte.{service}"
            return await topic_epoch(topic, self.where.kafka_bootstrap_servers)

        manifest = verify(self.folder, service)
        return await Restore(
            self.client,
            self.database(service),
            self.folder,
            manifest,
            topic_epoch=on_topic,
            progress=Quiet(),
        ).run(20)


@pytest.fixture
def where(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], topic_prefix: str
) -> Where:
    return Where(kafka_bootstrap, mongodb_uri, database_name(""), f"{topic_prefix}.")


@pytest.fixture
async def city(where: Where) -> AsyncIterator[City]:
    async with AsyncExitStack() as stack:
        yield City(where, stack)


@pytest.fixture
async def operator(where: Where, tmp_path: Path) -> AsyncIterator[Operator]:
    client = connect(where.mongodb_uri)
    yield Operator(client, where, tmp_path)
    await close(client)


async def shows(replica: Replica, wanted: dict[str, str]) -> None:
    """The page's missions are exactly these, by id and title."""
    missions = {mission.mission_id: mission.title for mission in await replica.register.missions()}
    assert missions == wanted


async def agrees(replica: Replica, owner: Owner) -> None:
    """The feed has every event of the owner's journal once, and no other; the marks are at their last."""
    journal: list[Document] = await owner.runtime.database[JOURNAL].find({}).to_list()
    live = (await replica.live())["live"]
    suffix = "" if live == 1 else f".g{live}"
    feed = await replica.database[f"feed{suffix}"].find({}, {"_id": 1}).to_list()
    assert {row["_id"] for row in feed} == {row["_id"] for row in journal}
    marks = await replica.database[f"marks{suffix}"].find({}).to_list()
    last: dict[str, tuple[int, int]] = {}
    for row in journal:
        place = (row["epoch"], row["sequence"])
        last[row["subject"]] = max(place, last.get(row["subject"], place))
    assert {mark["_id"]: (mark["epoch"], mark["sequence"]) for mark in marks} == last


async def test_a_reader_ahead_of_a_restored_owner_agrees_again(city: City, operator: Operator) -> None:
    replica, owner = await city.replica(), await city.owner()
    await asyncio.gather(*(owner.store(f"mission-{n}", "then") for n in range(5)))
    await operator.back_up("agenda")
    await asyncio.gather(*(owner.store(f"mission-{n}", "undone") for n in range(3, 8)))
    wanted = {f"mission-{n}": "undone" if n > 2 else "then" for n in range(8)}
    await eventually(lambda: shows(replica, wanted), within=20)

    await owner.stack.aclose()
    assert await operator.restore("agenda") == 2
    owner = await city.owner()
    await owner.store("mission-4", "now")
    await owner.store("mission-9", "now")
    wanted = {f"mission-{n}": "then" for n in range(4)} | {"mission-4": "now", "mission-9": "now"}
    await eventually(lambda: shows(replica, wanted), within=40)
    await eventually(lambda: agrees(replica, owner), within=20)


async def test_an_event_that_only_the_backup_has_reaches_readers(
    city: City, operator: Operator, where: Where
) -> None:
    replica, owner = await city.replica(), await city.owner()
    await owner.store("mission-1", "first")
    await eventually(lambda: shows(replica, {"mission-1": "first"}), within=20)
    await owner.stack.aclose()
    # Accepted by a replica that died before it published: it is in the outbox and nowhere else.
    database = operator.client[operator.database("agenda")]
    missions = Repository(database["missions"], database[JOURNAL], Mission, epoch=1, what="mission_id")
    for subject in ("mission-1", "mission-2"):
        waiting = scheduled(a_mission(mission_id=subject, title="waiting"))
        await missions.put(subject, a_command(), functools.partial(always, waiting))
    await operator.back_up("agenda")
    assert await operator.restore("agenda") == 2
    owner = await city.owner()
    await eventually(lambda: shows(replica, dict.fromkeys(("mission-1", "mission-2"), "waiting")), within=40)
    await eventually(lambda: agrees(replica, owner), within=20)


async def test_a_restored_reader_is_told_again_what_it_forgot(city: City, operator: Operator) -> None:
    replica, owner = await city.replica(), await city.owner()
    await owner.store("mission-1", "first")
    await eventually(lambda: shows(replica, {"mission-1": "first"}), within=20)
    await operator.back_up("dashboard")
    await owner.store("mission-1", "second")
    await owner.store("mission-2", "second")
    await eventually(lambda: shows(replica, dict.fromkeys(("mission-1", "mission-2"), "second")), within=20)
    before = (await replica.register.head())[0]
    await replica.stop()
    await operator.restore("dashboard")
    replica = await city.replica()
    await eventually(lambda: shows(replica, dict.fromkeys(("mission-1", "mission-2"), "second")), within=40)
    await eventually(lambda: agrees(replica, owner), within=20)
    assert (await replica.register.head())[0] != before


async def test_a_volume_put_back_by_hand_does_not_start(city: City, operator: Operator, where: Where) -> None:
    owner = await city.owner()
    await owner.store("mission-1", "first")
    before = await owner.runtime.database["missions"].find_one({"_id": "mission-1"})
    assert before is not None
    await owner.store("mission-1", "second")
    await eventually(lambda: published(owner))
    await owner.stack.aclose()
    missions = operator.client[operator.database("agenda")]["missions"]
    await missions.replace_one({"_id": "mission-1"}, before)
    with pytest.raises(CannotGoOn, match=f"{TOPIC} knows mission-1 up to epoch 1, sequence 2.*ponte restore"):
        await city.owner()


async def published(owner: Owner) -> None:
    row = await owner.runtime.database["missions"].find_one({"outbox._id": {"$gt": ""}})
    assert row is None


async def test_a_process_ends_for_a_restore_and_starts_when_it_is_over(
    operator: Operator, where: Where, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        **ensure_keys(tmp_path / "keys").environment(),
        "PONTE_MONGODB_URI": where.mongodb_uri,
        "PONTE_KAFKA_BOOTSTRAP_SERVERS": where.kafka_bootstrap_servers,
        "PONTE_DATABASE_PREFIX": where.database_prefix,
        "PONTE_TOPIC_PREFIX": where.topic_prefix,
        "PONTE_HTTP_PORT": str(port),
    }
    meta = operator.client[operator.database("agenda")][META]

    async def process() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.agenda", env=environment, stdout=asyncio.subprocess.DEVNULL
        )

    async def ready() -> None:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/status")
        assert answer.status_code == 200

    first = await process()
    try:
        await eventually(ready, within=60)
        await meta.insert_one({"_id": RESTORE})
        assert await asyncio.wait_for(first.wait(), 30) == START_AGAIN
    finally:
        await ended(first)
    second = await process()
    try:
        await eventually(lambda: a_sign_of(operator, second), within=60)
        assert second.returncode is None
        with pytest.raises(httpx.ConnectError):
            await ready()
        await meta.delete_one({"_id": RESTORE})
        await eventually(ready, within=60)
        second.terminate()
        assert await asyncio.wait_for(second.wait(), 30) == 0
        replicas = operator.client[operator.database("agenda")][REPLICAS]
        assert await replicas.find({}).to_list() == []
    finally:
        await ended(second)


async def a_sign_of(operator: Operator, process: asyncio.subprocess.Process) -> None:
    """The waiting process shows itself now and then, before it looks for the mark."""
    rows = await operator.client[operator.database("agenda")][REPLICAS].find({}).to_list()
    assert any(f"/{process.pid}/" in row["_id"] for row in rows)


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
