"""The API of dossiers on a real mongod and a real Kafka."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.dossiers.tests.test_imports import CELLS
from shared.identity import Role
from shared.testing import eventually
from shared.testing.service import Service

ICAPITAL: dict[str, Any] = {
    "kind": "prize",
    "what_for": "European Capital of Innovation",
    "what_for_it": "Capitale europea dell'innovazione",
    "applicant": "City of Milan",
    "applicant_it": "Comune di Milano",
    "issuer": "European Commission",
    "edition_year": 2099,
    "deadline": {"local": "2099-06-01T17:00", "time_zone": "Europe/Brussels"},
    "source": {"title": "Comune di Milano", "kind": "official"},
    "as_of": "2026",
}
EMA: dict[str, Any] = {
    **{name: ICAPITAL[name] for name in ("source", "as_of")},
    "kind": "seat",
    "what_for": "Seat of the European Medicines Agency",
    "what_for_it": "Sede dell'Agenzia europea per i medicinali",
    "applicant": "Italy",
    "applicant_it": "Italia",
    "status": "lost",
    "outcome": {
        "decided_on": "2017-11-20",
        "method": "drawing of lots",
        "method_it": "sorteggio",
        "rounds": [
            {"number": 1, "result": "25 points", "result_it": "25 punti"},
            {"number": 2, "result": "12-9-5", "result_it": "12-9-5"},
            {"number": 3, "result": "13-13", "result_it": "13-13"},
        ],
    },
}


async def post(client: AsyncClient, path: str, body: Any, **headers: str) -> Response:
    return await client.post(
        path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


async def registered(client: AsyncClient, body: Any = ICAPITAL) -> str:
    answer = await post(client, "/v1/candidacies", body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/candidacies/{answer.json()['subject']}"
    return str(answer.headers["Location"])


async def data(client: AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_candidacy_from_its_consideration_to_the_prize(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer)
    steps: list[tuple[str, Any]] = [
        ("start-preparation", {}),
        ("move-deadline", {"deadline": {"local": "2099-06-15T17:00", "time_zone": "Europe/Rome"}}),
        ("submit", {}),
        ("shortlist", {"source": {"title": "European Commission", "kind": "counterpart"}, "as_of": "2026"}),
        ("win", {"outcome": {"decided_on": "2026", "method": "jury", "method_it": "giuria"}}),
        ("correct", {"edition_year": 2098}),
    ]
    for number, (step, body) in enumerate(steps, start=2):
        answer = await post(officer, f"{path}/{step}", body)
        assert (answer.status_code, answer.json().get("sequence")) == (200, number), answer.text
    shown = await data(officer, path)
    assert (shown["status"], shown["edition_year"], shown["outcome"]["method_it"]) == ("won", 2098, "giuria")
    assert shown["deadline"] == {
        "local": "2099-06-15T17:00",
        "time_zone": "Europe/Rome",
        "at": "2099-06-15T15:00:00.000Z",
    }
    assert shown["source"] == {"title": "Area Relazioni Internazionali", "kind": "office"}
    told = (await officer.get(f"{path}/history")).json()["items"]
    assert [entry["type"].split(".")[3] for entry in told] == [
        "considered",
        "preparation-started",
        "deadline-moved",
        "submitted",
        "shortlisted",
        "won",
        "corrected",
    ]
    assert {**told[-1]["data"]["candidacy"], "responsible": "local-officer-partnerships"} == shown


async def test_a_candidacy_of_the_past_comes_with_its_outcome(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer, EMA)
    shown = await data(officer, path)
    assert (shown["status"], len(shown["outcome"]["rounds"])) == ("lost", 3)
    (entry,) = (await officer.get(f"{path}/history")).json()["items"]
    assert entry["type"] == "ponte.dossiers.candidacy.registered.v1"
    without = {name: value for name, value in EMA.items() if name != "outcome"}
    refused = await post(officer, "/v1/candidacies", without)
    assert (refused.status_code, refused.json()["code"]) == (422, "outcome-missing")


async def test_nothing_is_submitted_after_the_deadline(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    closed = {"local": "2020-06-01T17:00", "time_zone": "Europe/Brussels"}
    path = await registered(officer, {**ICAPITAL, "deadline": closed})
    await post(officer, f"{path}/start-preparation", {})
    late = await post(officer, f"{path}/submit", {})
    assert (late.status_code, late.json()["code"]) == (409, "deadline-passed")
    assert "2020-06-01T17:00 (Europe/Brussels)" in late.text
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await post(officer, f"{path}/submit", {"submitted_at": ahead})).status_code == 422
    # Recorded today, handed in with a minute to spare.
    in_time = await post(officer, f"{path}/submit", {"submitted_at": "2020-06-01T14:59:00Z"})
    assert in_time.status_code == 200, in_time.text


@pytest.mark.parametrize(
    ("deadline", "field", "rule"),
    [
        ({"local": "2026-10-25T02:30", "time_zone": "Europe/Brussels"}, "deadline.local", "twice"),
        ({"local": "2026-03-29T02:30", "time_zone": "Europe/Brussels"}, "deadline.local", "never show"),
        ({"local": "2026-11-26T17:00", "time_zone": "Europe/Atlantis"}, "deadline.time_zone", "IANA"),
        ({"local": "tomorrow", "time_zone": "Europe/Brussels"}, "deadline.local", "2026-11-26T17:00"),
    ],
)
async def test_an_impossible_deadline_is_told_with_the_rule(
    dossiers: Service, deadline: Any, field: str, rule: str
) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer)
    for answer in (
        await post(officer, f"{path}/move-deadline", {"deadline": deadline}),
        await post(officer, f"{path}/correct", {"deadline": deadline}),
        await post(officer, "/v1/candidacies", {**ICAPITAL, "deadline": deadline}),
    ):
        assert answer.status_code == 422
        assert field in answer.text
        assert rule in answer.text


async def test_a_forbidden_step_names_the_state_and_what_is_possible(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer)
    refused = await post(officer, f"{path}/win", {"outcome": {}}, Accept_Language="it")
    assert (refused.status_code, refused.json()["code"]) == (409, "forbidden-transition")
    assert "start-preparation, move-deadline, withdraw, correct" in refused.text


async def test_a_withdrawal_has_a_reason(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer)
    assert (await post(officer, f"{path}/withdraw", {"reason": "  "})).status_code == 422
    assert (await post(officer, f"{path}/withdraw", {})).status_code == 422
    assert (await post(officer, f"{path}/withdraw", {"reason": "The call was cancelled"})).status_code == 200
    assert (await data(officer, path))["reason"] == "The call was cancelled"


async def test_the_same_key_gives_the_first_answer_again(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    first = await post(officer, "/v1/candidacies", ICAPITAL, Idempotency_Key="k1")
    again = await post(officer, "/v1/candidacies", ICAPITAL, Idempotency_Key="k1")
    assert again.json() == {**first.json(), "replayed": True}
    path = f"/v1/candidacies/{first.json()['subject']}"
    await post(officer, f"{path}/start-preparation", {}, Idempotency_Key="k2")
    same = await post(officer, f"{path}/start-preparation", {}, Idempotency_Key="k2")
    assert (same.status_code, same.json()["sequence"], same.json()["replayed"]) == (200, 2, True)


@pytest.mark.parametrize(
    "role", [Role.OFFICER_CITY, Role.OFFICER_EUROPEAN, Role.CABINET, Role.CONTRIBUTOR, Role.AUDITOR]
)
async def test_others_read_and_do_not_write(dossiers: Service, role: Role) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer)
    other = await dossiers.caller(role)
    assert (await other.get(path)).status_code == 200
    for step, body in (
        ("/start-preparation", {}),
        ("/move-deadline", {"deadline": ICAPITAL["deadline"]}),
        ("/submit", {}),
        ("/shortlist", {}),
        ("/win", {"outcome": {}}),
        ("/lose", {"outcome": {}}),
        ("/end-as-finalist", {"outcome": {}}),
        ("/withdraw", {"reason": "x"}),
        ("/correct", {}),
    ):
        assert (await post(other, f"{path}{step}", body)).status_code == 403, step
    assert (await post(other, "/v1/candidacies", ICAPITAL)).status_code == 403
    assert (await other.get("/v1/imports/columns")).status_code == 403


async def test_nobody_calls_without_a_token(dossiers: Service) -> None:
    stranger = await dossiers.caller(None)
    for method, path in (
        ("GET", "/v1/candidacies"),
        ("GET", "/v1/candidacies/x/history"),
        ("POST", "/v1/candidacies"),
        ("POST", "/v1/candidacies/x/win"),
        ("PUT", "/v1/imports/candidacies/x"),
    ):
        answer = await stranger.request(method, path, json={})
        assert answer.status_code == 401, path
        assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"town": "Milano"}, "town"),
        ({"source": {**ICAPITAL["source"], "link": "x"}}, "link"),
        ({"deadline": {**ICAPITAL["deadline"], "at": "2099-06-01T15:00:00Z"}}, "at"),
        ({"edition_year": 20}, "edition_year"),
        ({"as_of": "2100"}, "as_of"),
        ({"what_for": None}, "what_for"),
    ],
)
async def test_a_wrong_body_is_told_with_its_field(
    dossiers: Service, changes: dict[str, Any], field: str
) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    answer = await post(officer, "/v1/candidacies", {**ICAPITAL, **changes})
    assert answer.status_code == 422
    assert field in answer.text
    assert (await officer.get("/v1/candidacies")).json()["items"] == []


async def test_lists_are_filtered_by_status(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    await registered(officer)
    lost = await registered(officer, EMA)
    found = (await officer.get("/v1/candidacies", params={"status": "lost"})).json()["items"]
    assert [f"/v1/candidacies/{one['id']}" for one in found] == [lost]


async def test_a_row_is_imported_once_and_an_officers_change_is_kept(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    url = "/v1/imports/candidacies/ema-seat-2017"
    created = (await officer.put(url, json={"cells": CELLS})).json()
    assert (created["outcome"], created["sequence"]) == ("create", 1)
    assert (await officer.put(url, json={"cells": CELLS})).json()["outcome"] == "unchanged"
    path = f"/v1/candidacies/{created['subject']}"
    await post(officer, f"{path}/correct", {"issuer": "Council of the European Union"})
    refused = await officer.put(url, json={"cells": {**CELLS, "issuer": "The Commission"}})
    assert refused.status_code == 409
    assert refused.json()["conflicts"][0]["current"] == "Council of the European Union"


async def test_every_event_reaches_the_journal_over_the_broker(dossiers: Service) -> None:
    officer = await dossiers.caller(Role.OFFICER_PARTNERSHIPS)
    path = await registered(officer)
    await post(officer, f"{path}/start-preparation", {})

    async def published() -> None:
        from pymongo import AsyncMongoClient

        async with AsyncMongoClient[dict[str, Any]](dossiers.settings.mongodb_uri) as client:
            database = client[f"{dossiers.settings.database_prefix}dossiers"]
            assert await database["journal"].count_documents({}) == 2
            assert await database["candidacies"].count_documents({"outbox._id": {"$gt": ""}}) == 0

    await eventually(published, within=20)
