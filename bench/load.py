"""The generator of the load, in a process of its own: `python -m bench.load < PLAN > RESULT`.

A plan names a system under test (where commands go, where the page's stream is, how an answer and an entry of
the stream name one fact), the processes whose work is to be noted, and phases. Every phase sends commands
either in a closed loop (each client sends its next command when the last one is answered) or in an open one
(at fixed moments, whatever happens), while one client holds the page's stream. The clock of a command starts
when "accepted" has arrived and stops when the stream hands over its entry: what a person waits for.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import uvloop

from bench.figures import percentiles
from bench.processes import cpu_seconds
from bench.systems import EVENT_OF, KEYS, Key
from shared.testing.wire import Connection, Events, Lost

WARM_S = 1.0
"""The beginning of a phase that is not counted."""
GRACE_S = 0.5
"""A command accepted so long before the end and not on the page at the end is backlog."""
DRAIN_S = 20.0
WARM_UP: dict[str, Any] = {"name": "warm-up", "clients": 8, "seconds": 2.0}
"""Before the first phase; what a program does only once is not what is measured."""
MOST_CONNECTIONS = 512


@dataclass
class Ledger:
    """When each fact was accepted and when it arrived at the page (monotonic seconds)."""

    accepted: dict[Key, float] = field(default_factory=dict)
    arrived: dict[Key, float] = field(default_factory=dict)
    answers: list[tuple[float, float]] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)


class Load:
    """Drives one system through the phases of a plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.ledger = Ledger()
        self.keys = KEYS[plan["system"]]
        self.event_of = EVENT_OF[plan["system"]]
        self.number = itertools.count()
        self.subjects: list[str] = plan.get("subjects", [])
        self.results: dict[str, dict[str, Any]] = {}
        self._free: list[Connection] = []
        self._made = 0
        self._listening = asyncio.Event()

    async def listen(self) -> None:
        """Hold the page's stream; open it again where it ends."""
        stream = self.plan["stream"]
        while True:
            events = Events(self._on_event)
            connection = Connection(stream["url"], stream["headers"], events.feed)
            with suppress(Lost, OSError):
                (await connection.send("GET", stream["target"])).check(200)
            connection.close()
            await asyncio.sleep(0.1)

    def _on_event(self, name: str, data: bytes) -> None:
        self._listening.set()
        now = time.monotonic()
        for key in self.event_of(name, data):
            self.ledger.arrived.setdefault(key, now)

    async def run(self) -> dict[str, Any]:
        """All phases one after the other; the result of each by its name, and the subjects that were made."""
        listening = asyncio.create_task(self.listen())
        await asyncio.wait_for(self._listening.wait(), 30)
        await self.create()
        await self.phase(WARM_UP)
        for phase in self.plan["phases"]:
            self.results[phase["name"]] = await self.phase(phase)
        listening.cancel()
        return {"phases": self.results, "subjects": self.subjects}

    async def create(self) -> None:
        """Make the subjects that commands will change, where the system has such a thing."""
        creation = self.plan.get("create")
        if creation is None:
            return
        waiting = enumerate(creation["bodies"])

        async def work() -> None:
            for number, body in waiting:
                self.subjects.append(await self._post(creation["target"], body, f"c{number}"))

        await asyncio.gather(*(work() for _ in range(16)))
        await self.drain()

    async def _post(self, target: str, body: dict[str, Any], key: str) -> str:
        """Send a command over a free connection; the subject in the answer."""
        connection = self._free.pop() if self._free else self._new()
        try:
            answer = await connection.send(
                "POST", target, json.dumps(body).encode(), {"idempotency-key": f"{self.plan['run']}-{key}"}
            )
        except BaseException:
            connection.close()
            self._made -= 1
            raise
        self._free.append(connection)
        receipt = json.loads(answer.check(200, 201).body)
        self.ledger.accepted[self.keys(receipt)] = time.monotonic()
        return str(receipt["subject"])

    def _new(self) -> Connection:
        if self._made >= MOST_CONNECTIONS:
            raise Lost(f"all {MOST_CONNECTIONS} connections wait for an answer")
        self._made += 1
        headers: list[dict[str, str]] = self.plan["headers"]
        return Connection(self.plan["commands"]["url"], headers[self._made % len(headers)])

    async def command(self) -> None:
        """One command; round robin over the subjects, so that contention is not what is measured."""
        number = next(self.number)
        subject = self.subjects[number % len(self.subjects)] if self.subjects else ""
        target = self.plan["commands"]["target"].replace("{subject}", subject)
        body = {**self.plan["commands"]["body"]}
        body["title"] = f"{body['title']} {self.plan['run']} {number}"
        began = time.monotonic()
        try:
            await self._post(target, body, f"n{number}")
        except (Lost, OSError, RuntimeError) as error:
            name = str(error)[:120] or type(error).__name__
            self.ledger.errors[name] = self.ledger.errors.get(name, 0) + 1
            await asyncio.sleep(0.05)
        else:
            self.ledger.answers.append((began, time.monotonic()))

    async def phase(self, phase: dict[str, Any]) -> dict[str, Any]:
        """Send for ``seconds``, judge at the end, then wait until the page has everything."""
        self.ledger = Ledger()
        rate = phase.get("rate")
        if "share_of" in phase:
            rate = phase["share"] * max(self.results[name]["page_per_s"] for name in phase["share_of"])
        work, own = self._work(), time.process_time()
        began = time.monotonic()
        end = began + phase["seconds"]
        if rate is None:
            await asyncio.gather(*(self._closed(end) for _ in range(phase["clients"])))
        else:
            await self._open(rate, began, end)
        wall = time.monotonic() - began
        cpu = {name: round((now - work[name]) / wall, 3) for name, now in self._work().items()}
        cpu["generator"] = round((time.process_time() - own) / wall, 3)
        # Only the clock of the page's stream matters for what comes late.
        found = self.judge(began + WARM_S, end)
        drained = time.monotonic()
        await self.drain()
        unseen = self.ledger.accepted.keys() - self.ledger.arrived.keys()
        return {
            **({"rate_per_s": round(rate, 1)} if rate else {"clients": phase["clients"]}),
            **found,
            **self._delays(began + WARM_S, end),
            "never_seen": len(unseen),
            "drained_after_s": round(time.monotonic() - drained, 2),
            "errors": self.ledger.errors,
            "cpu": cpu,
            "cpu_ms_per_command": self._per_command(cpu, wall),
        }

    def _work(self) -> dict[str, float]:
        return {name: cpu_seconds(pids) for name, pids in self.plan["processes"].items()}

    async def _closed(self, end: float) -> None:
        while time.monotonic() < end:
            await self.command()

    async def _open(self, rate: float, began: float, end: float) -> None:
        tasks = set()
        for number in itertools.count():
            moment = began + number / rate
            if moment >= end:
                break
            await asyncio.sleep(moment - time.monotonic())
            task = asyncio.create_task(self.command())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(end - time.monotonic())
        if tasks:
            await asyncio.wait(set(tasks), timeout=DRAIN_S)

    def judge(self, start: float, end: float) -> dict[str, Any]:
        """How many were accepted and seen from ``start`` to ``end``, and what the page lacked at the end."""
        ledger, window = self.ledger, end - start
        accepted = sum(start <= at < end for at in ledger.accepted.values())
        # What a phase before this one left behind is not this one's.
        arrived = sum(start <= at < end for key, at in ledger.arrived.items() if key in ledger.accepted)
        missing = [
            end - at
            for key, at in ledger.accepted.items()
            if at < end and ledger.arrived.get(key, end + 1) > end
        ]
        return {
            "accepted_per_s": round(accepted / window, 1),
            "page_per_s": round(arrived / window, 1),
            "backlog": sum(age > GRACE_S for age in missing),
            "behind_s": round(max(missing, default=0.0), 3),
        }

    def _delays(self, start: float, end: float) -> dict[str, Any]:
        ledger = self.ledger
        delays = [
            max(0.0, ledger.arrived[key] - at)
            for key, at in ledger.accepted.items()
            if start <= at < end and key in ledger.arrived
        ]
        answers = [done - began for began, done in ledger.answers if start <= done < end]
        return {
            "commands": len(delays),
            "accepted_to_page_ms": percentiles(delays),
            "answer_ms": percentiles(answers),
        }

    def _per_command(self, cpu: dict[str, float], wall: float) -> float | None:
        commands = len(self.ledger.answers)
        return round(1000 * wall * sum(cpu.values()) / commands, 2) if commands else None

    async def drain(self) -> None:
        """Until the page has everything, or nothing more has come for two seconds."""
        deadline = time.monotonic() + DRAIN_S
        seen, moved = -1, time.monotonic()
        while not self.ledger.accepted.keys() <= self.ledger.arrived.keys():
            now = time.monotonic()
            if len(self.ledger.arrived) != seen:
                seen, moved = len(self.ledger.arrived), now
            if now > deadline or now - moved > 2:
                return
            await asyncio.sleep(0.05)


def main() -> None:
    """Read the plan from standard input, write the result to standard output."""
    gc.disable()
    plan = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(Load(plan).run()), sys.stdout)


if __name__ == "__main__":
    main()
