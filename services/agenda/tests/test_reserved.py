"""A reserved mission over HTTP: who may know of it sees and writes it, for others it is busy."""

import uuid
from typing import Any

import pytest

from services.agenda.domain import Reserved, check_known
from services.agenda.domain import propose as proposed
from services.agenda.tests.builders import plan
from services.agenda.tests.test_api import LEG, MEETING, propose
from shared.identity import Action, Role
from shared.identity.rights import RIGHTS, SCOPES
from shared.testing.serving import Served

KNOW = RIGHTS[Action.AGENDA_READ_RESERVED].roles
WRITE = RIGHTS[Action.AGENDA_WRITE].roles
WITHOUT = SCOPES - {Action.AGENDA_READ_RESERVED}
SECRETS = ("Meeting in Lyon", "Lyon", "Maria Bianchi", "Discreet", "meeting")


@pytest.mark.parametrize(
    ("role", "scopes"),
    [*((role, SCOPES) for role in Role), (Role.INTEGRATION, WITHOUT)],
    ids=[*Role, "integration-without-its-scope"],
)
async def test_who_sees_and_who_writes(agenda: Served, role: Role, scopes: frozenset[Action]) -> None:
    knows = role in KNOW and (role is not Role.INTEGRATION or Action.AGENDA_READ_RESERVED in scopes)
    mission_id = await propose(agenda, reserved=True, note="Discreet")
    async with agenda.client(role, scopes=scopes) as caller:
        shown = await caller.get(f"/v1/missions/{mission_id}")
        told = await caller.get(f"/v1/missions/{mission_id}/history")
        listed = await caller.get("/v1/missions", params={"limit": 200})
        page = next(item for item in listed.json()["items"] if item["id"] == mission_id)
        assert (shown.json()["data"]["title"], page["data"]["title"]) == (
            ("Meeting in Lyon",) * 2 if knows else (None, None)
        )
        seen = f"{shown.text}{told.text}{page}"
        assert [secret in seen for secret in SECRETS] == [knows] * len(SECRETS)
        for action, body in (
            ("correct", {"title": "Other"}),
            ("correct", {"reserved": False}),
            ("schedule", None),
        ):
            answer = await caller.post(f"/v1/missions/{mission_id}/{action}", json=body)
            expected = 200 if knows and role in WRITE else 403
            assert answer.status_code == expected, answer.text
            assert not any(secret in answer.text for secret in SECRETS)


async def test_who_may_not_know_makes_none(agenda: Served) -> None:
    mission_id = await propose(agenda)
    async with agenda.client("integration", scopes=WITHOUT) as program:
        made = await program.post("/v1/missions", json={**MEETING, "reserved": True})
        assert (made.status_code, made.json()["code"]) == (403, "reserved-mission")
        hidden = await program.post(f"/v1/missions/{mission_id}/correct", json={"reserved": True})
        assert (hidden.status_code, hidden.json()["value"]) == (403, mission_id)
        moved = await program.post(f"/v1/missions/{mission_id}/reschedule", json={"legs": [LEG, LEG]})
        assert moved.status_code == 422
        open_one = await program.post("/v1/missions", json=MEETING)
        assert open_one.status_code == 201


async def test_a_file_neither_shows_nor_changes_it(agenda: Served) -> None:
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
    path = f"/v1/imports/missions/{key}"
    check: dict[str, Any] = {"rows": [{"key": key, "line": 2, "cells": {**cells, "summary": "Mine"}}]}
    async with (
        agenda.client("integration", scopes=WITHOUT) as program,
        agenda.client("cabinet") as cabinet,
    ):
        reserved = {**cells, "reserved": "yes"}
        assert (await program.put(path, json={"cells": reserved})).status_code == 403
        made = await program.put(path, json={"cells": cells})
        assert made.json()["outcome"] == "create"
        hidden = {"reserved": True, "title": "Discreet talks"}
        answer = await cabinet.post(f"/v1/missions/{made.json()['subject']}/correct", json=hidden)
        assert answer.status_code == 200, answer.text
        for cells_now in ({**cells, "summary": "Mine"}, cells):
            refused = await program.put(path, json={"cells": cells_now})
            assert (refused.status_code, refused.json()["code"]) == (403, "reserved-mission")
            assert "Discreet talks" not in refused.text
        checked = await program.post("/v1/imports/missions/check", json=check)
        row = checked.json()["items"][0]
        assert (row["outcome"], row["conflicts"], row["base"]) == ("invalid", [], "")
        assert "Discreet talks" not in checked.text
        theirs = (await cabinet.post("/v1/imports/missions/check", json=check)).json()["items"][0]
        assert theirs["conflicts"][0]["current"] == "Discreet talks"


def test_the_rule_itself() -> None:
    open_one, reserved = (proposed("mission-1", plan(reserved=flag)).state for flag in (False, True))
    check_known(open_one, knows_reserved=False)
    check_known(reserved, knows_reserved=True)
    with pytest.raises(Reserved, match="is reserved") as refused:
        check_known(reserved, knows_reserved=False)
    assert "riservata" in refused.value.text("it")
