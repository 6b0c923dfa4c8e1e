"""The agenda over HTTP, on a real mongod and a real Kafka."""

import uuid
from typing import Any

import httpx
import pytest

from shared.testing.serving import Served

LEG = {"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}
MEETING: dict[str, Any] = {
    "title": "Meeting in Lyon",
    "purpose": "meeting",
    "holder": {"function": "Mayor", "name": "Maria Bianchi"},
    "legs": [LEG],
}


async def propose(agenda: Served, **fields: Any) -> str:
    async with agenda.client("officer-city") as officer:
        answer = await officer.post("/v1/missions", json={**MEETING, **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/missions/{answer.json()['subject']}"
    return str(answer.json()["subject"])


async def ask(
    agenda: Served, mission_id: str, action: str, body: Any = None, **headers: str
) -> httpx.Response:
    async with agenda.client("officer-city", **headers) as officer:
        return await officer.post(f"/v1/missions/{mission_id}/{action}", json=body)


async def show(agenda: Served, mission_id: str, role: str = "officer-city") -> dict[str, Any]:
    async with agenda.client(role) as caller:
        answer = await caller.get(f"/v1/missions/{mission_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_proposed_mission_is_shown_with_its_place_and_moments(agenda: Served) -> None:
    mission_id = await propose(agenda, note="Bring the gift")
    shown = await show(agenda, mission_id)
    assert (shown["id"], shown["version"], shown["sequence"]) == (mission_id, 1, 1)
    mission = shown["data"]
    assert mission["status"] == "proposed"
    assert mission["legs"][0]["place"]["time_zone"] == "Europe/Paris"
    assert mission["legs"][0]["place"]["city_it"] == "Lione"
    assert mission["starts_at"] == "2027-03-04T08:30:00.000Z"
    assert mission["note"] == "Bring the gift"
    assert mission["possible"] == ["schedule", "reschedule", "cancel", "correct"]


async def test_proposing_and_scheduling_at_once_are_two_events_of_one_save(agenda: Served) -> None:
    mission_id = await propose(agenda, schedule=True)
    shown = await show(agenda, mission_id)
    assert (shown["version"], shown["sequence"]) == (1, 2)
    async with agenda.client("auditor") as auditor:
        told = (await auditor.get(f"/v1/missions/{mission_id}/history")).json()["items"]
    assert [entry["type"].split(".")[-2] for entry in told] == ["proposed", "scheduled"]
    assert {entry["actor"] for entry in told} == {"local-officer-city"}


async def test_a_mission_lives_its_life(agenda: Served) -> None:
    past = [{**LEG, "starts_at": "2025-03-04T09:30", "ends_at": "2025-03-05T18:00"}]
    mission_id = await propose(agenda)
    for action, body in (
        ("schedule", None),
        ("reschedule", {"legs": past}),
        ("correct", {"title": "Meeting with the Mayor of Lyon", "delegation": [{"function": "Councillor"}]}),
        ("complete", None),
    ):
        answer = await ask(agenda, mission_id, action, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    mission = (await show(agenda, mission_id))["data"]
    assert (mission["status"], mission["delegation"][0]["function"]) == ("completed", "Councillor")


async def test_the_same_key_is_carried_out_once(agenda: Served) -> None:
    key = uuid.uuid4().hex
    async with agenda.client("officer-city", **{"idempotency-key": key}) as officer:
        first = await officer.post("/v1/missions", json=MEETING)
        again = await officer.post("/v1/missions", json=MEETING)
        other = await officer.post("/v1/missions", json={**MEETING, "title": "Another"})
    assert first.json()["subject"] == again.json()["subject"]
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_is_the_persons_own_though_all_use_one_program(agenda: Served) -> None:
    key = {"idempotency-key": uuid.uuid4().hex}
    async with (
        agenda.client("officer-city", subject="anna", **key) as anna,
        agenda.client("officer-city", subject="bo", **key) as bo,
    ):
        hers = (await anna.post("/v1/missions", json=MEETING)).json()
        his = (await bo.post("/v1/missions", json=MEETING)).json()
        assert (his["replayed"], his["subject"] != hers["subject"]) == (False, True)
        other = await bo.post("/v1/missions", json={**MEETING, "title": "Another"})
        assert other.status_code == 422, "his own key was used for another body"
        path = f"/v1/missions/{hers['subject']}"
        anna.headers["idempotency-key"] = bo.headers["idempotency-key"] = "of-one-form"
        moved = await anna.post(f"{path}/correct", json={"title": "Anna's"})
        also = await bo.post(f"{path}/correct", json={"title": "Bo's"})
        assert [(one.status_code, one.json()["sequence"]) for one in (moved, also)] == [(200, 2), (200, 3)]
        again = (await anna.post(f"{path}/correct", json={"title": "Anna's"})).json()
        assert (again["replayed"], again["sequence"]) == (True, 2)
    assert (await show(agenda, hers["subject"]))["data"]["title"] == "Bo's"


async def test_a_stale_version_is_refused(agenda: Served) -> None:
    mission_id = await propose(agenda)
    assert (await ask(agenda, mission_id, "schedule")).status_code == 200
    stale = await ask(agenda, mission_id, "cancel", {"reason": "x"}, **{"if-match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    assert stale.json()["difference"] == ["status"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"purpose": "sign-agreement"}, "agreement-missing", "agreement_id"),
        ({"agreement_id": "agreement-1"}, "agreement-unexpected", "agreement_id"),
        ({"legs": [{**LEG, "place": "Atlantis"}]}, "unknown-city", "legs.0.place"),
        ({"legs": [{**LEG, "place": "Birmingham"}]}, "ambiguous-city", "legs.0.place"),
        ({"legs": [{**LEG, "place": "Lyon, Narnia"}]}, "unknown-country", "legs.0.place"),
        (
            {"legs": [{**LEG, "place": {"city": "Lyon", "country": "Narnia"}}]},
            "unknown-country",
            "legs.0.place.country",
        ),
        ({"legs": [{**LEG, "ends_at": "2027-03-04T09:30"}]}, "bad-legs", "legs.0.ends_at"),
        ({"legs": [LEG, LEG]}, "bad-legs", "legs.1.starts_at"),
        ({"legs": [{**LEG, "starts_at": "2027-03-28T02:30"}]}, "impossible-value", "legs.0.starts_at"),
        ({"legs": [{**LEG, "ends_at": "2027-02-30T10:00"}]}, "impossible-value", "legs.0.ends_at"),
        ({"legs": [{**LEG, "when": "soon"}]}, "invalid-request", "legs.0.when"),
        ({"titel": "x"}, "invalid-request", "titel"),
        ({"purpose": "holiday"}, "invalid-request", "purpose"),
        ({"title": " "}, "invalid-request", "title"),
    ],
)
async def test_a_refusal_names_code_and_field(
    agenda: Served, change: dict[str, Any], code: str, field: str
) -> None:
    async with agenda.client("officer-city") as officer:
        answer = await officer.post("/v1/missions", json={**MEETING, **change})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["code"], problem["errors"][0]["field"]) == (422, code, field)


async def test_a_refusal_speaks_the_callers_language(agenda: Served) -> None:
    async with agenda.client("officer-city", language="it") as officer:
        answer = await officer.post("/v1/missions", json={**MEETING, "purpose": "sign-agreement"})
    assert "indica in agreement_id l'accordo da firmare" in answer.json()["detail"]


async def test_a_place_that_nobody_knows_can_be_described_whole(agenda: Served) -> None:
    village = {"city": "Borgo Nuovo", "country": "Italy", "time_zone": "Europe/Rome"}
    mission_id = await propose(agenda, legs=[{**LEG, "place": village}])
    place = (await show(agenda, mission_id))["data"]["legs"][0]["place"]
    assert (place["city_it"], place["country"]) == ("Borgo Nuovo", "IT")
    async with agenda.client("officer-city") as officer:
        leg = {**LEG, "place": {**village, "country": None}}
        answer = await officer.post("/v1/missions", json={**MEETING, "legs": [leg]})
    assert answer.json()["errors"][0]["field"] == "legs.0.place.country"


@pytest.mark.parametrize(
    ("action", "body", "status", "code"),
    [
        ("complete", None, 409, "forbidden-transition"),
        ("cancel", {"reason": "  "}, 422, "reason-missing"),
        ("cancel", {}, 422, "invalid-request"),
        ("reschedule", {"legs": [LEG]}, 422, "same-legs"),
        ("correct", {"title": None}, 422, "impossible-value"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    agenda: Served, action: str, body: Any, status: int, code: str
) -> None:
    answer = await ask(agenda, await propose(agenda), action, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_mission_that_nobody_knows_is_not_found(agenda: Served) -> None:
    answer = await ask(agenda, "mission-0", "schedule")
    assert (answer.status_code, answer.json()["errors"][0]["value"]) == (404, "mission-0")


async def test_a_mission_is_completed_only_after_its_end(agenda: Served) -> None:
    answer = await ask(agenda, await propose(agenda, schedule=True), "complete")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-over-yet")


READERS = ["officer-european", "officer-partnerships", "protocol", "contributor", "auditor"]


@pytest.mark.parametrize("role", READERS)
async def test_who_may_not_write_reads(agenda: Served, role: str) -> None:
    mission_id = await propose(agenda)
    async with agenda.client(role) as caller:
        assert (await caller.get(f"/v1/missions/{mission_id}")).status_code == 200
        for path in ("", f"/{mission_id}/schedule", f"/{mission_id}/cancel"):
            answer = await caller.post(f"/v1/missions{path}", json=MEETING)
            assert answer.status_code == 403, path


@pytest.mark.parametrize("role", ["cabinet", "director", "integration"])
async def test_the_cabinet_writes_too(agenda: Served, role: str) -> None:
    async with agenda.client(role) as caller:
        assert (await caller.post("/v1/missions", json=MEETING)).status_code == 201


async def test_a_reserved_mission_is_busy_for_others_with_all_its_past(agenda: Served) -> None:
    mission_id = await propose(agenda, schedule=True, note="Discreet")
    assert (await ask(agenda, mission_id, "correct", {"reserved": True})).status_code == 200
    known = (await show(agenda, mission_id, "auditor"))["data"]
    assert (known["title"], known["note"]) == ("Meeting in Lyon", "Discreet")
    busy = (await show(agenda, mission_id, "officer-european"))["data"]
    assert (busy["title"], busy["purpose"], busy["legs"], busy["note"]) == (None, None, [], None)
    assert busy["holder"] == {"function": "Mayor", "name": None, "person_id": None}
    assert busy["starts_at"] == known["starts_at"]
    async with agenda.client("contributor") as contributor:
        told = (await contributor.get(f"/v1/missions/{mission_id}/history")).text
        listed = (await contributor.get("/v1/missions", params={"limit": 200})).json()["items"]
    for secret in ("Maria Bianchi", "Lyon", "Discreet"):
        assert secret not in told
    assert next(item for item in listed if item["id"] == mission_id)["data"]["title"] is None


async def test_missions_come_in_pages_and_by_status(agenda: Served) -> None:
    made = {await propose(agenda, agreement_id="agreement-page", purpose="sign-agreement") for _ in range(3)}
    assert (await ask(agenda, min(made), "schedule")).status_code == 200
    async with agenda.client("director") as director:
        wanted: dict[str, Any] = {"agreement_id": "agreement-page", "limit": 2}
        first = (await director.get("/v1/missions", params=wanted)).json()
        second = (await director.get("/v1/missions", params={**wanted, "after": first["next"]})).json()
        scheduled = (await director.get("/v1/missions", params={**wanted, "status": "scheduled"})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == sorted(made)
    assert second["next"] is None
    assert [item["id"] for item in scheduled["items"]] == [min(made)]


async def test_a_calendar_row_is_imported_once(agenda: Served) -> None:
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
    async with agenda.client("integration") as program:
        made = (await program.put(f"/v1/imports/missions/{key}", json={"cells": cells})).json()
        same = (await program.put(f"/v1/imports/missions/{key}", json={"cells": cells})).json()
        moved = {**cells, "starts_at": "2027-05-04T10:00"}
        changed = (await program.put(f"/v1/imports/missions/{key}", json={"cells": moved})).json()
    assert [made["outcome"], same["outcome"], changed["outcome"]] == ["create", "unchanged", "change"]
    assert (made["sequence"], changed["sequence"]) == (2, 3)
