"""After somebody was erased nothing holds their name: no API, page, log, metric, database or topic."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from bson import BSON

from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store import close, connect
from shared.testing.serving import Served, Surroundings, serving, surroundings
from shared.testing.waiting import eventually
from tests.planting import NAME, Whole, ends, holds, in_answers, in_databases, in_metrics, in_topics, plant
from tests.system import SERVICES
from tests.two_units import City

REQUEST = {"names": [NAME], "person_ids": ["person-zm"], "reason": f"{NAME} ha chiesto la cancellazione"}


@pytest.fixture
async def around(mongod: Mongod, kafka: Kafka, tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path) as made:
        yield made


async def start(
    stack: AsyncExitStack,
    around: Surroundings,
    kafka: Kafka,
    *,
    only: Sequence[str] = SERVICES,
    clean: bool = False,
) -> Whole:
    """Services, each with its own application; ``clean``: none may begin with the name in it."""
    services: dict[str, Served] = {}
    for name in only:
        build = import_module(f"services.{name}.app").build_app
        settings = import_module(f"services.{name}.settings").Settings
        services[name] = await stack.enter_async_context(serving(around, build, settings))
        if clean:
            assert await in_databases(Whole(around, {name: services[name]}, kafka.bootstrap_servers)) == []
    return Whole(around, services, kafka.bootstrap_servers)


async def erase(whole: Whole, *only: str) -> None:
    """Ask every service, with one key, and wait until all say that it is done."""
    asked = {name: whole[name] for name in only or whole.services}
    for name, served in asked.items():
        async with served.client("director", **{"idempotency-key": "erase-zm"}) as director:
            answer = await director.post("/v1/people/erasures", json=REQUEST)
            assert answer.status_code == 202, f"{name}: {answer.text}"
            assert not holds(answer.content.replace(b"person-zm", b""))
    for name in asked:
        await eventually(partial(done, whole, name), within=60, every=0.3)


async def done(whole: Whole, name: str) -> dict[str, Any]:
    rows = await whole[name].database["erasures"].find({}).to_list()
    assert [row["state"] for row in rows] == ["done"], f"{name}: {rows}"
    return rows[0]


async def ponte(around: Surroundings, *arguments: str) -> tuple[int, str]:
    """A command of `ponte` against these services."""
    environment = {
        **os.environ,
        "PONTE_MONGODB_URI": around.mongodb_uri,
        "PONTE_KAFKA_BOOTSTRAP_SERVERS": around.kafka_bootstrap,
        "PONTE_DATABASE_PREFIX": around.prefix,
        "PONTE_TOPIC_PREFIX": around.prefix,
        **around.keys.environment(),
    }
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("ponte")),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


async def exported(whole: Whole) -> list[Any]:
    """What every service's export finds of them, by name."""
    found = []
    for served in whole.services.values():
        async with served.client("director") as director:
            answer = await director.post("/v1/people/export", json={"names": [NAME]})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
    return found


async def nothing_in_databases(whole: Whole) -> None:
    assert await in_databases(whole) == []


@pytest.mark.timeout(300)
async def test_nothing_is_left_of_somebody_who_was_erased(
    around: Surroundings, kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with AsyncExitStack() as stack:
        whole = await start(stack, around, kafka)
        subjects = await plant(whole)
        assert len(await in_databases(whole)) > 30
        assert len(await exported(whole)) > 30
        assert await in_answers(whole, subjects)
        expired = await ends(whole)
        await erase(whole)

        await eventually(lambda: nothing_in_databases(whole), within=30, every=0.5)
        assert await in_answers(whole, subjects) == []
        assert await in_topics(whole, expired) == []
        assert await exported(whole) == []
        assert in_metrics() == []
        assert not [record for record in caplog.records if holds(record.getMessage().encode())]

        for command in (("check",), ("check", "--audit")):
            code, told = await ponte(around, *command)
            assert code == 0, told
            assert not holds(told.encode())


@pytest.mark.timeout(120)
async def test_a_unit_that_followed_with_the_name_after_its_own_erasure_looks_again(
    around: Surroundings, kafka: Kafka
) -> None:
    """The reason of a cancelled mission becomes that of its signing, whenever the event is read."""
    async with AsyncExitStack() as stack:
        whole = await start(stack, around, kafka, only=("agenda", "agreements"))
        city = City(around, whole["agenda"], whole["agreements"], kafka.bootstrap_servers)
        agreement = await city.draft()
        mission = await city.mission(agreement)
        await city.signing_is_with(agreement, mission)
        await erase(whole, "agreements")
        await city.act(mission, "cancel", {"reason": f"{NAME} cannot travel"})
        await city.signing_is_with(agreement, None)
        assert await in_databases(Whole(around, {"agreements": whole["agreements"]}, whole.kafka))
        await erase(whole, "agenda")
        await eventually(lambda: nothing_in_databases(whole), within=30, every=0.3)
        await eventually(lambda: done(whole, "agreements"), within=30, every=0.3)


@pytest.mark.timeout(400)
async def test_a_backup_of_before_does_not_bring_it_back(
    around: Surroundings, kafka: Kafka, tmp_path: Path
) -> None:
    """Not even where a service's database was lost, and its ledger with it."""
    folder = str(tmp_path / "yesterday")
    async with AsyncExitStack() as stack:
        whole = await start(stack, around, kafka)
        subjects = await plant(whole)
        code, told = await ponte(around, "backup", folder)
        assert code == 0, told
        await erase(whole)
        await eventually(lambda: nothing_in_databases(whole), within=30, every=0.5)

    client = connect(around.mongodb_uri)
    await client.drop_database(f"{around.prefix}agenda")
    await close(client)
    code, told = await ponte(around, "restore", folder, "--yes")
    assert code == 0, told
    assert await names_in(around, "agenda", "journal") > 5
    assert await names_in(around, "dashboard", "feed") > 5

    async with AsyncExitStack() as stack:
        whole = Whole(around, {}, kafka.bootstrap_servers)
        expired = await ends(whole)
        whole = await start(stack, around, kafka, clean=True)
        await eventually(lambda: nothing_in_databases(whole), within=60, every=0.5)
        for name in whole.services:
            await eventually(partial(done, whole, name), within=60, every=0.3)
        assert await in_answers(whole, subjects) == []
        assert await in_topics(whole, expired) == []
        code, told = await ponte(around, "check", "--audit")
        assert code == 0, told


async def names_in(around: Surroundings, service: str, collection: str) -> int:
    """How many documents of a service that does not run hold the name."""
    client = connect(around.mongodb_uri)
    try:
        found = await client[f"{around.prefix}{service}"][collection].find({}).to_list()
    finally:
        await close(client)
    return sum(holds(bytes(BSON.encode(document))) for document in found)
