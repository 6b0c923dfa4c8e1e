"""One run of one row: load, fault, settling, verdict."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults import checks, log
from tests.faults.checks import Findings
from tests.faults.families.removed import Removal
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.scene import Row, Scene
from tests.faults.world import TOPICS, World, now

WARM_UP = 100
FAULT_WITHIN_S = 150.0
LOAD_WITHIN_S = 150.0
FILL_RATE = 400.0
"""Commands per second when the fault is over: as many as the machine takes, to make up the number."""
STEADY_S = 8.0
"""Without a safety, and with nobody who reconciles, what has stayed wrong for so long stays wrong."""
SLOWEST_RECOVERY_S = 90.0
"""Beyond this a row fails; the targets of the rows are only marked, for machines are noisy."""
HEALED = "ponte_reader_healed_events_total"


@dataclass
class Outcome:
    """What the table shows of one run of a row."""

    row: str
    fault: str
    evidence: list[str]
    commands: int
    lost: int
    twice: int
    disorder: int
    healed: int
    repeated: int
    recovered_s: float | None
    target_s: float | None
    seconds: float
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.problems

    @property
    def late(self) -> bool:
        """Whether it recovered later than it should."""
        return self.recovered_s is not None and self.recovered_s > (self.target_s or math.inf)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}


async def run(world: World, row: Row, name: str, removal: Removal | None = None) -> Outcome:
    """Do the fault of `row` under load, and compare everything with the ledger.

    With `removal` the product does without a safety, and the row has to find out.
    """
    began = now()
    if removal is None:
        await world.heal()
    else:
        await world.heal(removal.services, PONTE_FAULTS_PATCHES=removal.patches)
    ledger = Ledger()
    load = Load(world, ledger, name, rate=row.rate, signers=row.signers)
    start = await log.ends(world.kafka.bootstrap_servers, TOPICS)
    scene = Scene(world, load, ledger, start=start)
    letters, refused = await checks.dead_letters(world), await checks.refused(world)
    counted, restarts = await world.metrics(), len(world.endings())
    sampling = asyncio.create_task(_sample(world))
    findings = Findings()
    try:
        await load.start()
        await scene.accepted(WARM_UP)
        await asyncio.wait_for(row.act(scene), FAULT_WITHIN_S)
        load.rate = max(row.rate, FILL_RATE)
        await scene.accepted(max(60, row.commands - load.accepted), within=LOAD_WITHIN_S)
    except Exception as error:  # noqa: BLE001 - a row that breaks is a row that fails; the next ones go on
        scene.problems.append(f"{type(error).__name__}: {error}")
    finally:
        await load.stop()
        sampling.cancel()
    try:
        steady = math.inf if removal is None or removal.reconciliation else STEADY_S
        findings = await _settled(world, ledger, row.settle_s, steady)
        expected = {s: count + scene.letters.get(s, 0) for s, count in letters.items()}
        findings.other += await checks.totals(world, expected)
        for check in scene.afterwards:
            findings.lost += await check()
        messages = await log.since(world.kafka.bootstrap_servers, {} if row.destroys else start, TOPICS)
        findings.disorder_in_log, repeated = checks.disorder(messages, ledger, whole=not row.destroys)
    except Exception as error:  # noqa: BLE001 - as above
        scene.problems.append(f"{type(error).__name__}: {error}")
        repeated = 0
    if await checks.refused(world) > refused:
        scene.problems.append("a reaction was refused")
    endings = world.endings()[restarts:]
    if len(endings) > scene.restarts_allowed:
        scene.problems.append(f"{scene.restarts_allowed} processes should have ended: {'; '.join(endings)}")
    after = await world.metrics()
    healed = int(after.get(HEALED, 0) - counted.get(HEALED, 0))
    if removal is None:
        _judge(scene, row, findings, healed)
    else:
        _judge_removal(scene, findings)
    return Outcome(
        row=removal.name if removal is not None else row.name,
        fault=f"{removal.safety}: removed. {row.fault}" if removal is not None else row.fault,
        evidence=scene.evidence,
        commands=load.accepted,
        lost=len(findings.lost),
        twice=len(findings.twice),
        disorder=len(findings.disorder) + len(findings.disorder_in_log),
        healed=healed,
        repeated=repeated,
        recovered_s=scene.recovered_s,
        target_s=row.target_s,
        seconds=now() - began,
        problems=scene.problems,
    )


async def _settled(world: World, ledger: Ledger, within: float, steady: float) -> Findings:
    """What is still wrong when everything has had its time, or has stayed as it is for `steady` seconds."""
    deadline = now() + within
    before, since = "", now()
    while True:
        findings = await checks.compare(world, ledger)
        if (told := findings.summary()) != before:
            before, since = told, now()
        if findings.clean or now() > min(deadline, since + steady):
            return findings
        await asyncio.sleep(0.5)


async def _sample(world: World) -> None:
    """Ask for the counters again and again: those of a killed process are gone with it."""
    while True:
        with suppress(Exception):
            await world.metrics()
        await asyncio.sleep(2)


def _judge_removal(scene: Scene, findings: Findings) -> None:
    """Nothing but a difference from the ledger shows that the suite would notice."""
    scene.problems.clear()
    if findings.lost or findings.twice or findings.disorder or findings.disorder_in_log:
        scene.saw(findings.summary()[:300])
    else:
        scene.problems.append("the suite did not notice that this safety was missing")
    if not scene.evidence:
        scene.problems.append("no evidence that the fault took place")


def _judge(scene: Scene, row: Row, findings: Findings, healed: int) -> None:
    if row.destroys and not healed:
        scene.problems.append("nothing was healed by reconciliation")
    if healed and not (row.destroys or row.heals):
        scene.problems.append(f"{healed} events came by reconciliation although the broker had them")
    if not findings.clean or findings.disorder_in_log:
        scene.problems.append(findings.summary())
    scene.problems += findings.disorder_in_log[:3]
    scene.problems += scene.ledger.refusals[:3]
    if scene.load.accepted < row.commands:
        scene.problems.append(f"only {scene.load.accepted} commands were accepted, {row.commands} count")
    if not scene.evidence:
        scene.problems.append("no evidence that the fault took place")
    if scene.recovered_s is not None and scene.recovered_s > SLOWEST_RECOVERY_S:
        scene.problems.append(f"recovered only after {scene.recovered_s:.1f} s")
