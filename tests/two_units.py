"""The agenda and agreements in one test, with the officer who works with them."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.store.driver import Document
from shared.testing.serving import Served, Surroundings
from shared.testing.waiting import eventually

LYON = {"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}


@dataclass(frozen=True)
class City:
    """Both units, with the officer who works with them."""

    around: Surroundings
    agenda: Served
    agreements: Served
    kafka: str

    @property
    def topic(self) -> str:
        """Where the agenda publishes."""
        return f"{self.around.prefix}ponte.agenda"

    async def post(self, unit: Served, path: str, body: Any = None) -> str:
        async with unit.client("officer-city") as officer:
            answer: httpx.Response = await officer.post(path, json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["subject"])

    async def show(self, unit: Served, path: str) -> dict[str, Any]:
        async with unit.client("director") as director:
            shown: dict[str, Any] = (await director.get(path)).json()["data"]
        return shown

    async def draft(self, name: str = "Lyon") -> str:
        counterpart = {"name": name, "place": name}
        body = {"kind": "collaboration", "title": f"Collaboration with {name}", "counterpart": counterpart}
        return await self.post(self.agreements, "/v1/agreements", body)

    async def mission(self, agreement_id: str, **fields: Any) -> str:
        body = {
            "title": "Signing",
            "purpose": "sign-agreement",
            "agreement_id": agreement_id,
            "holder": {"function": "Mayor"},
            "legs": [LYON],
            "schedule": True,
            **fields,
        }
        return await self.post(self.agenda, "/v1/missions", body)

    async def act(self, mission_id: str, action: str, body: Any = None) -> None:
        await self.post(self.agenda, f"/v1/missions/{mission_id}/{action}", body)

    async def agreement(self, agreement_id: str) -> dict[str, Any]:
        return await self.show(self.agreements, f"/v1/agreements/{agreement_id}")

    async def signing_is_with(self, agreement_id: str, mission_id: str | None, **expected: Any) -> None:
        """Wait until the signing is scheduled with the mission (null: with none)."""

        async def check() -> None:
            shown = await self.agreement(agreement_id)
            signing = shown["signing"]
            assert (signing or {}).get("mission_id") == mission_id, signing
            assert shown["status"]["status"] == ("signing-scheduled" if mission_id else "drafted")
            assert {name: signing[name] for name in expected} == expected

        await eventually(check, within=10)

    async def refused(self, unit: Served, subject: str, code: str) -> Document:
        """Wait until a reaction to an event of the subject was refused with the code, and return it."""

        async def check() -> Document:
            found = await unit.database["refused_reactions"].find_one({"subject": subject, "code": code})
            assert found is not None
            return found

        return await eventually(check, within=10)
