"""Catching up: the dashboard with a topic full of events, against a bare loop that stores the same documents.

The bare loop takes ``getmany``'s batches, folds them per subject as any loop would, and writes latest states
and history with one bulk each, majority-acknowledged like the dashboard's. It has none of the safeties: no
contracts, no marks, no order across a restart, no dead letters, offsets committed once a batch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer
from pymongo import UpdateOne

from bench import contenders, history, rig
from bench.engines import Engines, engines_in
from bench.figures import judged, row
from bench.options import Options
from shared.contracts import agenda
from shared.store import close, connect
from shared.store.driver import Driver

BATCH = 2000
TO_REACH = 0.6


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Rounds with both drivers, the bare loop beside each."""
    size = history.Size(missions=600, events=6_000 if options.short else 30_000)
    rates: dict[str, list[float]] = {}
    async with engines_in(folder) as engines:
        for number in range(options.rounds):
            for driver in ("pymongo", "motor"):
                ours, bare = await _round(engines, "motor" if driver == "motor" else "pymongo", size)
                rates.setdefault(driver, []).append(ours)
                rates.setdefault(f"bare {driver}", []).append(bare)
                print(f"round {number + 1}, {driver}: {ours:.0f}/s, bare {bare:.0f}/s", flush=True)
    return {
        "what": "events/s of a reader that is behind",
        "rounds": options.rounds,
        "events": size.events,
        "rows": [
            row(
                f"catching up: {'bare loop' if 'bare' in name else 'dashboard'}, {name.split()[-1]}",
                values,
                "events/s",
            )
            for name, values in rates.items()
        ],
        "targets": [
            judged(
                "catching up / bare getmany + bulk_write",
                f"dashboard-{driver}",
                [mine / bare for mine, bare in zip(rates[driver], rates[f"bare {driver}"], strict=True)],
                TO_REACH,
            )
            for driver in ("pymongo", "motor")
        ],
        "runs": rates,
    }


async def _round(engines: Engines, driver: Driver, size: history.Size) -> tuple[float, float]:
    system = contenders.ponte(engines, driver)
    del system.parts[0]
    await history.write(engines, system, size)
    bare = await bare_loop(engines, system, driver, size.events)
    async with rig.running(system, engines):
        course = await history.watch_feed(engines, system.prefix, size.events)
    return course.rate(size.events), bare


async def bare_loop(
    engines: Engines, system: contenders.SystemUnderTest, driver: Driver, total: int
) -> float:
    """Events/s, counted as the dashboard's are: without what comes before a tenth is in."""
    client = connect(engines.mongod.uri, driver)
    database = client[f"{system.prefix}bare"]
    topic = f"{system.environment['PONTE_TOPIC_PREFIX']}{agenda.TOPIC}"
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=engines.kafka.bootstrap_servers,
        group_id=f"{system.prefix}bare",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await database["feed"].create_index([("number", 1)], unique=True)
    await consumer.start()
    seen, course = 0, history.Course([])
    try:
        while seen < total:
            batches = await consumer.getmany(timeout_ms=500, max_records=BATCH)
            rows = [_row(record) for records in batches.values() for record in records]
            if not rows:
                continue
            for number, each in enumerate(rows, start=seen + 1):
                each["number"] = number
            await asyncio.gather(
                database["missions"].bulk_write(_latest(rows), ordered=False),
                database["feed"].insert_many(rows, ordered=False),
            )
            await consumer.commit()
            seen += len(rows)
            course.moments.append((time.monotonic(), seen))
    finally:
        await consumer.stop()
        await close(client)
    return course.rate(total)


def _row(record: Any) -> dict[str, Any]:
    headers = {name: value.decode() for name, value in record.headers}
    epoch, sequence = int(headers["ce_epoch"]), int(headers["ce_sequence"])
    return {
        "_id": f"{headers['ce_subject']}/{epoch}/{sequence}",
        "subject": headers["ce_subject"],
        "epoch": epoch,
        "sequence": sequence,
        "type": headers["ce_type"],
        "time": datetime.fromisoformat(headers["ce_time"]),
        "recorded_at": datetime.now(UTC),
        "unit": "city",
        "data": orjson.loads(record.value),
    }


def _latest(rows: Sequence[dict[str, Any]]) -> list[UpdateOne]:
    newest = {row["subject"]: row for row in rows}
    return [
        UpdateOne(
            {"_id": subject},
            {
                "$set": {
                    "mark": {"epoch": row["epoch"], "sequence": row["sequence"]},
                    "state": row["data"]["mission"],
                    "time": row["time"],
                }
            },
            upsert=True,
        )
        for subject, row in newest.items()
    ]
