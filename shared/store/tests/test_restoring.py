"""Restores and those who are alive meanwhile: who waits, who ends, what is resumed."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from shared.store import META
from shared.store import restore as restore_module
from shared.store.backup_file import BackupFault
from shared.store.presence import RESTORE, Presence
from shared.store.tests.backup_unit import Unit
from shared.testing.waiting import eventually


async def test_a_restore_waits_for_the_replicas_and_they_end(unit: Unit) -> None:
    await unit.put("mission-1")
    await unit.back_up()
    ended: list[str] = []
    replica = Presence(unit.database, "agenda", ended.append)
    await replica.enter()
    replica.holds(1)
    restoring = asyncio.create_task(unit.restore(wait_s=10))
    await eventually(lambda: len(ended) == 1)
    assert ended == ["the database of agenda is being restored"]
    assert not restoring.done()
    assert any("Waiting until agenda has ended" in text for text in unit.told.texts)
    await replica.stop()
    assert await restoring == 2


async def test_a_restore_that_waits_in_vain_changes_nothing(unit: Unit) -> None:
    await unit.put("mission-1")
    await unit.back_up()
    before = await unit.everything()
    replica = Presence(unit.database, "agenda", lambda _: None)
    await replica.enter()
    with pytest.raises(BackupFault, match=r"still running .* nothing was changed"):
        await unit.restore(wait_s=0.5)
    assert await unit.everything() == before
    await replica.stop()


async def test_a_service_starts_only_when_the_restore_is_over(unit: Unit) -> None:
    await unit.put("mission-1")
    await unit.database[META].insert_one({"_id": RESTORE})
    told: list[str] = []
    replica = Presence(unit.database, "agenda", lambda _: None)
    entering = asyncio.create_task(replica.enter(told.append))
    await eventually(lambda: told == ["agenda waits: its database is being restored (ponte restore)"])
    await asyncio.sleep(0)
    assert not entering.done()
    await unit.database[META].delete_one({"_id": RESTORE})
    await entering
    await replica.stop()
    assert await unit.database["replicas"].find({}).to_list() == []


async def test_a_replica_that_slept_through_a_restore_ends(unit: Unit) -> None:
    await unit.put("mission-1")
    ended: list[str] = []
    replica = Presence(unit.database, "agenda", ended.append)
    await replica.enter()
    replica.holds(1)
    await unit.database[META].update_one({"_id": "epoch"}, {"$set": {"epoch": 2}})
    await eventually(lambda: len(ended) == 1)
    assert ended == ["the database of agenda was restored: its epoch is 2, not 1"]
    await replica.stop()


@pytest.mark.parametrize("step", ["load", "put_in_place", "_put_meta"])
async def test_an_interrupted_restore_is_resumed(
    unit: Unit, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies after the step's work was done but before it was noted."""
    await unit.put("mission-1", "kept")
    await unit.back_up()
    await unit.put("mission-1", "lost")
    monkeypatch.setattr(restore_module, "_HELD_S", 0.5)
    from shared.store import swap

    module = swap if step == "_put_meta" else restore_module
    real = getattr(module, step)

    async def dies(*arguments: Any) -> None:
        await real(*arguments)
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(module, step, dies)
        with suppress(asyncio.CancelledError):
            await unit.restore()
    mark = await unit.database[META].find_one({"_id": RESTORE})
    assert mark is not None
    assert mark["epoch"] == 2
    assert await unit.restore() == 2
    assert await unit.title("mission-1") == "kept"
    assert await unit.database[META].find({}).to_list() == [{"_id": "epoch", "epoch": 2}]
    assert not [name for name in await unit.database.list_collection_names() if name.endswith(".restoring")]


async def test_only_one_restores_at_a_time(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    await unit.put("mission-1")
    await unit.back_up()
    await unit.database[META].insert_one({"_id": RESTORE, "token": "other"})
    await unit.database[META].update_one({"_id": RESTORE}, {"$currentDate": {"at": True}})
    with pytest.raises(BackupFault, match="Another restore of agenda is going on"):
        await unit.restore(wait_s=0.5)
