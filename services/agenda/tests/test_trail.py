"""What the agenda leaves in its trail: whoever was refused, and whoever has read a reserved mission."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.agenda.app import build_app
from services.agenda.settings import Settings
from services.agenda.tests.test_api import MEETING, propose
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store.trail import AUDIT_ENTRIES, entries
from shared.testing.serving import Served, serving, surroundings
from shared.testing.waiting import eventually


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(
    mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """An agenda whose trail holds what this page does."""
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp("trail")) as around,
        serving(around, build_app, Settings) as served,
    ):
        yield served


async def told(agenda: Served, **where: str) -> list[dict[str, Any]]:
    return await entries(agenda.database, where, limit=1000)


async def test_whoever_reads_a_reserved_mission_is_recorded_before_the_answer(own: Served) -> None:
    reserved = await propose(own, reserved=True)
    plain = await propose(own)
    async with own.client("cabinet", subject="secretary-1") as cabinet:
        for path in (
            f"/v1/missions/{reserved}",
            f"/v1/missions/{reserved}/history",
            "/v1/missions?limit=200",
        ):
            answer = await cabinet.get(path)
            assert answer.status_code == 200
            [entry, *_] = await told(own, subject=reserved, kind="reading")
            assert (entry["actor"], entry["action"]) == ("secretary-1", "agenda.read-reserved")
            assert entry["route"] in {
                "/v1/missions/{mission_id}",
                "/v1/missions/{mission_id}/history",
                "/v1/missions",
            }
        await cabinet.get(f"/v1/missions/{plain}")
    async with own.client("contributor") as contributor:
        assert (await contributor.get(f"/v1/missions/{reserved}")).json()["data"]["title"] is None
        await contributor.get("/v1/missions?limit=200")
    assert len(await told(own, subject=reserved)) == 3
    assert await told(own, subject=plain) == []


async def test_whoever_is_refused_is_recorded(own: Served) -> None:
    reserved = await propose(own, reserved=True)
    async with own.client("contributor", subject="directorate-1") as contributor:
        await contributor.post("/v1/missions?token=hidden", json=MEETING)
    async with own.client("integration", subject="program-1", scopes=["agenda.write"]) as program:
        await program.post(f"/v1/missions/{reserved}/correct", json={"title": "hidden"})
    async with own.client("director", authorization="Bearer not.a.token") as stranger:
        await stranger.post(f"/v1/missions/{reserved}/cancel", json={"reason": "hidden"})

    async def three() -> None:
        [by_role, by_object, by_token] = reversed(await told(own, kind="refusal"))
        assert (by_role["actor"], by_role["reason"], by_role["status"]) == ("directorate-1", "forbidden", 403)
        assert (by_role["route"], by_role["action"], by_role["subject"]) == (
            "/v1/missions",
            "agenda.write",
            None,
        )
        assert (by_object["reason"], by_object["subject"]) == ("reserved-mission", reserved)
        assert (by_token["actor"], by_token["status"], by_token["reason"]) == (None, 401, "malformed-token")
        assert (by_token["subject"], by_token["action"]) == (reserved, "agenda.write")

    await eventually(three)
    assert "hidden" not in str(await own.database[AUDIT_ENTRIES].find({}).to_list())


async def test_a_file_that_meets_a_reserved_mission_leaves_its_trace(own: Served) -> None:
    key = uuid.uuid4().hex
    cells = {
        "uid": key,
        "summary": "Conference in Lyon",
        "starts_at": "2027-05-04T09:00",
        "ends_at": "2027-05-04T18:00",
        "location": "Lyon, FR",
        "organizer": "Mayor",
        "categories": "conference",
    }
    other = {**cells, "summary": "Mine"}
    path, check = f"/v1/imports/missions/{key}", {"rows": [{"key": key, "line": 2, "cells": other}]}
    async with (
        own.client("integration", subject="calendar-1", scopes=["agenda.import", "agenda.read"]) as program,
        own.client("cabinet", subject="secretary-2") as cabinet,
    ):
        subject = (await cabinet.put(path, json={"cells": cells})).json()["subject"]
        hidden = {"reserved": True, "title": "Discreet talks"}
        assert (await cabinet.post(f"/v1/missions/{subject}/correct", json=hidden)).status_code == 200
        assert await told(own, subject=subject) == []
        for sent in (
            await cabinet.post("/v1/imports/missions/check", json=check),
            await cabinet.put(path, json={"cells": other}),
        ):
            assert "Discreet talks" in sent.text
        seen = await told(own, subject=subject)
        assert [(row["kind"], row["actor"], row["method"]) for row in seen] == [
            ("reading", "secretary-2", "PUT"),
            ("reading", "secretary-2", "POST"),
        ]
        assert (await program.post("/v1/imports/missions/check", json=check)).status_code == 200
        assert (await program.put(path, json={"cells": other})).status_code == 403

    async def refused_twice() -> None:
        rows = await told(own, subject=subject, kind="refusal")
        assert [(row["reason"], row["actor"]) for row in rows] == [("reserved-mission", "calendar-1")] * 2

    await eventually(refused_twice)


async def test_where_the_trail_cannot_be_written_nothing_reserved_is_shown_and_refusals_are_answered(
    own: Served,
) -> None:
    reserved, plain = await propose(own, reserved=True), await propose(own)

    async def entries_are(validator: dict[str, Any]) -> None:
        await own.database.command({"collMod": AUDIT_ENTRIES, "validator": validator})

    async with (
        own.client("contributor", subject="directorate-2") as contributor,
        own.client("cabinet") as cabinet,
    ):
        await entries_are({"never": True})
        shown = await cabinet.get(f"/v1/missions/{reserved}")
        assert (shown.status_code, shown.json()["code"]) == (503, "unavailable")
        assert "Lyon" not in shown.text
        assert (await cabinet.get(f"/v1/missions/{plain}")).status_code == 200
        assert (await contributor.get(f"/v1/missions/{reserved}")).status_code == 200
        assert (await contributor.post("/v1/missions", json=MEETING)).status_code == 403
        await entries_are({})
        assert (await cabinet.get(f"/v1/missions/{reserved}")).status_code == 200

    async def there() -> bool:
        return len(await told(own, actor="directorate-2")) == 1

    await eventually(there)
