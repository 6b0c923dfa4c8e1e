"""Every kind of bad input, in both languages: field, value and rule."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import Role
from shared.web.language import preferred
from shared.web.messages import RULES
from shared.web.tests import sample
from shared.web.tests.conftest import Caller

PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def problem(answer: httpx.Response, status: int, language: str = "en") -> dict[str, Any]:
    """The body, after a look at what every problem has in common."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["content-language"] == language
    body: dict[str, Any] = answer.json()
    assert body.keys() >= MEMBERS
    assert body["status"] == status
    assert body["type"] == f"urn:ponte:problem:{body['code']}"
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


STOP = sample.TRIP["stops"][0]
BAD: list[tuple[dict[str, Any], str, object, str, str]] = [
    ({"title": None}, "title", None, "must be a text", "deve essere un testo"),
    ({"title": "ab"}, "title", "ab", "needs at least 3 characters", "richiede almeno 3 caratteri"),
    ({"title": ...}, "title", None, "is required", "è obbligatorio"),
    ({"colour": "red"}, "colour", "red", "is not a known field", "non è un campo conosciuto"),
    ({"kind": "party"}, "kind", "party", "must be one of 'visit'", "deve essere uno tra 'visit'"),
    ({"people": 0}, "people", 0, "must be at least 1", "deve essere almeno 1"),
    ({"people": 51}, "people", 51, "must be at most 50", "deve essere al massimo 50"),
    ({"people": "many"}, "people", "many", "must be a whole number", "deve essere un numero intero"),
    ({"people": 1.5}, "people", 1.5, "must be a whole number", "deve essere un numero intero"),
    ({"urgent": "maybe"}, "urgent", "maybe", "must be true or false", "deve essere true o false"),
    ({"day": "2026-02-30"}, "day", "2026-02-30", "must be a date", "deve essere una data"),
    ({"signed": "1973-13"}, "signed", "1973-13", "must be a date of the", "deve essere una data del"),
    ({"stops": []}, "stops", None, "needs at least 1 entries", "richiede almeno 1 elementi"),
    ({"stops": [STOP] * 4}, "stops", None, "takes at most 3 entries", "ammette al massimo 3 elementi"),
    ({"stops": "Lyon"}, "stops", "Lyon", "must be a list", "deve essere una lista"),
    ({"stops": ["Lyon"]}, "stops.0", "Lyon", "must be a JSON object", "deve essere un oggetto JSON"),
    (
        {"stops": [STOP, {**STOP, "arrives": "2026-05-04T10:00:00"}]},
        "stops.1.arrives",
        "2026-05-04T10:00:00",
        "needs a time zone",
        "richiede un fuso orario",
    ),
    (
        {"stops": [{**STOP, "arrives": "tomorrow"}]},
        "stops.0.arrives",
        "tomorrow",
        "must be a date and time",
        "deve essere una data con ora",
    ),
]


@pytest.mark.parametrize(("change", "field", "value", "en", "it"), BAD, ids=[f"{b[1]}-{b[3]}" for b in BAD])
async def test_a_wrong_field_is_named_with_its_value_and_rule(
    director: httpx.AsyncClient, change: dict[str, Any], field: str, value: object, en: str, it: str
) -> None:
    body = {name: given for name, given in {**sample.TRIP, **change}.items() if given is not ...}
    for language, rule in (("en", en), ("it", it)):
        answer = await director.post("/v1/trips", json=body, headers={"Accept-Language": language})
        found = problem(answer, 422, language)
        assert (found["code"], found["field"], found["value"]) == ("invalid-request", field, value)
        assert found["rule"].startswith(rule)
        assert found["errors"][0] == {"field": field, "value": value, "rule": found["rule"]}
        assert field in found["detail"]
        assert found["rule"] in found["detail"]


async def test_every_wrong_field_is_listed(director: httpx.AsyncClient) -> None:
    body = {**sample.TRIP, "people": 0, "kind": "party", "day": "never", "colour": "red"}
    found = problem(await director.post("/v1/trips", json=body), 422)
    assert {error["field"] for error in found["errors"]} == {"people", "kind", "day", "colour"}


async def test_a_query_parameter_is_named_too(director: httpx.AsyncClient) -> None:
    found = problem(await director.get("/v1/trips", params={"limit": "all"}), 422)
    assert (found["field"], found["value"]) == ("limit", "all")


@pytest.mark.parametrize("text", ['{"title": ', "{'title': 1}", "", "[1,"])
async def test_malformed_json(director: httpx.AsyncClient, text: str) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": "it"}
    answer = await director.post("/v1/trips", content=text, headers=headers)
    if not text:
        assert problem(answer, 422, "it")["field"] == "body"
        return
    found = problem(answer, 400, "it")
    assert found["code"] == "malformed-json"
    assert found["field"] == "body"
    assert re.match(r"position \d+", found["value"])
    assert "JSON" in found["rule"]


HOSTILE = [
    b'"\xff"',
    b"[" * 100_000,
    b'{"title": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"people": 1000000000000000000000000000000}',
    b'{"people": 1e999}',
    b'{"title": {"$where": "1"}}',
    b"NaN",
    b"\x00",
]


