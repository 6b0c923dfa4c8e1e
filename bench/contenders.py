"""The systems under test: their processes, and how commands and the page's stream are reached."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from subprocess import Popen
from typing import Any

from bench.engines import Engines
from shared.identity.local import LocalKeys, issue_token, sign_in_link
from shared.identity.roles import Role
from shared.store.driver import Driver
from shared.testing.wire import Connection
from tests.system import free_ports

MISSION: dict[str, Any] = {
    "title": "Signing of the collaboration",
    "purpose": "meeting",
    "holder": {"function": "Mayor"},
    "delegation": [{"function": "Councillor for International Relations"}],
    "schedule": True,
}
PLACE: dict[str, Any] = {
    "city": "Lyon",
    "city_it": "Lione",
    "country": "FR",
    "time_zone": "Europe/Paris",
    "latitude": 45.74846,
    "longitude": 4.84671,
}
TIMES = {"starts_at": "2027-06-04T07:30:00.000Z", "ends_at": "2027-06-05T16:00:00.000Z"}
PLAIN: dict[str, Any] = {
    "title": MISSION["title"],
    "purpose": MISSION["purpose"],
    "holder": MISSION["holder"],
    "delegation": MISSION["delegation"],
    "legs": [{"place": PLACE, **TIMES}],
    **TIMES,
}
"""What the baselines are sent: the mission whole, because they keep none between two commands."""
FIRST_DAY = datetime(2027, 1, 4, 9, 30)  # noqa: DTZ001 - a time on the clock of the place
MISSIONS = 600
OFFICERS = 8
RATE_LIMIT = 100_000_000
"""Requests a minute for each client: the load comes from a few clients only."""


def mission(number: int) -> dict[str, Any]:
    """A mission's body. No two are at the same time, as in a city: a clash is another matter's load."""
    starts = FIRST_DAY + timedelta(days=2 * number)
    times = {
        "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
        "ends_at": f"{starts + timedelta(hours=32):%Y-%m-%dT%H:%M}",
    }
    return {**MISSION, "title": f"{MISSION['title']} {number}", "legs": [{"place": "Lyon", **times}]}


@dataclass
class Part:
    """One process of a system under test."""

    name: str
    command: Sequence[str]
    port: int
    running: Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid


@dataclass
class SystemUnderTest:
    """A system's processes with what the generator of the load has to know of it."""

    name: str
    kind: str
    parts: list[Part]
    environment: Mapping[str, str]
    prefix: str
    commands: dict[str, Any] = field(default_factory=dict)
    create: dict[str, Any] | None = None
    keys: LocalKeys | None = None

    def pids(self) -> dict[str, list[int]]:
        """Its processes by name."""
        return {part.name: [part.pid] for part in self.parts}

    async def plan(self, phases: list[dict[str, Any]], engines: Engines) -> dict[str, Any]:
        """What the generator needs to drive it."""
        writer, page = self.parts[0], self.parts[-1]
        headers: list[dict[str, str]] = [{}]
        stream: dict[str, Any] = {"url": page.url, "target": "/live", "headers": {}}
        if self.keys is not None:
            headers = [
                {"authorization": f"Bearer {issue_token(self.keys, Role.OFFICER_CITY, f'officer-{number}')}"}
                for number in range(OFFICERS)
            ]
            stream["target"] = "/live?lang=en"
            stream["headers"] = {"cookie": await _sign_in(sign_in_link(self.keys, page.url), page.url)}
        return {
            "system": self.kind,
            "run": secrets.token_hex(4),
            "commands": {"url": writer.url, **self.commands},
            "create": self.create,
            "headers": headers,
            "stream": stream,
            "processes": {**self.pids(), **engines.pids()},
            "phases": phases,
        }


def ponte(engines: Engines, driver: Driver, **more: str) -> SystemUnderTest:
    """The agenda and the dashboard as they are run in a city."""
    agenda, dashboard = free_ports(2)
    prefix = f"b{secrets.token_hex(4)}_"
    return SystemUnderTest(
        name=f"ponte-{driver}",
        kind="ponte",
        parts=[
            Part("agenda", [sys.executable, "-m", "services.agenda"], agenda),
            Part("dashboard", [sys.executable, "-m", "services.dashboard"], dashboard),
        ],
        environment={
            **engines.environment(),
            "PONTE_MONGODB_DRIVER": driver,
            "PONTE_DATABASE_PREFIX": prefix,
            "PONTE_TOPIC_PREFIX": prefix.replace("_", "."),
            "PONTE_RATE_LIMIT": str(RATE_LIMIT),
            **more,
        },
        prefix=prefix,
        commands={"target": "/v1/missions/{subject}/correct", "body": {"title": MISSION["title"]}},
        create={"target": "/v1/missions", "bodies": [mission(number) for number in range(MISSIONS)]},
        keys=engines.keys,
    )


def with_all_services(system: SystemUnderTest) -> SystemUnderTest:
    """Ponte with its other units too: a city runs them all."""
    others = ("agreements", "networks", "dossiers")
    system.parts[1:1] = [
        Part(name, [sys.executable, "-m", f"services.{name}"], port)
        for name, port in zip(others, free_ports(len(others)), strict=True)
    ]
    return system


def baseline(engines: Engines, name: str) -> SystemUnderTest:
    """``naive`` or ``textbook``: a writer and a page, as `bench/baseline` has them."""
    writer, page = free_ports(2)
    prefix = f"b{secrets.token_hex(4)}_"
    command = [sys.executable, "-m", f"bench.baseline.{name}"]
    return SystemUnderTest(
        name=name,
        kind="baseline",
        parts=[Part("writer", [*command, "writer"], writer), Part("page", [*command, "page"], page)],
        environment={
            **engines.environment(),
            "PONTE_DATABASE_PREFIX": prefix,
            "BASELINE_TOPIC": f"{prefix.rstrip('_')}.missions",
        },
        prefix=prefix,
        commands={"target": "/missions", "body": PLAIN},
    )


def by_name(engines: Engines, name: str) -> SystemUnderTest:
    """``naive``, ``textbook``, ``ponte-motor`` or ``ponte-pymongo``."""
    if name.startswith("ponte-"):
        return ponte(engines, "motor" if name == "ponte-motor" else "pymongo")
    return baseline(engines, name)


async def _sign_in(link: str, url: str) -> str:
    """Open a session with the one-time link; its cookie."""
    connection = Connection(url, {})
    answer = await connection.send("GET", link.removeprefix(url))
    connection.close()
    return answer.check(303).headers["set-cookie"].split(";", 1)[0]
