"""The agenda's audit trail over HTTP: what changed field by field, what is reserved too, and who looked."""

import csv
import io
from typing import Any

import pytest

from services.agenda.tests.test_api import ask, propose
from shared.identity import Action, Role
from shared.identity.rights import RIGHTS
from shared.testing.serving import Served


async def told(agenda: Served, **where: Any) -> list[dict[str, Any]]:
    async with agenda.client("auditor") as auditor:
        answer = await auditor.get("/v1/audit", params=where)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_reserved_mission_is_told_field_by_field(agenda: Served) -> None:
    mission_id = await propose(agenda, reserved=True, note="Discreet", schedule=True)
    await ask(agenda, mission_id, "correct", {"title": "Talks in Lyon", "note": None})
    await ask(agenda, mission_id, "cancel", {"reason": "The host is ill"})
    cancelled, corrected, scheduled, proposed = await told(agenda, subject=mission_id, kind="change")
    assert cancelled["reason"] == "The host is ill"
    assert cancelled["changes"] == [
        {"field": "status", "before": "scheduled", "after": "cancelled"},
        {"field": "reason", "before": None, "after": "The host is ill"},
    ]
    assert corrected["changes"] == [
        {"field": "title", "before": "Meeting in Lyon", "after": "Talks in Lyon"},
        {"field": "note", "before": "Discreet", "after": None},
    ]
    assert (corrected["command"], corrected["version"], corrected["sequence"]) == ("correct", 2, 3)
    assert (corrected["actor"], corrected["origin"]) == ("local-officer-city", "127.0.0.1")
    assert (corrected["client"], corrected["on_behalf_of"]) == ("ponte-cli/local-officer-city", None)
    assert proposed["changes"] == [], "what one save changed is told once"
    new = {each["field"]: each["after"] for each in scheduled["changes"]}
    assert (new["title"], new["note"], new["status"]) == ("Meeting in Lyon", "Discreet", "scheduled")
    assert new["holder.name"] == "Maria Bianchi"
    assert all(each["before"] is None for each in scheduled["changes"])
    assert scheduled["id"] == f"{mission_id}/1/2"


async def test_whoever_reads_the_trail_of_a_reserved_mission_is_in_it(agenda: Served) -> None:
    mission_id, open_one = await propose(agenda, reserved=True), await propose(agenda)
    for subject in (mission_id, open_one):
        await told(agenda, subject=subject)
        async with agenda.client("director", subject="director-1") as director:
            await director.get("/v1/audit/export", params={"subject": subject})
    read = await told(agenda, subject=mission_id, kind="reading")
    assert [(row["actor"], row["action"], row["route"]) for row in read] == [
        ("director-1", "audit.read", "/v1/audit/export"),
        ("local-auditor", "audit.read", "/v1/audit"),
    ]
    assert await told(agenda, subject=open_one, kind="reading") == []


async def test_pages_go_on_where_the_last_one_ended(agenda: Served) -> None:
    mission_id = await propose(agenda, schedule=True)
    for title in ("One", "Two", "Three"):
        await ask(agenda, mission_id, "correct", {"title": title})
    found: list[str] = []
    where = {"subject": mission_id, "limit": "2"}
    async with agenda.client("auditor") as auditor:
        while True:
            page = (await auditor.get("/v1/audit", params=where)).json()
            found += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            where["after"] = page["next"]
    assert found == [f"{mission_id}/1/{number}" for number in (5, 4, 3, 2, 1)]


async def test_the_filters(agenda: Served) -> None:
    mission_id = await propose(agenda)
    async with agenda.client("cabinet", subject="secretary-7") as cabinet:
        await cabinet.post(f"/v1/missions/{mission_id}/schedule")
    [row] = await told(agenda, actor="secretary-7", command="schedule")
    assert row["subject"] == mission_id
    assert [each["id"] for each in await told(agenda, since=row["at"], actor="secretary-7")] == [row["id"]]
    assert await told(agenda, until=row["at"], actor="secretary-7") == []
    assert await told(agenda, actor="secretary-7", on_behalf_of="delegate-1") == []
    async with agenda.client("auditor") as auditor:
        operator = await auditor.get("/v1/audit", params={"actor": '{"$gt": ""}'})
        assert (operator.status_code, operator.json()["code"]) == (422, "operator-in-input")
    always = {"since": "0001-01-02T00:00:00+14:00", "until": "9999-12-30T23:59:59-14:00"}
    assert [each["id"] for each in await told(agenda, **always, actor="secretary-7")] == [row["id"]]


@pytest.mark.parametrize(
    "query",
    [
        "kind=all",
        "limit=0",
        "limit=1000",
        "since=yesterday",
        "since=0001-01-01T00:00:00%2B14:00",  # before the calendar begins, in UTC
        "until=9999-12-31T23:59:59-14:00",
        "after=eyIkZ3QiOiAiIn0",
    ],
)
async def test_an_impossible_search_is_refused(agenda: Served, query: str) -> None:
    async with agenda.client("auditor") as auditor:
        answer = await auditor.get(f"/v1/audit?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors" if "after" not in query else "field"]


async def test_the_table_is_opened_as_text(agenda: Served) -> None:
    mission_id = await propose(agenda, title="=HYPERLINK(1)", note="one\ntwo; three, four")
    async with agenda.client("auditor") as auditor:
        answer = await auditor.get("/v1/audit/export", params={"subject": mission_id})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-agenda-')
    assert answer.content.startswith(b"\xef\xbb\xbf"), "a spreadsheet program has to know that it is UTF-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))
    assert {row["subject"] for row in rows} == {mission_id}
    after = {row["field"]: row["after"] for row in rows}
    assert after["title"] == "'=HYPERLINK(1)"
    assert after["note"] == "one\ntwo; three, four"
    assert after["legs"].startswith('[{"ends_at":'), "the JSON text of what is no text"


async def test_a_long_table_comes_in_pieces(agenda: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.audit_router.AT_ONCE", 2)
    mission_id = await propose(agenda, schedule=True)
    for title in ("One", "Two", "Three"):
        await ask(agenda, mission_id, "correct", {"title": title})
    async with agenda.client("auditor") as auditor:
        answer = await auditor.get("/v1/audit/export", params={"subject": mission_id, "kind": "change"})
        empty = await auditor.get("/v1/audit/export", params={"subject": "nothing"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert list(dict.fromkeys(row["sequence"] for row in rows)) == ["5", "4", "3", "2", "1"]
    assert empty.content.decode("utf-8-sig").count("\r\n") == 1


@pytest.mark.parametrize("role", list(Role), ids=str)
async def test_only_auditor_and_director_read_it(agenda: Served, role: Role) -> None:
    assert RIGHTS[Action.AUDIT_READ].roles == {Role.AUDITOR, Role.DIRECTOR}
    expected = 200 if role in (Role.AUDITOR, Role.DIRECTOR) else 403
    async with agenda.client(role, scopes=tuple(Action)) as caller:
        for path in ("/v1/audit", "/v1/audit/export"):
            assert (await caller.get(path, params={"subject": "nothing"})).status_code == expected
