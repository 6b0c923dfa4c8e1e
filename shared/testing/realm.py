"""People of the test realm, made through Keycloak's own administration API: no file holds a password."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from shared.local.keycloak import ADMIN, Keycloak

REALM = Path(__file__).resolve().parents[2] / "deploy" / "keycloak" / "ponte-realm.json"
CLIENT_ID = "ponte-dashboard"
INTEGRATION_ID = "ponte-integration"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    subject: str
    username: str
    password: str


class Realm:
    """The running realm, as its administrator sees it. Use it as an async context manager."""

    def __init__(self, keycloak: Keycloak, secrets_by_client: dict[str, str]) -> None:
        self.keycloak = keycloak
        self.secrets = secrets_by_client
        self._http = httpx.AsyncClient(base_url=keycloak.url, timeout=30)

    async def __aenter__(self) -> Self:
        """Nothing is asked before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def add_person(self, groups: Sequence[str], *, first: str = "Anna", last: str = "Rossi") -> Person:
        """Make a person who belongs to ``groups``, by their names."""
        username, password = f"p{uuid.uuid4().hex[:12]}", secrets.token_urlsafe(24)
        answer = await self._ask(
            "POST",
            "/users",
            json={
                "username": username,
                "enabled": True,
                "firstName": first,
                "lastName": last,
                "email": f"{username}@city.example",
                "emailVerified": True,
                "groups": [f"/{group}" for group in groups],
                "credentials": [{"type": "password", "value": password, "temporary": False}],
            },
        )
        return Person(answer.headers["location"].rpartition("/")[2], username, password)

    async def leave_group(self, person: Person, group: str) -> None:
        """Take a person out of a group."""
        groups = (await self._ask("GET", f"/users/{person.subject}/groups")).json()
        found = next(entry["id"] for entry in groups if entry["name"] == group)
        await self._ask("DELETE", f"/users/{person.subject}/groups/{found}")

    async def sign_out(self, person: Person) -> None:
        """End every session of a person, as an administrator does."""
        await self._ask("POST", f"/users/{person.subject}/logout")

    async def disable(self, person: Person) -> None:
        """Nobody signs in as this person any more."""
        known = (await self._ask("GET", f"/users/{person.subject}")).json()
        await self._ask("PUT", f"/users/{person.subject}", json=known | {"enabled": False})

    async def sessions(self, person: Person) -> list[dict[str, Any]]:
        """The sessions that Keycloak keeps of a person."""
        found: list[dict[str, Any]] = (await self._ask("GET", f"/users/{person.subject}/sessions")).json()
        return found

    async def rotate_keys(self) -> None:
        """Let the realm sign with a new key; the former one stays published."""
        realm = (await self._ask("GET", "")).json()
        await self._ask(
            "POST",
            "/components",
            json={
                "name": f"rsa-{uuid.uuid4().hex[:6]}",
                "parentId": realm["id"],
                "providerId": "rsa-generated",
                "providerType": "org.keycloak.keys.KeyProvider",
                "config": {"priority": ["200"], "keySize": ["2048"], "algorithm": ["RS256"]},
            },
        )

    async def program_token(self, *scopes: str) -> str:
        """An access token of the example program, by its own secret."""
        answer = await self._http.post(
            f"{self.keycloak.issuer}/protocol/openid-connect/token",
            auth=(INTEGRATION_ID, self.secrets[INTEGRATION_ID]),
            data={"grant_type": "client_credentials", **({"scope": " ".join(scopes)} if scopes else {})},
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    async def _ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        token = await self._http.post(
            "/realms/master/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": ADMIN,
                "password": self.keycloak.admin_password,
            },
        )
        token.raise_for_status()
        headers = {"authorization": f"Bearer {token.json()['access_token']}"}
        answer = await self._http.request(method, f"/admin/realms/ponte{path}", headers=headers, **body)
        answer.raise_for_status()
        return answer
