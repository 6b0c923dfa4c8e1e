"""Who acts for whom, over HTTP, on a real mongod and a real Kafka."""

import uuid
from datetime import date, timedelta
from typing import Any

import httpx

from shared.identity import Role
from shared.places.today import CityDay
from shared.testing.serving import Served


def today() -> date:
    return CityDay("Milano").today()


def terms(**fields: Any) -> dict[str, Any]:
    return {
        "substitute": "secretary",
        "roles": ["cabinet"],
        "starts_on": today().isoformat(),
        "ends_on": (today() + timedelta(days=5)).isoformat(),
        "reason": "Holidays",
        **fields,
    }


async def lend(agenda: Served, role: Role = Role.CABINET, who: str = "delegate", **fields: Any) -> Any:
    async with agenda.client(role, subject=who) as principal:
        answer = await principal.post("/v1/substitutions", json=terms(**fields))
    assert answer.status_code == 201, answer.text
    return answer.json()["subject"]


async def listed(agenda: Served, role: Role, subject: str, **query: Any) -> list[str]:
    async with agenda.client(role, subject=subject) as caller:
        answer = await caller.get("/v1/substitutions", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_both_people_see_it_and_nobody_else_but_the_director_and_auditors(agenda: Served) -> None:
    who, other = f"d-{uuid.uuid4()}", f"s-{uuid.uuid4()}"
    lent = await lend(agenda, who=who, substitute=other)
    assert await listed(agenda, Role.CABINET, who) == [lent]
    assert await listed(agenda, Role.CONTRIBUTOR, other, mine=True, current=True) == [lent]
    assert await listed(agenda, Role.CABINET, "somebody") == []
    assert lent in await listed(agenda, Role.AUDITOR, "auditor")
    assert lent not in await listed(agenda, Role.AUDITOR, "auditor", mine=True)
    for role, subject, status in (
        (Role.CONTRIBUTOR, other, 200),
        (Role.DIRECTOR, "director", 200),
        (Role.CABINET, "somebody", 404),
    ):
        async with agenda.client(role, subject=subject) as caller:
            for path in (f"/v1/substitutions/{lent}", f"/v1/substitutions/{lent}/history"):
                assert (await caller.get(path)).status_code == status, path


async def test_it_is_shown_with_its_days_and_whether_it_holds(agenda: Served) -> None:
    tomorrow = today() + timedelta(days=1)
    lent = await lend(agenda, starts_on=tomorrow.isoformat())
    async with agenda.client(Role.CABINET, subject="delegate") as principal:
        answer = await principal.get(f"/v1/substitutions/{lent}")
        told = (await principal.get(f"/v1/substitutions/{lent}/history")).json()["items"]
    shown = answer.json()["data"]
    assert (shown["starts_on"], shown["holds_today"]) == (tomorrow.isoformat(), False)
    assert (shown["roles"], shown["reason"], shown["ended_at"]) == (["cabinet"], "Holidays", None)
    assert [entry["type"] for entry in told] == ["ponte.agenda.substitution.granted.v1"]
    assert "reason" not in told[0]["data"]["substitution"]
    assert lent not in await listed(agenda, Role.CABINET, "delegate", current=True)


async def test_only_own_roles_are_lent_and_only_roles_of_people(agenda: Served) -> None:
    async with agenda.client(Role.OFFICER_CITY, subject="officer") as officer:
        for role in ("director", "integration", "mayor"):
            answer = await officer.post("/v1/substitutions", json=terms(roles=[role]))
            assert (answer.status_code, answer.json()["code"]) == (422, "not-lendable"), answer.text
            assert "officer-city" in answer.json()["detail"]
        for subject in ("secretary",):
            answer = await officer.post(
                "/v1/substitutions", json=terms(roles=["officer-city"], substitute=subject, ends_on="x")
            )
            assert answer.status_code == 422
    async with agenda.client(Role.CABINET, subject="naïve delegate") as odd:
        answer = await odd.post("/v1/substitutions", json=terms())
        assert (answer.status_code, answer.json()["code"]) == (422, "impossible-value")


async def end(agenda: Served, lent: str, role: Role, who: str) -> httpx.Response:
    async with agenda.client(role, subject=who) as caller:
        return await caller.post(f"/v1/substitutions/{lent}/end", json={"reason": "Back"})


async def test_who_granted_it_ends_it_and_the_director_ends_any(agenda: Served) -> None:
    lent = await lend(agenda)
    refused = await end(agenda, lent, Role.CABINET, "somebody")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-substitution")
    assert (await end(agenda, lent, Role.AUDITOR, "auditor")).status_code == 403
    first = await end(agenda, lent, Role.CABINET, "delegate")
    assert (first.status_code, first.json()["changed"]) == (200, True)
    again = await end(agenda, lent, Role.DIRECTOR, "director")
    assert (again.status_code, again.json()["changed"]) == (200, False)
    other = await lend(agenda)
    assert (await end(agenda, other, Role.DIRECTOR, "director")).json()["changed"] is True
    assert not {lent, other} & set(await listed(agenda, Role.CABINET, "delegate", current=True))


async def test_sent_again_with_its_key_it_is_lent_once(agenda: Served) -> None:
    key = {"Idempotency-Key": f"key-{uuid.uuid4()}"}
    async with agenda.client(Role.CABINET, subject="delegate", **key) as principal:
        body = terms()
        first = await principal.post("/v1/substitutions", json=body)
        again = await principal.post("/v1/substitutions", json=body)
    assert first.json()["subject"] == again.json()["subject"]
    assert again.json()["replayed"] is True
