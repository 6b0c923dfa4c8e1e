"""The API of networks on a real mongod and a real Kafka."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from services.networks.api import WRITE_FOR
from services.networks.tests.test_imports import CELLS
from shared.contracts.networks import EVENTS
from shared.identity import Role
from shared.identity.rights import RIGHTS, SCOPES
from shared.testing import eventually
from shared.testing.service import Service

EUROCITIES: dict[str, Any] = {
    "network": "EUROCITIES",
    "network_it": "EUROCITIES",
    "unit": "european",
    "role": "founder",
    "since": "1986",
    "counts": [
        {
            "what": "Member cities",
            "what_it": "Città aderenti",
            "value": 200,
            "at_least": True,
            "source": {"title": "EUROCITIES", "kind": "counterpart"},
        }
    ],
    "source": {"title": "Comune di Milano", "kind": "official"},
    "as_of": "2023-11-27",
}
CHAIR: dict[str, Any] = {
    "office": "Chair",
    "office_it": "Presidente",
    "body": "Mobility group",
    "body_it": "Gruppo mobilità",
    "holder": {"function": "Councillor", "name": "Ada Bianchi"},
    "since": "2022",
    "source": {"title": "EUROCITIES", "kind": "counterpart"},
    "as_of": "2023",
}
FEE = {"what": "Annual fee", "what_it": "Quota annuale", "due_on": "2026-12-31"}


async def post(client: AsyncClient, path: str, body: Any, **headers: str) -> Response:
    return await client.post(
        path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


async def registered(client: AsyncClient, **changes: Any) -> str:
    answer = await post(client, "/v1/memberships", {**EUROCITIES, **changes})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/memberships/{answer.json()['subject']}"
    return str(answer.headers["Location"])


async def data(client: AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_membership_with_its_mandates_and_duties_through_the_year(networks: Service) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    path = await registered(officer)

    mandate = await post(officer, f"{path}/mandates", CHAIR)
    assert mandate.status_code == 201, mandate.text
    mandate_id = mandate.json()["mandate_id"]
    ended = await post(officer, f"{path}/mandates/{mandate_id}/end", {"until": "2024-03"})
    assert (ended.status_code, ended.json()["sequence"]) == (200, 3)
    duty = await post(officer, f"{path}/duties", FEE)
    done = await post(officer, f"{path}/duties/{duty.json()['duty_id']}/done", {"done_on": "2025-12-01"})
    assert done.status_code == 200, done.text
    corrected = await post(officer, f"{path}/correct", {"since": "1986-10", "note": None})
    assert corrected.json()["sequence"] == 6

    shown = await data(officer, path)
    assert shown["since"] == "1986-10"
    assert [(one["mandate_id"], one["until"]) for one in shown["mandates"]] == [(mandate_id, "2024-03")]
    assert [one["done_on"] for one in shown["duties"]] == ["2025-12-01"]
    assert "imported" not in shown

    told = (await officer.get(f"{path}/history")).json()["items"]
    assert [entry["type"].split(".")[2:4] for entry in told] == [
        ["membership", "registered"],
        ["mandate", "recorded"],
        ["mandate", "ended"],
        ["duty", "set"],
        ["duty", "done"],
        ["membership", "corrected"],
    ]
    assert {**told[-1]["data"]["membership"], "responsible": "local-officer-european"} == shown
    assert {entry["actor"] for entry in told} == {"local-officer-european"}


async def test_every_event_reaches_the_journal_over_the_broker(networks: Service) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    path = await registered(officer)
    await post(officer, f"{path}/duties", FEE)
    status = await networks.caller(None)

    async def ready() -> None:
        assert (await status.get("/status")).status_code == 200

    await eventually(ready, within=20)

    async def published() -> None:
        from pymongo import AsyncMongoClient

        async with AsyncMongoClient[dict[str, Any]](networks.settings.mongodb_uri) as client:
            database = client[f"{networks.settings.database_prefix}networks"]
            assert await database["journal"].count_documents({}) == 2
            assert await database["memberships"].count_documents({"outbox._id": {"$gt": ""}}) == 0

    await eventually(published, within=20)


async def test_the_same_key_gives_the_first_answer_again(networks: Service) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    first = await post(officer, "/v1/memberships", EUROCITIES, Idempotency_Key="k1")
    again = await post(officer, "/v1/memberships", EUROCITIES, Idempotency_Key="k1")
    assert again.json() == {**first.json(), "replayed": True}
    other = await post(officer, "/v1/memberships", {**EUROCITIES, "note": "x"}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

    path = f"/v1/memberships/{first.json()['subject']}"
    mandate = await post(officer, f"{path}/mandates", CHAIR, Idempotency_Key="k2")
    same = await post(officer, f"{path}/mandates", CHAIR, Idempotency_Key="k2")
    assert (same.json()["mandate_id"], same.json()["sequence"]) == (mandate.json()["mandate_id"], 2)


async def test_a_stale_version_is_refused(networks: Service) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    path = await registered(officer)
    assert (await officer.get(path)).headers["ETag"] == '"1"'
    assert (await post(officer, f"{path}/duties", FEE, If_Match='"1"')).headers["ETag"] == '"2"'
    stale = await post(officer, f"{path}/correct", {"since": "1987"}, If_Match='"1"')
    assert stale.status_code == 412


async def latest_refusal(director: AsyncClient) -> dict[str, Any]:
    """What the audit trail tells of it."""
    found = await director.get("/v1/audit", params={"kind": "refusal"})
    row: dict[str, Any] = found.json()["items"][0]
    return row


async def test_a_unit_writes_for_its_own_memberships(networks: Service) -> None:
    european = await networks.caller(Role.OFFICER_EUROPEAN)
    partnerships = await networks.caller(Role.OFFICER_PARTNERSHIPS)
    director = await networks.caller(Role.DIRECTOR)
    path = await registered(european)
    refused = await post(partnerships, f"{path}/mandates", CHAIR)
    assert (refused.status_code, refused.json()["code"]) == (403, "other-unit")
    row = await eventually(lambda: latest_refusal(director))
    assert (row["reason"], row["subject"], row["actor"]) == (
        "other-unit",
        path.rpartition("/")[2],
        "local-officer-partnerships",
    )
    assert (
        await post(european, "/v1/memberships", {**EUROCITIES, "unit": "partnerships"})
    ).status_code == 403
    assert (await post(european, f"{path}/correct", {"unit": "partnerships"})).status_code == 403
    assert (await post(director, f"{path}/correct", {"unit": "partnerships"})).status_code == 200
    assert (await post(partnerships, f"{path}/mandates", CHAIR)).status_code == 201


async def test_the_right_to_write_is_that_of_the_memberships_unit(networks: Service) -> None:
    """Every role and every program's scope against a membership of every unit, as the table has it."""
    director = await networks.caller(Role.DIRECTOR)
    paths = {unit: await registered(director, unit=unit, network=f"For {unit}") for unit in WRITE_FOR}
    for unit, action in WRITE_FOR.items():
        for role in Role:
            for scopes in [SCOPES, SCOPES - {action}, {action}] if role is Role.INTEGRATION else [SCOPES]:
                caller = await networks.caller(role, scopes=scopes)
                may = role in RIGHTS[action].roles and action in scopes
                answer = await post(caller, f"{paths[unit]}/duties", FEE)
                assert (answer.status_code == 201) is may, f"{unit} {role} {scopes}: {answer.text}"
                assert answer.status_code in {201, 403}


