"""Agreements over HTTP, on a real mongod and a real Kafka."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.testing.serving import Served

COMUNE = {"title": "Comune di Milano", "kind": "official"}
PRESS = {"title": "Press release of 2009-01-14", "kind": "secondary"}
DRAFT: dict[str, Any] = {
    "kind": "collaboration",
    "title": "Collaboration with Lyon",
    "counterpart": {"name": "Lyon", "name_it": "Lione", "place": "Lyon"},
    "term_months": 24,
}
TWINNING: dict[str, Any] = {
    "kind": "twinning",
    "title": "Twinning with Chicago",
    "counterpart": {"name": "Chicago", "place": {"city": "Chicago", "country": "US"}},
    "permanent": True,
    "signed": [{"date": "1973-04", "source": COMUNE}, {"date": "1962-06-25", "source": PRESS}],
    "status": {"status": "in-force", "source": COMUNE, "as_of": "2023-11"},
}


async def create(agreements: Served, body: dict[str, Any], path: str = "") -> str:
    async with agreements.client("officer-city") as officer:
        answer = await officer.post(f"/v1/agreements{path}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["subject"])


async def ask(agreements: Served, agreement_id: str, action: str, body: Any) -> httpx.Response:
    async with agreements.client("officer-city") as officer:
        return await officer.post(f"/v1/agreements/{agreement_id}/{action}", json=body)


async def show(agreements: Served, agreement_id: str, role: str = "contributor") -> dict[str, Any]:
    async with agreements.client(role) as caller:
        answer = await caller.get(f"/v1/agreements/{agreement_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()["data"]
    return shown


def ahead(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="minutes")


async def test_a_draft_is_the_offices_word_of_today(agreements: Served) -> None:
    shown = await show(agreements, await create(agreements, DRAFT))
    assert shown["status"]["status"] == "drafted"
    assert shown["status"]["source"]["kind"] == "office"
    assert shown["counterpart"]["place"]["country"] == "FR"
    assert shown["term"] == {"state": "not-signed", "earliest": None, "latest": None}
    assert shown["possible"] == ["schedule-signing", "sign", "end", "confirm-status", "correct"]


async def test_the_past_is_registered_as_its_sources_say_it(agreements: Served) -> None:
    shown = await show(agreements, await create(agreements, TWINNING, "/register"))
    assert [entry["date"] for entry in shown["signed"]] == ["1973-04", "1962-06-25"]
    assert shown["status"]["confirmed"] is False
    assert shown["counterpart"]["name_it"] == "Chicago"
    assert shown["term"]["state"] == "permanent"


async def test_an_agreement_lives_its_life(agreements: Served) -> None:
    agreement_id = await create(agreements, DRAFT)
    signing = {"mission_id": "mission-by-hand", "on": ahead(), "place": "Lyon"}
    steps: list[tuple[str, Any, str]] = [
        ("schedule-signing", signing, "signing-scheduled"),
        ("reopen-signing", {"reason": "Strike"}, "drafted"),
        ("sign", {"signed_on": "2024-05-02", "source": COMUNE}, "signed"),
        ("enter-into-force", {"as_of": "2024-06"}, "in-force"),
        ("suspend", {"reason": "Council motion", "source": COMUNE}, "suspended"),
        ("resume", {}, "in-force"),
        ("renew", {"renewed_on": "2026-05-02", "term_months": 36}, "in-force"),
        ("confirm-status", {"source": COMUNE}, "in-force"),
        ("correct", {"note": "Seen in the archive"}, "in-force"),
        ("end", {"reason": "By agreement of both sides"}, "ended"),
    ]
    for action, body, status in steps:
        answer = await ask(agreements, agreement_id, action, body)
        assert answer.status_code == 200, answer.text
        assert (await show(agreements, agreement_id))["status"]["status"] == status, action
    async with agreements.client("auditor") as auditor:
        items = (await auditor.get(f"/v1/agreements/{agreement_id}/history")).json()["items"]
    # The first term was over before the renewal was recorded: the register may have said so in between.
    told = [item for item in items if item["command"] != "note-term-over"]
    assert len(told) == len(steps) + 1
    assert told[4]["data"]["agreement"]["status"]["as_of"] == "2024-06"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"signed": []}, "signature-missing", "signed"),
        ({"term_months": 24}, "term-contradiction", "term_months"),
        ({"signed": [{"date": "2199", "source": COMUNE}]}, "impossible-value", "signed"),
        ({"signed": [{"date": "1973-13", "source": COMUNE}]}, "invalid-request", "signed.0.date"),
        ({"signed": [{"date": "1973"}]}, "invalid-request", "signed.0.source"),
        ({"status": {**TWINNING["status"], "status": "signing-scheduled"}}, "signature-unexpected", "signed"),
        (
            {"counterpart": {"name": "Springfield", "place": "Birmingham"}},
            "ambiguous-city",
            "counterpart.place",
        ),
        ({"partner": "x"}, "invalid-request", "partner"),
    ],
)
async def test_a_refusal_names_code_and_field(
    agreements: Served, change: dict[str, Any], code: str, field: str
) -> None:
    async with agreements.client("director") as director:
        answer = await director.post("/v1/agreements/register", json={**TWINNING, **change})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["errors"][0]["field"]) == (422, code, field)


@pytest.mark.parametrize(
    ("action", "body", "status", "code"),
    [
        ("sign", {"signed_on": "2199-01-01"}, 422, "impossible-value"),
        ("enter-into-force", {}, 409, "forbidden-transition"),
        ("end", {"reason": " "}, 422, "reason-missing"),
        (
            "schedule-signing",
            {"mission_id": "m", "on": "2020-01-01T10:00", "place": "Lyon"},
            422,
            "signing-in-the-past",
        ),
        ("confirm-status", {}, 422, "invalid-request"),
        ("confirm-status", {"source": COMUNE, "as_of": "2001"}, 422, "older-than-known"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    agreements: Served, action: str, body: Any, status: int, code: str
) -> None:
    answer = await ask(agreements, await create(agreements, DRAFT), action, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_the_cabinet_does_not_write_agreements(agreements: Served) -> None:
    for role in ("cabinet", "officer-european", "contributor", "auditor"):
        async with agreements.client(role) as caller:
            assert (await caller.post("/v1/agreements", json=DRAFT)).status_code == 403, role


async def test_agreements_are_found_by_kind_status_and_country(agreements: Served) -> None:
    agreement_id = await create(agreements, TWINNING, "/register")
    async with agreements.client("director") as director:
        for params, there in (
            ({"kind": "twinning", "status": "in-force", "country": "US"}, True),
            ({"kind": "partnership"}, False),
            ({"country": "FR"}, False),
        ):
            found = (await director.get("/v1/agreements", params={**params, "limit": 200})).json()["items"]
            assert (agreement_id in {item["id"] for item in found}) is there, params
        assert (await director.get("/v1/agreements", params={"country": "usa"})).status_code == 422


async def test_what_an_officer_changed_since_the_import_is_a_conflict(agreements: Served) -> None:
    key = f"twinning-{uuid.uuid4().hex[:8]}"
    cells = {
        "agreement_key": key,
        "kind": "twinning",
        "title": "Gemellaggio con Lione",
        "counterpart": "Lyon",
        "counterpart_it": "Lione",
        "city": "Lyon",
        "country": "FR",
        "signed": "1967-09-22 (Comune di Milano, page (old) | official)",
        "permanent": "yes",
        "status": "in-force",
        "status_source": "Comune di Milano",
        "status_source_kind": "official",
        "status_as_of": "2023",
    }
    path = f"/v1/imports/agreements/{key}"
    async with agreements.client("integration") as program:
        made = (await program.put(path, json={"cells": cells})).json()
        same = (await program.put(path, json={"cells": {**cells, "permanent": "VERO"}})).json()
        assert (made["outcome"], same["outcome"]) == ("create", "unchanged")
        await ask(agreements, made["subject"], "correct", {"title": "Twinning with Lyon"})
        other_cell = (await program.put(path, json={"cells": {**cells, "note": "Seen"}})).json()
        assert other_cell["outcome"] == "change"
        conflict = await program.put(path, json={"cells": {**cells, "note": "Seen", "title": "Lione"}})
    assert conflict.status_code == 409
    assert conflict.json()["conflicts"] == [
        {
            "field": "title",
            "last_imported": "Gemellaggio con Lione",
            "current": "Twinning with Lyon",
            "new": "Lione",
        }
    ]
    shown = await show(agreements, made["subject"])
    assert (shown["title"], shown["note"]) == ("Twinning with Lyon", "Seen")
