"""Backup and restore on a real mongod, with both drivers."""

import asyncio
import gzip
from typing import Any

import pytest

from shared.store import JOURNAL, META, prepare
from shared.store import backup as backup_module
from shared.store.backup_file import BackupFault, data_path, manifest_path, services_in, verify
from shared.store.tests.backup_unit import Unit


async def test_what_was_backed_up_comes_back_as_a_new_epoch(unit: Unit) -> None:
    await unit.put("mission-1", "first")
    await unit.put("mission-1", "second")
    await unit.database["views"].insert_one({"_id": "a", "n": 2**40, "text": "$5 million"})
    manifest = await unit.back_up()
    assert (manifest.epoch, manifest.documents["missions"], manifest.documents["views"]) == (1, 1, 1)
    before = await unit.everything()

    await unit.put("mission-1", "third")
    await unit.put("mission-2")
    await unit.database["later"].insert_one({"_id": "b"})
    assert await unit.restore() == 2

    after = await unit.everything()
    assert await unit.title("mission-1") == "second"
    assert after["missions"] == before["missions"]
    assert after["views"] == before["views"]
    assert "later" not in after
    assert after["meta"] == [{"_id": "epoch", "epoch": 2}]
    assert set(await unit.database.list_collection_names()) == set(after)


async def test_the_indexes_come_back_too(unit: Unit) -> None:
    await unit.put("mission-1")
    before = {name: await backup_module.indexes_of(unit.database, name) for name in ("missions", JOURNAL)}
    await unit.back_up()
    await unit.restore()
    after = {name: await backup_module.indexes_of(unit.database, name) for name in ("missions", JOURNAL)}
    assert after == before
    assert {index["name"] for index in after[JOURNAL]} == {"place", "moment", "actor", "principal"}


async def test_an_event_that_waited_in_the_backup_is_journalled_and_waits_on_in_its_old_place(
    unit: Unit,
) -> None:
    await unit.put("mission-1", "first")
    await unit.put("mission-1", "second")
    document = await unit.database["missions"].find_one({"_id": "mission-1"})
    assert document is not None
    # The first one was on its way from the outbox when the backup was taken.
    await unit.database[JOURNAL].insert_one(document["outbox"][0])
    await unit.database["missions"].update_one(
        {"_id": "mission-1"}, {"$set": {"claim.token": "dead"}, "$currentDate": {"claim.at": True}}
    )
    await unit.back_up()
    assert await unit.restore() == 2
    journal = await unit.database[JOURNAL].find({}).sort("_id", 1).to_list()
    assert journal == document["outbox"]
    restored = await unit.database["missions"].find_one({"_id": "mission-1"})
    assert restored is not None
    assert restored["outbox"] == document["outbox"]
    assert "claim" not in restored
    await unit.put("mission-1", "third")
    history = await (await unit.missions()).history("mission-1")
    assert [(row["epoch"], row["sequence"]) for row in history] == [(1, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize(("present", "on_topic", "epoch"), [(1, 0, 2), (4, 0, 5), (1, 7, 8), (4, 3, 5)])
async def test_the_new_epoch_is_above_all_that_is_known(
    unit: Unit, present: int, on_topic: int, epoch: int
) -> None:
    await unit.put("mission-1")
    await unit.back_up()
    await unit.database[META].update_one({"_id": "epoch"}, {"$set": {"epoch": present}})
    assert await unit.restore(on_topic=on_topic) == epoch
    assert await prepare(unit.database, ["missions"]) == epoch


async def test_an_empty_engine_takes_a_backup(unit: Unit) -> None:
    await unit.put("mission-1", "kept")
    await unit.back_up()
    await unit.client.drop_database(unit.name)
    assert await unit.restore(on_topic=3) == 4
    assert await unit.title("mission-1") == "kept"


async def test_a_backup_shows_one_moment_while_commands_go_on(unit: Unit) -> None:
    """Each command writes the first mission and then the second: no moment has the second ahead."""
    await unit.put("mission-1", "0")
    await unit.put("mission-2", "0")
    stop = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await unit.put("mission-1", str(number))
            await unit.put("mission-2", str(number))

    writer = asyncio.create_task(write())
    try:
        for _ in range(3):
            await unit.back_up()
    finally:
        stop.set()
        await writer
    await unit.restore()
    first, second = int(await unit.title("mission-1")), int(await unit.title("mission-2"))
    assert second <= first <= second + 1
    assert first > 0


async def test_views_that_are_made_and_dropped_meanwhile_do_not_stop_a_backup(unit: Unit) -> None:
    await unit.put("mission-1")
    stop = asyncio.Event()

    async def rebuild() -> None:
        number = 1
        while not stop.is_set():
            number += 1
            view = unit.database[f"views.g{number}"]
            await view.create_index("n")
            await view.insert_many([{"_id": str(n), "n": n} for n in range(100)])
            await asyncio.sleep(0.3)
            await view.drop()

    work = asyncio.create_task(rebuild())
    try:
        for _ in range(5):
            manifest = await unit.back_up()
            views = [count for name, count in manifest.documents.items() if name.startswith("views.g")]
            assert all(0 <= count <= 100 for count in views)
            assert manifest.documents["missions"] == 1
    finally:
        stop.set()
        await work


async def test_sessions_are_in_no_backup_and_stay_as_they_are(unit: Unit) -> None:
    await unit.put("mission-1")
    await unit.database["sessions"].insert_one({"_id": "old"})
    manifest = await unit.back_up()
    assert not {"sessions", "replicas", "used_links"} & set(manifest.documents)
    assert b"sessions" not in gzip.decompress(data_path(unit.folder, "agenda").read_bytes())
    await unit.database["sessions"].insert_one({"_id": "new"})
    await unit.restore()
    assert [row["_id"] for row in await unit.database["sessions"].find({}).to_list()] == ["old", "new"]


async def test_a_damaged_backup_changes_nothing(unit: Unit) -> None:
    await unit.put("mission-1", "now")
    await unit.back_up()
    path = data_path(unit.folder, "agenda")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    before = await unit.everything()
    with pytest.raises(BackupFault, match=r"agenda\.bson\.gz is damaged"):
        await unit.restore()
    assert await unit.everything() == before


async def test_an_interrupted_backup_leaves_no_backup(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    await unit.put("mission-1")

    async def dies(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(backup_module, "_copy", dies)
        with pytest.raises(asyncio.CancelledError):
            await unit.back_up()
    assert services_in(unit.folder) == []
    assert all(path.suffix == ".part" for path in unit.folder.iterdir())
    await unit.back_up()
    assert verify(unit.folder, "agenda").documents["missions"] == 1
    assert [path for path in unit.folder.iterdir() if path.suffix == ".part"] == []


async def test_no_backup_of_what_never_was_a_service(unit: Unit) -> None:
    with pytest.raises(BackupFault, match="not the database of a service"):
        await unit.back_up()
    assert not manifest_path(unit.folder, "agenda").exists()
