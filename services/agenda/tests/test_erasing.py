"""Somebody is erased from the agenda: whatever fails on the way, and whatever officers do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from bson import BSON

from services.agenda.tests.test_api import propose, show
from shared.contracts.base import Person
from shared.privacy import erasing, erasures
from shared.privacy.erasing import AggregateErasing
from shared.privacy.ledger import Asked, Ledger
from shared.store.driver import AutoReconnect, Document
from shared.store.events import verify_chain
from shared.testing.serving import Served
from shared.testing.waiting import eventually

REASON = "Asked for on the 3rd"


@pytest.fixture
def name() -> str:
    """Somebody whom no other test knows."""
    return f"Zoraide M{uuid4().hex[:8]}"


def about(name: str) -> dict[str, Any]:
    person = {"function": "Councillor", "name": name}
    return {"title": f"With {name}", "holder": person, "delegation": [person], "note": f"As {name} asked"}


async def erase(agenda: Served, name: str, *, key: str | None = None) -> str:
    async with agenda.client("director", **{"idempotency-key": key or uuid4().hex}) as director:
        answer = await director.post("/v1/people/erasures", json={"names": [name], "reason": REASON})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["erasure_id"])


async def done(agenda: Served, erasure_id: str) -> Document:
    async with agenda.client("director") as director:
        told: Document = (await director.get(f"/v1/people/erasures/{erasure_id}")).json()
    assert told["state"] == "done", told
    return told


async def left(agenda: Served, name: str) -> list[str]:
    found = []
    for collection in await agenda.database.list_collection_names():
        rows = await agenda.database[collection].find({}).to_list()
        found += [f"{collection} {row['_id']}" for row in rows if name.encode() in bytes(BSON.encode(row))]
    return found


async def journal(agenda: Served, subject: str) -> list[Document]:
    rows = await agenda.database["journal"].find({"subject": subject}).sort("sequence", 1).to_list()
    assert verify_chain(rows) is None
    return rows


def kinds(rows: list[Document]) -> list[str]:
    return [row["type"].split(".")[-2] for row in rows]


async def test_the_mission_stays_without_the_person(agenda: Served, name: str) -> None:
    mission = await propose(agenda, **about(name), schedule=True)
    told = await eventually(partial(done, agenda, await erase(agenda, name)), within=30)
    assert (told["subjects"], told["events"], told["kept"], told["names"]) == (1, 1, [], 1)
    shown = (await show(agenda, mission))["data"]
    assert (shown["title"], shown["note"]) == ("With […]", "As […] asked")
    assert (shown["holder"]["name"], shown["holder"]["function"]) == (None, "Councillor")
    rows = await journal(agenda, mission)
    assert kinds(rows) == ["proposed", "scheduled", "person-erased"]
    assert {(each["sequence"], each["path"]) for each in rows[2]["data"]["scrubbed"]} == {
        (sequence, f"mission.{path}")
        for sequence in (1, 2)
        for path in ("title", "holder.name", "delegation.0.name")
    }
    assert await left(agenda, name) == []


async def test_what_only_the_agenda_knows_of_a_reserved_mission_goes_too(agenda: Served, name: str) -> None:
    mission = await propose(agenda, **about(name), reserved=True)
    await eventually(partial(done, agenda, await erase(agenda, name)), within=30)
    assert await left(agenda, name) == []
    rows = await journal(agenda, mission)
    assert (kinds(rows), rows[1]["data"]["scrubbed"]) == (["proposed", "person-erased"], [])
    assert rows[1]["data"]["mission"]["title"] is None
    assert (await show(agenda, mission))["data"]["title"] == "With […]"


async def test_what_an_officer_took_out_before_leaves_the_past(agenda: Served, name: str) -> None:
    mission = await propose(agenda, title=f"With {name}", reserved=True)
    async with agenda.client("officer-city") as officer:
        await officer.post(f"/v1/missions/{mission}/correct", json={"title": "Other"})
    await eventually(partial(done, agenda, await erase(agenda, name)), within=30)
    assert await left(agenda, name) == []
    # It was never published: nobody has to be told.
    assert kinds(await journal(agenda, mission)) == ["proposed", "corrected"]


def failing_once(original: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    """As when the process dies at this step: before it or after it, once."""
    failed = False

    async def step(*arguments: Any, **options: Any) -> Any:
        nonlocal failed
        if failed:
            return await original(*arguments, **options)
        failed = True
        if after:
            await original(*arguments, **options)
        raise AutoReconnect("the process died here")

    return step


STEPS = [
    (AggregateErasing, "_command"),
    (AggregateErasing, "_scrub"),
    (erasures, "sweep"),
    (Ledger, "begin"),
    (Ledger, "end"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
async def test_it_goes_on_wherever_it_was_cut_off(
    agenda: Served, name: str, owner: Any, step: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = await propose(agenda, **about(name))
    monkeypatch.setattr(owner, step, failing_once(getattr(owner, step), after=after))
    await eventually(partial(done, agenda, await erase(agenda, name)), within=30)
    assert await left(agenda, name) == []
    assert kinds(await journal(agenda, mission)) == ["proposed", "person-erased"]


async def test_more_values_than_one_event_tells_take_several(
    agenda: Served, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = await propose(agenda, **about(name), schedule=True)
    monkeypatch.setattr(erasing, "MOST_SCRUBBED", 4)
    await eventually(partial(done, agenda, await erase(agenda, name)), within=30)
    assert await left(agenda, name) == []
    rows = await journal(agenda, mission)
    assert kinds(rows) == ["proposed", "scheduled", "person-erased", "person-erased"]
    assert [len(row["data"]["scrubbed"]) for row in rows[2:]] == [4, 2]


async def test_officers_who_write_meanwhile_lose_nothing_and_hide_nothing(agenda: Served, name: str) -> None:
    """Each erasure's event covers all that named the person before it; what comes later is found again."""
    mission = await propose(agenda, **about(name))
    key = uuid4().hex
    erasure_id = await erase(agenda, name, key=key)
    titles = []
    async with agenda.client("officer-city") as officer:
        for number in range(30):
            titles.append(f"{number} with {name if number % 2 else 'others'}")
            answer = await officer.post(f"/v1/missions/{mission}/correct", json={"title": titles[-1]})
            assert answer.is_success, answer.text
            await asyncio.sleep(0.01 * (number % 5))
    await eventually(partial(done, agenda, erasure_id), within=30)
    assert await erase(agenda, name, key=key) == erasure_id
    await eventually(partial(done, agenda, erasure_id), within=30)
    assert await left(agenda, name) == []
    rows = await journal(agenda, mission)
    assert kinds(rows).count("corrected") == len(titles)
    told = {
        (each["sequence"], each["path"])
        for row in rows
        if row["type"].endswith("person-erased.v1")
        for each in row["data"]["scrubbed"]
        if each["sequence"] < row["sequence"]
    }
    gone = {
        (row["sequence"], "mission.title")
        for row in rows
        if "mission.title" not in {entry["path"] for entry in row["people"]}
    }
    assert gone <= told


