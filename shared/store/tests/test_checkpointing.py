"""Writing checkpoints: when, by whom, which heads, and what a restore makes of them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import REGISTRY

from shared.store import checkpointing
from shared.store.checkpointing import Auditing, Checkpoints
from shared.store.checkpoints import CHECKPOINTED, CHECKPOINTS, Signer, checkpoint_faults
from shared.store.driver import Document
from shared.store.lease import Lease
from shared.store.tests.backup_unit import Unit
from shared.store.trail import AUDIT_ENTRIES, Entry, Kind
from shared.store.trail_writer import Trail
from shared.testing.waiting import eventually

KEY = Ed25519PrivateKey.generate()
SIGNER = Signer(KEY)


def writer(unit: Unit, *, epoch: int = 1, every: float = 3600.0) -> Checkpoints:
    auditing = Auditing(timedelta(seconds=every), SIGNER)
    return Checkpoints(unit.database, ["missions"], service="agenda", epoch=epoch, auditing=auditing)


async def written(unit: Unit) -> list[Document]:
    """All of them, seen to be a whole chain."""
    rows = await unit.database[CHECKPOINTS].find({}).sort("_id", 1).to_list()
    before: list[Document | None] = [None, *rows]
    for row, last in zip(rows, before, strict=False):
        assert checkpoint_faults(row, last, service="agenda", keys={SIGNER.key_id: KEY.public_key()}) == []
    return rows


def noted(row: Document) -> list[tuple[str, int]]:
    return [(head[0], head[2]) for head in row["heads"]]


async def test_only_what_has_changed_is_noted(unit: Unit) -> None:
    await unit.put("mission-1")
    await unit.put("mission-2")
    checkpoints = writer(unit)
    assert await checkpoints.write() == 2
    assert await checkpoints.write() == 0
    await unit.put("mission-2", "moved")
    assert await checkpoints.write() == 1
    assert await checkpoints.write(though_empty=True) == 0
    heads = [noted(row) for row in await written(unit)]
    assert heads == [[("mission-1", 1), ("mission-2", 1)], [("mission-2", 2)], []]


async def test_many_heads_make_several_checkpoints(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "PAGE", 2)
    monkeypatch.setattr(checkpointing, "HEADS_EACH", 4)
    for number in range(9):
        await unit.put(f"mission-{number}")
    assert await writer(unit).write(pause=0) == 9
    assert [(len(row["heads"]), row["subjects"]) for row in await written(unit)] == [(4, 4), (4, 4), (1, 1)]


async def test_one_replica_writes_at_a_time_and_another_takes_over(unit: Unit) -> None:
    await unit.put("mission-1")
    first, second = writer(unit), writer(unit)
    assert await first.write() == 1
    await unit.put("mission-1", "moved")
    assert await second.write() == 0
    await first._lease.give_back()
    assert await second.write() == 1
    assert len(await written(unit)) == 2


async def test_two_that_both_think_it_is_theirs_leave_one_whole_chain(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def always(*_: Any) -> bool:
        return True

    monkeypatch.setattr(Lease, "held", always)
    for number in range(5):
        await unit.put(f"mission-{number}", "new")
        await asyncio.gather(*(writer(unit).write(though_empty=True) for _ in range(4)))
    rows = await written(unit)
    assert {head[0] for row in rows for head in row["heads"]} == {f"mission-{n}" for n in range(5)}


async def test_it_is_written_when_it_is_due_and_at_the_end(unit: Unit) -> None:
    await unit.put("mission-1")
    often = writer(unit, every=0.1)
    await often.start()

    async def two() -> bool:
        return len(await written(unit)) >= 2

    await eventually(two)
    await often.stop()
    seldom = writer(unit)
    await seldom.start()
    before = len(await written(unit))
    assert not await seldom.poll()
    await unit.put("mission-1", "moved")
    await seldom.stop()
    rows = await written(unit)
    assert noted(rows[-1]) == [("mission-1", 2)]
    assert len(rows) == before + 1
    assert await writer(unit).write(though_empty=True) == 0, "the lease was given back"


async def test_a_restore_brings_the_checkpoints_back_and_the_next_one_has_its_epoch(unit: Unit) -> None:
    await unit.put("mission-1")
    before = writer(unit)
    await before.write()
    await before._lease.give_back()
    await unit.back_up()
    await unit.put("mission-1", "lost")
    assert await before.write() == 1
    epoch = await unit.restore()
    [row] = await written(unit)
    assert noted(row) == [("mission-1", 1)]
    assert [each["head"][:2] for each in await unit.database[CHECKPOINTED].find({}).to_list()] == [[1, 1]]
    await unit.put("mission-1", "after")
    assert await writer(unit, epoch=epoch).write() == 1
    rows = await written(unit)
    assert [(row["epoch"], noted(row)) for row in rows] == [
        (1, [("mission-1", 1)]),
        (2, [("mission-1", 2)]),
    ]


async def test_a_head_that_went_back_is_said_at_once(unit: Unit, caplog: pytest.LogCaptureFixture) -> None:
    await unit.put("mission-1")
    await unit.put("mission-1", "moved")
    await writer(unit).write()
    await unit.database["missions"].update_one({"_id": "mission-1"}, {"$set": {"sequence": 1}})
    await unit.database["meta"].delete_one({"_id": CHECKPOINTS})
    await writer(unit).write()
    assert "mission-1 stands at 1/1, but was at 1/2 in a checkpoint" in caplog.text


async def refused(unit: Unit, times: int) -> str:
    """So many refusals by a process that starts and ends; the name of its chain's head."""
    trail = Trail()
    await trail.open(unit.database)
    for _ in range(times):
        trail.note(Entry(Kind.REFUSAL, "203.0.113.7", "agenda.read", "/", "GET", "forbidden", 403))
    await trail.stop()
    return f"{AUDIT_ENTRIES}/{trail._chain.name}"


