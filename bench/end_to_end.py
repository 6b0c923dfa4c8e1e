"""From a command accepted over HTTP to its event at the page's SSE client.

The whole system runs as `make run` starts it. One client sends commands at a steady rate, on several
missions; another holds the stream of the page. The clock starts when "accepted" has arrived and stops when
the stream hands over the entry of that subject and sequence: what a person waits for.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from pathlib import Path
from typing import Any

import httpx

from tests.system import System

COMMANDS = 1000
SUBJECTS = 20
RATE = 50.0
ENTRY = re.compile(r'data-subject="([^"]+)"[^>]*data-sequence="(\d+)"')
MISSION = {
    "purpose": "meeting",
    "holder": {"function": "Mayor"},
    "legs": [{"place": "Lyon", "starts_at": "2027-06-04T09:30", "ends_at": "2027-06-05T18:00"}],
}

Arrivals = dict[tuple[str, int], float]


async def listen(dashboard: httpx.AsyncClient, arrivals: Arrivals, ready: asyncio.Event) -> None:
    """Note when each entry arrives on the stream."""
    async with dashboard.stream("GET", "/live?lang=en") as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            ready.set()
            if line.startswith("data:"):
                for subject, sequence in ENTRY.findall(line.replace('\\"', '"')):
                    arrivals.setdefault((subject, int(sequence)), time.monotonic())


async def run(folder: Path, *, rate: float = RATE, commands: int = COMMANDS) -> dict[str, Any]:
    """One run: percentiles in milliseconds, and how many were accepted and seen."""
    async with System(folder) as system:
        link = system.ponte("link").stdout.strip()
        async with (
            system.http("agenda", "officer-city") as agenda,
            httpx.AsyncClient(base_url=system.url("dashboard"), timeout=None) as dashboard,
        ):
            (await dashboard.get(link, follow_redirects=True)).raise_for_status()
            arrivals: Arrivals = {}
            ready = asyncio.Event()
            listening = asyncio.create_task(listen(dashboard, arrivals, ready))
            await asyncio.wait_for(ready.wait(), 20)
            subjects = [
                (await agenda.post("/v1/missions", json={**MISSION, "title": f"M{n}"})).json()["subject"]
                for n in range(SUBJECTS)
            ]
            accepted: Arrivals = {}
            answers: list[float] = []

            async def send(number: int) -> None:
                began = time.monotonic()
                answer = await agenda.post(
                    f"/v1/missions/{subjects[number % SUBJECTS]}/correct", json={"title": f"Title {number}"}
                )
                answer.raise_for_status()
                receipt = answer.json()
                accepted[receipt["subject"], receipt["sequence"]] = time.monotonic()
                answers.append(time.monotonic() - began)

            start = time.monotonic()
            tasks = []
            for number in range(commands):
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
                tasks.append(asyncio.create_task(send(number)))
            await asyncio.gather(*tasks)
            deadline = time.monotonic() + 30
            while not accepted.keys() <= arrivals.keys() and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            listening.cancel()
            memory = memory_of(system)
    delays = [max(0.0, arrivals[place] - accepted[place]) for place in accepted if place in arrivals]
    return {
        "commands": commands,
        "rate_per_s": rate,
        "seen": len(delays),
        "accepted_to_page_ms": percentiles(delays),
        "answer_ms": percentiles(answers),
        "memory_mib": memory,
    }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p99 and the largest, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {
        "p50": round(cuts[49] * 1000, 1),
        "p99": round(cuts[98] * 1000, 1),
        "max": round(max(seconds) * 1000, 1),
    }


def memory_of(system: System) -> dict[str, float]:
    """Resident memory of every process of the run, in MiB."""
    found: dict[str, float] = {}
    for pid, command in system.pids():
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        resident = re.search(r"VmRSS:\s+(\d+) kB", status)
        if resident:
            name = next(
                (word for word in ("mongod", "kafka.Kafka", "services.") if word in command), "ponte up"
            )
            if name == "services.":
                name = command.split("services.")[1].split()[0]
            found[name] = found.get(name, 0) + round(int(resident[1]) / 1024, 1)
    found["total"] = round(sum(found.values()), 1)
    return found
