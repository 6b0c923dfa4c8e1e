"""A steady load of commands on many aggregates, spread over both replicas of every owner."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import orjson

from shared.testing.wire import Answer, Connection, Lost
from tests.faults.ledger import Entry, Ledger
from tests.faults.world import World, now

DEFINITE = range(200, 500)
AGAIN = frozenset({408, 425, 429})
PER_KIND = 12
PAIRS = 4
AT_ONCE = 96
PAUSE_S = 0.1
ANSWER_WITHIN_S = 8.0

SOURCE = {"title": "Comune di Milano", "kind": "official"}
PATHS = {
    "agenda": "missions",
    "agreements": "agreements",
    "networks": "memberships",
    "dossiers": "candidacies",
}
BODIES: dict[str, dict[str, Any]] = {
    "agenda": {
        "title": "Visit",
        "purpose": "meeting",
        "holder": {"function": "Mayor"},
        "legs": [{"place": "Lyon", "starts_at": "2027-06-04T09:30", "ends_at": "2027-06-05T18:00"}],
    },
    "agreements": {
        "kind": "collaboration",
        "title": "Collaboration",
        "counterpart": {"name": "Lyon", "place": "Lyon"},
    },
    "networks": {
        "network": "EUROCITIES",
        "network_it": "EUROCITIES",
        "unit": "european",
        "role": "member",
        "source": SOURCE,
        "as_of": "2023-11-27",
    },
    "dossiers": {
        "kind": "prize",
        "what_for": "European Capital of Innovation",
        "what_for_it": "Capitale europea dell'innovazione",
        "applicant": "City of Milan",
        "applicant_it": "Comune di Milano",
        "source": SOURCE,
        "as_of": "2023-11-27",
    },
}
CORRECTED = {"agenda": "title", "agreements": "title", "networks": "note", "dossiers": "note"}


class Refused(Exception):
    """A definite answer that is not a receipt."""


class Load:
    """Commands at `rate` per second until `stop`; each is tried until it has a definite answer."""

    def __init__(self, world: World, ledger: Ledger, name: str, *, rate: float, signers: int) -> None:
        self.world = world
        self.ledger = ledger
        self.name = name
        self.rate = rate
        self.signers = signers
        self.stopping = False
        self._accepted = 0
        self._numbers = itertools.count()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._subjects: list[tuple[str, str]] = []
        self._ticker: asyncio.Task[None] | None = None
        self._random = random.Random(name)
        self._idle: dict[str, list[Connection]] = {}

    @property
    def accepted(self) -> int:
        return self._accepted

    async def start(self) -> None:
        """Make the aggregates and begin."""
        wanted = [(service, n) for service in PATHS for n in range(PER_KIND)]
        made = await asyncio.gather(*(self.create(service, {"note": f"{n}"}) for service, n in wanted))
        self._subjects = [(service, entry.subject) for (service, _), entry in zip(wanted, made, strict=True)]
        self._ticker = asyncio.create_task(self._tick())
        for number in range(PAIRS):
            self._spawn(self._travel(number))
        for number in range(self.signers):
            self._spawn(self._sign(number))

    async def stop(self, within: float = 60) -> None:
        """Send nothing new; wait until everything that was sent has its answer."""
        self.stopping = True
        if self._ticker is not None:
            await self._ticker
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()
                self.ledger.refusals.append(f"a command had no definite answer within {within} s")
        for connection in itertools.chain.from_iterable(self._idle.values()):
            connection.close()

    async def create(self, service: str, more: dict[str, Any]) -> Entry:
        """A new aggregate."""
        return await self.post(service, f"/v1/{PATHS[service]}", {**BODIES[service], **more})

    async def correct(self, service: str, subject: str) -> Entry:
        """Any change of an aggregate that is one event."""
        body = {CORRECTED[service]: f"{self.name} {next(self._numbers)}"}
        return await self.post(service, f"/v1/{PATHS[service]}/{subject}/correct", body)

    async def post(self, service: str, path: str, body: dict[str, Any]) -> Entry:
        """Send a command, again with the same key and to the other replica, until the answer is definite.

        Raises `Refused` (also noted in the ledger) where that is no receipt.
        """
        key = f"{self.name}-{next(self._numbers)}"
        sent_at = now()
        replicas = self.world.replicas[service][:2]
        turn = self._random.randrange(2)
        content, headers = orjson.dumps(body), {"idempotency-key": key}
        while True:
            answer = await self._ask(replicas[turn % 2].url, "POST", path, content, headers)
            if answer is not None and answer.status in DEFINITE and answer.status not in AGAIN:
                break
            self.ledger.retries += 1
            turn += 1
            await asyncio.sleep(PAUSE_S)
        if answer.status >= 300:
            told = f"{path}: {answer.status} {answer.body[:300].decode(errors='replace')}"
            self.ledger.refusals.append(told)
            raise Refused(told)
        receipt = orjson.loads(answer.body)
        place = (receipt["subject"], receipt["epoch"], receipt["sequence"], receipt["version"])
        entry = Entry(key, service, *place, sent_at=sent_at, answered_at=now())
        self.ledger.note(entry)
        self._accepted += 1
        return entry

    async def _ask(
        self, url: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer | None:
        """One try on a connection that is free; null: no answer, and perhaps carried out nevertheless."""
        idle = self._idle.setdefault(url, [])
        connection = idle.pop() if idle else Connection(url, self.world.authorization)
        try:
            answer = await asyncio.wait_for(connection.send(method, path, body, headers), ANSWER_WITHIN_S)
        except (OSError, Lost, TimeoutError):
            connection.close()
            return None
        idle.append(connection)
        return answer

    def _spawn(self, work: Awaitable[Any]) -> None:
        task = asyncio.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        due = now()
        while not self.stopping:
            due = max(due + 1 / self.rate, now() - 0.5)
            if due > now():
                await asyncio.sleep(due - now())
            service, subject = self._random.choice(self._subjects)
            await self._gate.acquire()
            self._spawn(self._gated(self.correct(service, subject)))

    async def _gated(self, work: Awaitable[Any]) -> None:
        try:
            await work
        finally:
            self._gate.release()

    async def _travel(self, number: int) -> None:
        """A mission to sign an agreement, moved again and again: agreements reacts to every move."""
        agreement = await self.create("agreements", {"note": f"travel {number}"})
        mission = await self.create(
            "agenda",
            {"purpose": "sign-agreement", "agreement_id": agreement.subject, "schedule": True},
        )
        self.ledger.signings[agreement.subject] = mission.subject
        for turn in itertools.count(1):
            await self._pause(0.4)
            if self.stopping:
                return
            day, hour = divmod(turn, 12)
            starts = f"2027-07-{1 + day % 28:02}T{8 + hour:02}:00"
            leg = {"place": "Lyon", "starts_at": starts, "ends_at": "2027-08-20T18:00"}
            await self.post("agenda", f"/v1/missions/{mission.subject}/reschedule", {"legs": [leg]})

    async def _sign(self, number: int) -> None:
        """Agreements that are signed on their mission: the agenda notes the signature."""
        for turn in itertools.count():
            agreement = await self.create("agreements", {"note": f"sign {number} {turn}"})
            mission = await self.create(
                "agenda",
                {"purpose": "sign-agreement", "agreement_id": agreement.subject, "schedule": True},
            )
            self.ledger.signings[agreement.subject] = mission.subject
            while not await self._on_the_agenda(agreement.subject):
                await self._pause(0.3)
                if self.stopping:
                    return
            await self.post(
                "agreements", f"/v1/agreements/{agreement.subject}/sign", {"signed_on": "2020-03-04"}
            )
            await self._pause(0.5)
            if self.stopping:
                return

    async def _on_the_agenda(self, agreement: str) -> bool:
        url = self._random.choice(self.world.replicas["agreements"][:2]).url
        answer = await self._ask(url, "GET", f"/v1/agreements/{agreement}")
        if answer is None or answer.status != 200:
            return False
        return orjson.loads(answer.body)["data"]["signing"] is not None

    async def _pause(self, seconds: float) -> None:
        until = now() + seconds
        while now() < until and not self.stopping:
            await asyncio.sleep(0.05)


async def _quietly(work: Awaitable[Any]) -> None:
    with suppress(Refused):
        await work
