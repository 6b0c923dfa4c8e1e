"""The real `mongod`: a replica set of one that loses nothing it has acknowledged."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from shared.local import ports
from shared.local.errors import EngineFailed, PortTaken
from shared.local.mongod import Mongod
from shared.local.tests.proxy import Proxy

Client = AsyncMongoClient[dict[str, Any]]


async def test_it_is_a_replica_set_of_one_that_takes_transactions(mongod: Mongod) -> None:
    client: Client
    async with AsyncMongoClient(mongod.uri) as client:
        hello = await client.admin.command("hello")
        assert hello["setName"] == "rs0"
        assert hello["hosts"] == [mongod.host]
        build = await client.admin.command("buildInfo")
        assert tuple(build["versionArray"][:2]) >= (6, 0)


async def test_kill_9_under_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    numbers = iter(range(1_000_000))
    ended = asyncio.Event()

    async with Mongod(tmp_path) as mongod:
        client: Client
        async with AsyncMongoClient(mongod.uri) as client:
            concern = WriteConcern("majority", j=True)
            collection: AsyncCollection[dict[str, Any]] = client["ponte_agenda"].get_collection(
                "missions", write_concern=concern
            )

            async def write() -> None:
                while not ended.is_set():
                    number = next(numbers)
                    try:
                        await collection.insert_one({"_id": number})
                    except PyMongoError:
                        continue  # not acknowledged: it may or may not be there
                    acknowledged.append(number)

            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(write())
                while len(acknowledged) < 500:
                    await asyncio.sleep(0.01)
                mongod.kill()
                before = len(acknowledged)
                await mongod.start(within=30)
                while len(acknowledged) < before + 200:
                    await asyncio.sleep(0.01)
                ended.set()
            stored = {document["_id"] async for document in collection.find({}, {"_id": 1})}
    assert set(acknowledged) <= stored


async def test_its_data_stay_when_its_port_is_taken(tmp_path: Path) -> None:
    client: Client
    async with Mongod(tmp_path) as mongod:
        old = mongod.port
        async with AsyncMongoClient(mongod.uri) as client:
            await _insert(client, 1)
    async with Proxy(old, 1), Mongod(tmp_path) as again:
        assert again.port != old
        async with AsyncMongoClient(again.uri) as client:
            assert await client["ponte"]["kept"].count_documents({}) == 1
            await _insert(client, 2)


async def test_a_port_given_by_number_and_taken_is_one_sentence(tmp_path: Path) -> None:
    async with Proxy(0, 1) as other:
        mongod = Mongod(tmp_path, other.port)
        with pytest.raises(PortTaken, match=str(other.port)):
            await mongod.start()


async def test_clients_can_be_led_through_a_proxy(tmp_path: Path) -> None:
    client: Client
    port = ports.free_port()
    async with (
        Proxy(target=port) as proxy,
        Mongod(tmp_path, port, member_host=f"127.0.0.1:{proxy.port}") as mongod,
        AsyncMongoClient(mongod.uri, serverSelectionTimeoutMS=5000) as client,
    ):
        await _insert(client, 1)
        assert (await client.address) == ("127.0.0.1", proxy.port)


async def test_a_mongod_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "storage.bson").write_text("not what mongod writes there")
    mongod = Mongod(tmp_path)
    with pytest.raises(EngineFailed, match="mongod ended by itself"):
        await mongod.start()
    assert not mongod.running


async def _insert(client: Client, number: int) -> None:
    collection: AsyncCollection[dict[str, Any]] = client["ponte"]["kept"]
    await collection.insert_one({"_id": number})