NO_WRITERS = [Role.OFFICER_CITY, Role.PROTOCOL, Role.CABINET, Role.CONTRIBUTOR, Role.AUDITOR]


@pytest.mark.parametrize("role", NO_WRITERS)
async def test_others_read_and_do_not_write(networks: Service, role: Role) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    path = await registered(officer)
    other = await networks.caller(role)
    assert (await other.get(path)).status_code == 200
    assert (await post(other, f"{path}/duties", FEE)).status_code == 403
    assert (await post(other, "/v1/memberships", EUROCITIES)).status_code == 403
    assert (await other.get("/v1/imports/columns")).status_code == 403


async def test_nobody_calls_without_a_token(networks: Service) -> None:
    stranger = await networks.caller(None)
    for method, path in (
        ("GET", "/v1/memberships"),
        ("GET", "/v1/memberships/x"),
        ("GET", "/v1/memberships/x/history"),
        ("POST", "/v1/memberships"),
        ("POST", "/v1/memberships/x/mandates"),
        ("PUT", "/v1/imports/memberships/x"),
    ):
        answer = await stranger.request(method, path, json={})
        assert answer.status_code == 401, path
        assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**EUROCITIES, "town": "Milano"}, "town"),
        ({**EUROCITIES, "source": {**EUROCITIES["source"], "link": "x"}}, "link"),
        ({**EUROCITIES, "since": "1986-02-30"}, "since"),
        ({**EUROCITIES, "unit": "council"}, "unit"),
        ({**EUROCITIES, "as_of": "2100"}, "as_of"),
        ({name: value for name, value in EUROCITIES.items() if name != "network"}, "network"),
    ],
)
async def test_a_wrong_body_is_told_with_its_field(networks: Service, body: Any, field: str) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    answer = await post(officer, "/v1/memberships", body)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert field in answer.text
    assert (await officer.get("/v1/memberships")).json()["items"] == []