async def test_a_record_loses_whoever_is_a_person_in_it(agenda: Served, name: str) -> None:
    """As when it has been kept for long enough: nobody has to be named for that."""
    mission = await propose(agenda, **about(name))
    other = await propose(agenda, **about(name))
    asked = Asked("erasure-records", datetime.now(UTC), "service:agenda", None, REASON, records=(mission,))
    await Ledger(agenda.database, 1).accept(asked)
    await eventually(partial(done, agenda, "erasure-records"), within=30)
    assert {place.split("/")[0].split()[1] for place in await left(agenda, name)} == {other}
    shown = (await show(agenda, mission))["data"]
    assert (shown["title"], shown["holder"]["name"], shown["delegation"][0]["name"]) == (
        "With […]",
        None,
        None,
    )
    assert kinds(await journal(agenda, mission)) == ["proposed", "person-erased"]


async def test_what_cannot_be_taken_out_is_told(agenda: Served) -> None:
    """An id follows its pattern; it is not a text that somebody wrote."""
    mission = await propose(agenda, holder=Person(function="Mayor").model_dump())
    told = await eventually(partial(done, agenda, await erase(agenda, mission)), within=30)
    assert f"{mission}: mission_id" in told["kept"]
    assert (await show(agenda, mission))["id"] == mission


@pytest.fixture
async def director(agenda: Served) -> AsyncIterator[Any]:
    async with agenda.client("director") as caller:
        yield caller


async def test_a_request_says_whom_it_means(director: Any) -> None:
    for body in ({"reason": REASON}, {"names": ["—"], "reason": REASON}, {"names": ["Ada"], "reason": ""}):
        answer = await director.post("/v1/people/erasures", json=body)
        assert answer.status_code == 422, body
    assert (await director.get("/v1/people/erasures/erasure-none")).status_code == 404


async def test_a_key_stands_for_one_person(agenda: Served, name: str) -> None:
    key = uuid4().hex
    assert await erase(agenda, name, key=key) == await erase(agenda, name.upper(), key=key)
    async with agenda.client("director", **{"idempotency-key": key}) as director:
        answer = await director.post("/v1/people/erasures", json={"names": ["Other"], "reason": REASON})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert name not in answer.text


async def test_a_refusal_is_kept_with_its_ground_and_erases_nothing(
    agenda: Served, director: Any, name: str
) -> None:
    mission = await propose(agenda, **about(name))
    ground = "Regulation (EU) 2016/679, article 17(3)(d)"
    body = {"names": [name], "legal_ground": ground, "reason": f"{name} signed the agreement of 1999"}
    answer = await director.post("/v1/people/refusals", json=body)
    assert answer.status_code == 201
    told = (await director.get(f"/v1/people/erasures/{answer.json()['erasure_id']}")).json()
    assert (told["state"], told["legal_ground"]) == ("refused", ground)
    assert told["reason"] == "[…] signed the agreement of 1999"
    assert (await show(agenda, mission))["data"]["holder"]["name"] == name
    await eventually(partial(done, agenda, await erase(agenda, name)), within=30)


async def test_only_the_director_erases(agenda: Served) -> None:
    for role in ("officer-city", "cabinet", "auditor", "integration"):
        async with agenda.client(role) as caller:
            answer = await caller.post("/v1/people/erasures", json={"names": ["Ada"], "reason": REASON})
        assert answer.status_code == 403, role
