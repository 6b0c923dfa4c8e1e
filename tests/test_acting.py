"""Acting on behalf, through the events of the agenda: what is lent there is judged in every other unit."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio

from shared.cli.check import _parts, roles
from shared.cli.connection import Where, connected
from shared.identity import Role
from shared.identity.local import issue_token
from shared.identity.rights import SCOPES
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.messaging.brokers import brokers_of
from shared.places.today import CityDay
from shared.testing.serving import Served
from shared.testing.waiting import eventually
from tests.whole_area import CANDIDACY, DRAFT, MISSION, PATHS, Area, whole_area

HEADER = "X-On-Behalf-Of"
MILAN = CityDay("Milano")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def area(mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Area]:
    async with whole_area(mongod, kafka, tmp_path_factory.mktemp("acting")) as made:
        yield made


@dataclass(frozen=True)
class Pair:
    """Somebody who lends, and somebody who acts for them; nobody else has their ids."""

    area: Area
    principal: str
    substitute: str
    role: Role

    async def lend(self, first: int = 0, last: int = 5) -> str:
        """From so many days from today to so many."""
        today = MILAN.today()
        body = {
            "substitute": self.substitute,
            "roles": [self.role],
            "starts_on": (today + timedelta(days=first)).isoformat(),
            "ends_on": (today + timedelta(days=last)).isoformat(),
            "reason": "Holidays",
        }
        async with self.area.agenda.client(self.role, subject=self.principal) as principal:
            answer = await principal.post("/v1/substitutions", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["subject"])

    async def ask(self, unit: Served, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """As the substitute, who is a contributor, on behalf of the principal."""
        headers = {HEADER.lower(): self.principal, **headers}
        async with unit.client(Role.CONTRIBUTOR, subject=self.substitute, **headers) as caller:
            return await caller.request(method, path, json=body)

    async def told(self, unit: Served, code: str) -> httpx.Response:
        """Wait until the unit refuses with the code."""

        async def check() -> httpx.Response:
            answer: httpx.Response = await self.ask(unit, "GET", PATHS[unit.app.title])
            assert (answer.status_code, answer.json().get("code")) == (403, code), answer.text
            return answer

        return await eventually(check, within=15)

    async def let_in(self, unit: Served) -> None:
        async def check() -> None:
            answer = await self.ask(unit, "GET", PATHS[unit.app.title])
            assert answer.status_code == 200, answer.text

        await eventually(check, within=15)


def pair(area: Area, role: Role) -> Pair:
    return Pair(area, f"principal-{uuid.uuid4()}", f"substitute-{uuid.uuid4()}", role)


async def test_a_secretary_drafts_an_agreement_for_an_officer_and_both_are_in_the_journal(area: Area) -> None:
    two = pair(area, Role.OFFICER_CITY)
    await two.told(area.agreements, "not-lent")
    await two.lend()
    await two.let_in(area.agreements)
    alone = await two.ask(area.agreements, "POST", "/v1/agreements", DRAFT, **{HEADER.lower(): ""})
    assert alone.status_code == 400
    async with area.agreements.client(Role.CONTRIBUTOR, subject=two.substitute) as caller:
        assert (await caller.post("/v1/agreements", json=DRAFT)).status_code == 403
    drafted = await two.ask(area.agreements, "POST", "/v1/agreements", DRAFT)
    assert drafted.status_code == 201, drafted.text
    subject = drafted.json()["subject"]

    async def journalled() -> dict[str, Any]:
        row = await area.agreements.database["journal"].find_one({"subject": subject})
        assert row is not None
        return row

    row = await eventually(journalled, within=10)
    assert row["actor"] == two.substitute
    assert row["audit"]["on_behalf_of"] == two.principal


async def test_it_holds_in_every_unit_with_the_lent_roles_only(area: Area) -> None:
    two = pair(area, Role.OFFICER_PARTNERSHIPS)
    await two.lend()
    for unit in (area.agenda, *area.others):
        await two.let_in(unit)
    considered = await two.ask(area.dossiers, "POST", "/v1/candidacies", CANDIDACY)
    assert considered.status_code == 201, considered.text
    refused = await two.ask(area.agreements, "POST", "/v1/agreements", DRAFT)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "the caller has: officer-partnerships" in refused.json()["detail"]


async def test_before_the_first_day_it_is_refused_with_that_day(area: Area) -> None:
    two = pair(area, Role.CABINET)
    await two.lend(first=1)
    for unit in (area.agenda, *area.others):
        answer = await two.told(unit, "not-lent-yet")
        assert str(MILAN.today() + timedelta(days=1)) in answer.json()["detail"]


async def test_after_the_last_day_it_is_refused_with_that_day(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = pair(area, Role.CABINET)
    await two.lend(last=0)
    for unit in (area.agenda, *area.others):
        await two.let_in(unit)
    last = MILAN.today()

    class Tomorrow(CityDay):
        def today(self) -> date:
            return self.of(datetime.now(UTC)) + timedelta(days=1)

    monkeypatch.setattr(CityDay, "today", Tomorrow.today)
    for unit in (area.agenda, *area.others):
        answer = await two.told(unit, "no-longer-lent")
        assert str(last) in answer.json()["detail"]


async def test_what_was_ended_holds_nowhere_any_more(area: Area) -> None:
    two = pair(area, Role.CABINET)
    lent = await two.lend()
    for unit in (area.agenda, *area.others):
        await two.let_in(unit)
    async with area.agenda.client(Role.CABINET, subject=two.principal) as principal:
        assert (await principal.post(f"/v1/substitutions/{lent}/end", json={})).status_code == 200
    # At once where it was ended; elsewhere as soon as the event is there.
    answer = await two.ask(area.agenda, "GET", PATHS["Ponte: agenda"])
    assert (answer.status_code, answer.json()["code"]) == (403, "lending-ended")
    for unit in area.others:
        assert "was ended on" in (await two.told(unit, "lending-ended")).json()["detail"]


async def test_what_was_lent_is_not_lent_on_nor_ended_by_the_substitute(area: Area) -> None:
    two = pair(area, Role.DIRECTOR)
    lent = await two.lend()
    body = {
        "substitute": "somebody-else",
        "roles": ["director"],
        "starts_on": MILAN.today().isoformat(),
        "ends_on": MILAN.today().isoformat(),
        "reason": "None",
    }
    for path, what in (("/v1/substitutions", body), (f"/v1/substitutions/{lent}/end", {})):
        answer = await two.ask(area.agenda, "POST", path, what)
        assert (answer.status_code, answer.json()["code"]) == (403, "lent-on"), answer.text


async def test_a_program_and_who_has_no_role_act_for_nobody(area: Area) -> None:
    two = pair(area, Role.CABINET)
    await two.lend()
    await two.let_in(area.agreements)
    for role, code in ((Role.INTEGRATION, "program-acting"), (cast("Role", "mayor"), "no-role-acting")):
        token = issue_token(area.agreements.keys, role, two.substitute, scopes=SCOPES)
        headers = {HEADER.lower(): two.principal, "authorization": f"Bearer {token}"}
        async with area.agreements.client(Role.CONTRIBUTOR, **headers) as caller:
            answer = await caller.get("/v1/agreements")
        assert (answer.status_code, answer.json()["code"]) == (403, code), answer.text


async def test_a_key_of_the_pair_is_another_than_ones_own(area: Area) -> None:
    two = pair(area, Role.OFFICER_CITY)
    await two.lend()
    await two.let_in(area.agreements)
    key = {"idempotency-key": f"key-{uuid.uuid4()}"}
    first = await two.ask(area.agreements, "POST", "/v1/agreements", DRAFT, **key)
    again = await two.ask(area.agreements, "POST", "/v1/agreements", DRAFT, **key)
    assert again.json() == {**first.json(), "replayed": True}
    async with area.agreements.client(Role.OFFICER_CITY, subject=two.substitute, **key) as alone:
        own = await alone.post("/v1/agreements", json=DRAFT)
    assert own.json()["subject"] != first.json()["subject"]


async def test_nothing_of_it_is_in_the_feed_and_nothing_is_missing_from_it(area: Area) -> None:
    two = pair(area, Role.CABINET)
    lent = await two.lend()
    await two.let_in(area.dashboard)
    rows = await area.dashboard.database["feed"].find({}).to_list()
    assert not [row for row in rows if "substitution" in row["type"]]
    numbers = sorted(row["number"] for row in rows)
    assert numbers == list(range(1, len(numbers) + 1))
    mark = await area.dashboard.database["marks"].find_one({"_id": lent})
    assert mark is not None
    assert (mark["epoch"], mark["sequence"]) == (1, 1)


async def test_a_check_counts_what_is_passed_over_as_it_should(area: Area, mongod: Mongod) -> None:
    two = pair(area, Role.CABINET)
    lent = await two.lend()
    await two.ask(area.agenda, "POST", "/v1/missions", MISSION)
    for unit in area.others:
        await two.let_in(unit)
    prefix = area.agenda.database.name.removesuffix("agenda")
    at = Where(mongod.uri, brokers_of("127.0.0.1:1"), "pymongo", prefix, prefix)

    async def drift() -> set[str]:
        async with connected(at) as connection:
            parts = _parts(*await roles(connection))
            return {str(found) for part in parts async for told in part.run("") for found in told.findings}

    assert await drift() == set()
    await area.dossiers.database["substitutions"].delete_one({"_id": lent})
    assert await drift() == {f"dossiers: latest states: {lent} 1/1: is not there"}
    await area.dashboard.database["substitutions"].delete_one({"_id": lent})
    assert f"dashboard: latest states: {lent} 1/1: is not there" in await drift()


async def test_a_reader_that_lost_its_view_has_it_back_after_a_rebuild(area: Area) -> None:
    from shared.messaging.generations import live_generation, request

    two = pair(area, Role.CABINET)
    await two.lend()
    await two.let_in(area.networks)
    await area.networks.database["substitutions"].delete_many({"state.principal": two.principal})
    await two.told(area.networks, "not-lent")
    number = await request(area.networks.database, "the test has emptied it")

    async def switched() -> None:
        assert (await live_generation(area.networks.database)).number == number

    await eventually(switched, within=40)
    await two.let_in(area.networks)