async def test_a_taken_office_is_told_in_the_callers_language(networks: Service) -> None:
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    path = await registered(officer)
    await post(officer, f"{path}/mandates", CHAIR)
    successor = {**CHAIR, "holder": {"function": "Councillor", "name": "Bo Neri"}, "since": "2025"}
    refused = await post(officer, f"{path}/mandates", successor, Accept_Language="it")
    assert (refused.status_code, refused.json()["code"]) == (409, "office-taken")
    assert "è di Ada Bianchi" in refused.text


async def test_lists_are_paged_and_filtered_by_unit(networks: Service) -> None:
    director = await networks.caller(Role.DIRECTOR)
    paths = {await registered(director, network=f"Network {number}") for number in range(5)}
    paths.add(await registered(director, unit="partnerships"))
    first = (await director.get("/v1/memberships", params={"limit": 4})).json()
    rest = (await director.get("/v1/memberships", params={"limit": 4, "after": first["next"]})).json()
    assert rest["next"] is None
    assert {f"/v1/memberships/{one['id']}" for one in first["items"] + rest["items"]} == paths
    of_unit = (await director.get("/v1/memberships", params={"unit": "partnerships"})).json()["items"]
    assert [one["data"]["unit"] for one in of_unit] == ["partnerships"]


async def test_a_row_is_imported_once_and_an_officers_change_is_kept(networks: Service) -> None:
    integration = await networks.caller(Role.INTEGRATION)
    officer = await networks.caller(Role.OFFICER_EUROPEAN)
    url = "/v1/imports/memberships/eurocities"
    created = (await integration.put(url, json={"cells": CELLS})).json()
    assert (created["outcome"], created["sequence"]) == ("create", 1)
    assert (await integration.put(url, json={"cells": CELLS})).json()["outcome"] == "unchanged"

    path = f"/v1/memberships/{created['subject']}"
    await post(officer, f"{path}/mandates/chair-2022/end", {"until": "2025"})
    clash = {**CELLS, "mandates": CELLS["mandates"].replace("2022 |  |", "2022 | 2024 |")}
    refused = await integration.put(url, json={"cells": clash})
    assert refused.status_code == 409
    assert refused.json()["conflicts"][0]["field"] == "mandates.chair-2022"
    assert (await data(officer, path))["mandates"][0]["until"] == "2025"


async def test_the_documents_name_every_event_and_route(networks: Service) -> None:
    anybody = await networks.caller(None)
    openapi = (await anybody.get("/openapi.json")).json()
    assert "/v1/memberships/{membership_id}/mandates/{mandate_id}/end" in openapi["paths"]
    told = (await anybody.get("/asyncapi.json")).text
    assert [event.TYPE for event in EVENTS if event.TYPE not in told] == []