@pytest.mark.parametrize("raw", HOSTILE)
async def test_hostile_json_is_the_callers_mistake(director: httpx.AsyncClient, raw: bytes) -> None:
    answer = await director.post("/v1/trips", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    problem(answer, answer.status_code)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
async def test_another_kind_of_body(director: httpx.AsyncClient, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    found = problem(await director.post("/v1/trips", content=b"title=x", headers=headers), 415)
    assert (kind or "-") in found["detail"]


async def test_a_long_value_is_not_sent_back_whole(director: httpx.AsyncClient) -> None:
    found = problem(await director.post("/v1/trips", json={**sample.TRIP, "kind": "x" * 5000}), 422)
    assert len(found["value"]) < 250


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Idempotency-Key", "x" * 201),
        ("Idempotency-Key", "two words"),
        ("If-Match", "W/1"),
        ("If-Match", "*"),
        ("If-Match", '"-1"'),
        ("X-Correlation-ID", "a b"),
        ("X-Correlation-ID", "x" * 81),
    ],
)
async def test_an_impossible_header(director: httpx.AsyncClient, name: str, value: str) -> None:
    for language in ("en", "it"):
        headers = {name: value, "Accept-Language": language}
        found = problem(await director.post("/v1/trips", json=sample.TRIP, headers=headers), 400, language)
        assert found["field"] == name
        assert found["value"][:80] == value[:80]


REFUSALS = [
    ("missing", 404, "not-found", "nothing with trip_id", "Non esiste nulla"),
    ("stale", 412, "stale-version", "no longer current", "non è più attuale"),
    ("full", 503, "full", "has reached its limit", "ha raggiunto il limite"),
    ("engine", 503, "unavailable", "does not answer", "non risponde"),
    ("network", 503, "unavailable", "does not answer", "non risponde"),
    ("slow", 503, "unavailable", "does not answer", "non risponde"),
    ("bug", 500, "internal-error", "Something went wrong", "Si è verificato un errore"),
]


@pytest.mark.parametrize(("what", "status", "code", "en", "it"), REFUSALS, ids=[r[0] for r in REFUSALS])
async def test_refusals_and_failures(
    director: httpx.AsyncClient, what: str, status: int, code: str, en: str, it: str
) -> None:
    for language, text in (("en", en), ("it", it)):
        answer = await director.get(f"/v1/trips/failures/{what}", headers={"Accept-Language": language})
        found = problem(answer, status, language)
        assert found["code"] == code
        assert text in found["detail"]
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_stale_version_tells_what_differs(director: httpx.AsyncClient) -> None:
    found = problem(await director.get("/v1/trips/failures/stale"), 412)
    assert (found["value"], found["current_version"], found["difference"]) == (2, 5, ["title"])


async def test_a_forbidden_step_names_the_state(director: httpx.AsyncClient) -> None:
    found = problem(await director.delete("/v1/trips/7"), 409)
    assert (found["code"], found["field"], found["value"]) == ("forbidden-transition", "status", "completed")


async def test_no_such_address_and_no_such_method(director: httpx.AsyncClient) -> None:
    assert problem(await director.get("/v1/nothing"), 404)["code"] == "not-found"
    answer = await director.put("/v1/trips", json={})
    assert "PUT" in problem(answer, 405)["detail"]
    assert answer.headers["allow"] == "GET, POST"


async def test_who_calls_and_what_the_role_covers(app: FastAPI, calling: Caller) -> None:
    stranger = await calling(app, role=None)
    answer = await stranger.get("/v1/trips", headers={"Accept-Language": "it"})
    assert "Serve un token" in problem(answer, 401, "it")["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    auditor = await calling(app, role=Role.AUDITOR)
    found = problem(await auditor.delete("/v1/trips/7"), 403)
    assert (found["field"], found["value"]) == ("role", "auditor")
    needed = "director, integration (scope: networks.write-city)"
    assert found["detail"] == (
        f"networks.write-city takes one of these roles: {needed}; the caller has: auditor."
    )


async def test_an_error_page_is_shown_to_a_person(folder: Any, calling: Caller) -> None:
    from starlette.responses import HTMLResponse

    app = sample.build(
        sample.settings(folder),
        error_page=lambda request, shown: HTMLResponse(f"<h1>{shown.title}</h1>", shown.status),
    )
    client = await calling(app)
    page = await client.get("/v1/nothing", headers={"Accept": "text/html,*/*", "Accept-Language": "it"})
    assert (page.status_code, page.text) == (404, "<h1>Non trovato</h1>")
    problem(await client.get("/v1/nothing", headers={"Accept": "*/*"}), 404)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("it-IT,it;q=0.9,en;q=0.8", "it"),
        ("en;q=0.5, it;q=0.6", "it"),
        ("fr, de", "en"),
        ("it;q=0", "en"),
        ("*", "en"),
        ("it;q=x", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_the_callers(header: str, language: str) -> None:
    assert preferred(header) == language


@given(st.text())
def test_any_language_header_gives_a_language(header: str) -> None:
    assert preferred(header) in {"it", "en"}


def test_both_texts_of_a_rule_take_the_same_values() -> None:
    for name, (en, it) in RULES.items():
        assert set(re.findall(r"\{(\w+)\}", en)) == set(re.findall(r"\{(\w+)\}", it)), name