async def test_the_ends_of_the_trail_are_noted_too(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "PAGE", 2)
    await unit.put("mission-1")
    heads = sorted([(await refused(unit, 3), 3), (await refused(unit, 1), 1), (await refused(unit, 2), 2)])
    assert await writer(unit).write(pause=0) == 4
    assert noted((await written(unit))[-1]) == [*heads, ("mission-1", 1)]
    later = await refused(unit, 1)
    await unit.database["meta"].delete_one({"_id": CHECKPOINTS})
    assert await writer(unit).write(pause=0) == 1
    assert noted((await written(unit))[-1]) == [(later, 1)]


async def test_a_restore_keeps_who_was_refused_since_the_backup(unit: Unit) -> None:
    await unit.put("mission-1")
    before = await refused(unit, 2)
    await unit.back_up()
    after = await refused(unit, 3)
    await unit.database[AUDIT_ENTRIES].delete_one({"number": 2, "chain": before.partition("/")[2]})
    epoch = await unit.restore()
    await writer(unit, epoch=epoch).write()
    assert set(noted((await written(unit))[-1])) >= {(before, 2), (after, 3)}


def told(name: str) -> float:
    return REGISTRY.get_sample_value(f"ponte_audit_checkpoint_{name}_seconds") or 0


async def test_how_old_the_last_one_is_can_be_seen(unit: Unit) -> None:
    await unit.put("mission-1")
    seldom = writer(unit, every=600)
    await seldom.write()
    hour_ago = {"$set": {"time": "2026-11-01T10:00:00.000+00:00"}}
    await unit.database[CHECKPOINTS].update_one({"_id": 1}, hour_ago)
    await unit.database["meta"].delete_one({"_id": CHECKPOINTS})
    late = writer(unit, every=600)
    assert (await late._age()).total_seconds() > 3600
    await late.start()
    assert told("interval") == 600
    await eventually(lambda: told("age") < 600)
    await late.stop()
