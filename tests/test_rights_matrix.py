"""Every route of every service, called as every role: 403 exactly where the table of rights says no.

The routes are those of the running applications and the expectations those of the table; nothing is listed
here, so a new route is part of this at once, and one that states no action fails it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.identity import Action, Allow, Role
from shared.identity.local import LocalKeys, ensure_keys, issue_token
from shared.identity.rights import RIGHTS
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.places.today import CityDay
from shared.testing.serving import Served, serving, surroundings
from shared.web.routes import Guarded, guarded_routes
from shared.web.system import ScrapeToken
from tests.system import SERVICES
from tests.test_open_routes import EVERYWHERE, OF_THE_DASHBOARD, app_of


@dataclass(frozen=True)
class Caller:
    """One kind of caller: a single role, a program with its scopes, or a role that does not exist.

    Who acts for somebody (``lent``) has that person's role and not the own one; "" stands for a person who
    has lent nothing.
    """

    role: str
    scopes: tuple[str, ...] = ()
    lent: str | None = None

    def token(self, keys: LocalKeys) -> str:
        return issue_token(keys, cast("Role", self.role), scopes=self.scopes)

    def headers(self, keys: LocalKeys) -> dict[str, str]:
        on_behalf = {} if self.lent is None else {"x-on-behalf-of": principal(self.lent)}
        return {"authorization": f"Bearer {self.token(keys)}", **on_behalf}

    def may(self, rules: Sequence[Allow]) -> bool:
        """What the table says, read as plainly as it is written."""
        return all(any(self._may(action) for action in rule.actions) for rule in rules)

    def _may(self, action: Action) -> bool:
        right = RIGHTS[action]
        if self.lent is not None:
            acts = self.role in PERSONS and self.lent in PERSONS
            return acts and (right.without_role or self.lent in right.roles)
        if right.without_role:
            return True
        return self.role in right.roles and (self.role != Role.INTEGRATION or action in self.scopes)


PERSONS = [role for role in Role if role is not Role.INTEGRATION]
SUBSTITUTE = Role.CONTRIBUTOR
"""Who acts for others in this test; more than one own role would show nothing more."""


def principal(role: str) -> str:
    """Somebody with that role who has lent it."""
    return f"somebody-{role or 'else'}"


OPEN = EVERYWHERE | {f"{path}/" for path in OF_THE_DASHBOARD} | OF_THE_DASHBOARD

PEOPLE = [Caller(role) for role in PERSONS]
PROGRAMS = [
    Caller(Role.INTEGRATION),
    *(Caller(Role.INTEGRATION, (action,)) for action in Action),
    Caller(Role.INTEGRATION, tuple(Action)),
    Caller(Role.INTEGRATION, ("ponte.write", "*", "agenda.*", "agenda")),
]
ON_BEHALF = [
    *(Caller(SUBSTITUTE, lent=role) for role in PERSONS),
    Caller(SUBSTITUTE, lent=""),
    # To a program nobody lends, and who has no role acts for nobody.
    Caller(Role.INTEGRATION, tuple(Action), lent=Role.DIRECTOR),
    Caller("mayor", lent=Role.DIRECTOR),
]
STRANGERS = [Caller("mayor"), Caller("mayor", tuple(Action)), Caller("Director"), Caller("")]


def impatient(app: ASGIApp) -> ASGIApp:
    """Goes away after the head of a stream, which would never end."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        left = False

        async def answer(message: Message) -> None:
            nonlocal left
            if left:
                return
            await send(message)
            if message["type"] == "http.response.start":
                kind = dict(message["headers"]).get(b"content-type", b"")
                if kind.startswith(b"text/event-stream"):
                    left = True
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

        await app(scope, receive, answer)

    return call


def expectation(route: Guarded, caller: Caller) -> Callable[[int], bool]:
    """What the answer's status has to be. Fails for a rule that is no action."""
    if all(isinstance(rule, ScrapeToken) for rule in route.rules):
        return lambda status: status == 401
    assert all(isinstance(rule, Allow) for rule in route.rules), f"{route.path} has an unknown rule"
    if caller.may(cast("Sequence[Allow]", route.rules)):
        return lambda status: status not in {401, 403} and status < 500
    return lambda status: status == 403


async def lend(served: Served) -> None:
    """Everybody with a role has lent it to the substitute; also roles that the agenda lets nobody lend."""
    today = CityDay("Milano").today().isoformat()
    for role in PERSONS:
        for to in (SUBSTITUTE, Role.INTEGRATION, "mayor"):
            row = {
                "substitution_id": f"substitution-{role}-{to}",
                "principal": principal(role),
                "substitute": f"local-{to}",
                "roles": [role],
                "starts_on": today,
                "ends_on": "2999-12-31",
                "reason": "A test",
                "ended_at": None,
            }
            # The agenda finds it among its own, every other service in its view of them.
            await served.database["substitutions"].insert_one(
                {
                    "_id": row["substitution_id"],
                    "version": 1,
                    "epoch": 1,
                    "sequence": 0,
                    "head_hash": "",
                    "outbox": [],
                    "commands": {},
                    "state": row,
                }
            )


def requests(app: FastAPI) -> Iterator[tuple[Guarded, str, str]]:
    """Every route with a method and an address that it takes."""
    for route in guarded_routes(app):
        path = re.sub(r"\{[^}]*\}", "x", route.path)
        yield from ((route, method, path) for method in sorted(route.methods))


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(
    service: str, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings").Settings

    def build(made: Any) -> FastAPI:
        app: FastAPI = module.build_app(made.model_copy(update={"rate_limit": 10**9}))
        return app

    wrong: list[str] = []
    asked: set[str] = set()
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp(service)) as around,
        serving(around, build, settings) as served,
        httpx.AsyncClient(transport=httpx.ASGITransport(impatient(served.app)), base_url="http://t") as http,
    ):
        await lend(served)
        callers = [(one, one.headers(served.keys)) for one in (*PEOPLE, *PROGRAMS, *STRANGERS, *ON_BEHALF)]
        for route, method, path in requests(served.app):
            here = f"{method} {route.path}"
            if not route.rules:
                assert route.path in OPEN, f"{here} states no action"
                assert route.mounted is None or isinstance(route.mounted, StaticFiles), here
                continue
            asked.add(here)
            stranger = await http.request(method, path)
            if stranger.status_code != 401:
                wrong.append(f"{here} without a token: {stranger.status_code}")
            for caller, headers in callers:
                answer = await http.request(method, path, headers=headers)
                expected = expectation(route, caller)
                if not expected(answer.status_code):
                    wrong.append(f"{here} as {caller}: {answer.status_code}")
    assert not wrong, f"{len(wrong)} of {len(asked)} routes' answers differ:\n" + "\n".join(wrong[:40])
    assert {f"{method} {route.path}" for route, method, _ in requests(served.app) if route.rules} == asked
    assert len(asked) > 5


@pytest.mark.parametrize("service", SERVICES)
def test_every_unit_that_reacts_shows_what_it_could_not_follow(service: str, tmp_path: Path) -> None:
    reacts = find_spec(f"services.{service}.reactions") is not None
    found = [
        [rule.name for rule in route.rules]
        for route in guarded_routes(app_of(service, ensure_keys(tmp_path)))
        if route.path == "/v1/refused-reactions"
    ]
    assert found == ([[Action.SYSTEM_REFUSED_REACTIONS]] if reacts else [])
