"""A whole import: every file checked wholly before its first row is stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from shared.imports.client import ImportClient, ServiceAway
from shared.imports.decide import Outcome
from shared.imports.matching import Matched, Target, match, without_doubles
from shared.imports.messages import ConflictOut, RowIn, RowOut
from shared.imports.reading import read_sheet
from shared.imports.sheet import Fault, Line

IN_FLIGHT = 8
"""Rows that are stored at the same time."""

BATCH_ROWS = 200
BATCH_BYTES = 400_000
"""Limits of one check; a service takes bodies of up to a megabyte."""


_GOES_ON = "what was stored stays, and the same import goes on from there"


class Progress(Protocol):
    """Who is told how far it is."""

    def begin(self, stage: str, path: Path, total: int) -> None:
        """A file's rows are now ``checking`` or ``storing``."""

    def advance(self, rows: int) -> None:
        """So many rows more are done."""


@dataclass(slots=True)
class FileReport:
    """What became of a file. ``conflicts`` are (line, key, what differs)."""

    path: Path
    kind: str | None = None
    counts: Counter[Outcome] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    conflicts: list[tuple[int, str, ConflictOut]] = field(default_factory=list)
    left_out: bool = False
    """Nothing of it was stored because of its faults."""

    @property
    def clean(self) -> bool:
        """Whether every row could be used."""
        return not self.faults and not self.conflicts


@dataclass(slots=True)
class _Work:
    """A file between its check and its storing: the rows that have something to store, with their base."""

    report: FileReport
    matched: Matched
    due: list[tuple[RowIn, str]] = field(default_factory=list)


async def run_import(
    paths: Sequence[Path],
    client: ImportClient,
    progress: Progress,
    *,
    keep_good: bool = False,
    dry_run: bool = False,
) -> list[FileReport]:
    """Import the files, in the order of their kinds' ranks.

    A file with a fault is left out whole, but for ``keep_good``, which leaves out the rows at fault. Every
    file is checked wholly before the first row is stored. With ``dry_run`` nothing is stored.

    Raises ``ServiceAway``; what had been stored until then stays, and the same import resumes.
    """
    sheets = [read_sheet(path) for path in dict.fromkeys(path.resolve() for path in paths)]
    targets, away = await client.targets() if any(not sheet.unusable for sheet in sheets) else ([], [])
    found = without_doubles(sorted((match(sheet, targets) for sheet in sheets), key=_rank))
    if away and any(one.target is None and not one.sheet.unusable for one in found):
        raise ServiceAway("; ".join(away))
    works = [await _checked(one, client, progress) for one in found]
    for work in works:
        report = work.report
        report.left_out = work.matched.unusable or (bool(report.faults) and not keep_good)
        if not report.left_out and not dry_run:
            await _stored(work, client, progress)
    return [work.report for work in works]


def _rank(matched: Matched) -> tuple[int, str]:
    return (matched.target.kind.rank if matched.target else 0, matched.sheet.path.name)


async def _checked(matched: Matched, client: ImportClient, progress: Progress) -> _Work:
    target = matched.target
    report = FileReport(matched.sheet.path, faults=list(matched.faults))
    work = _Work(report, matched)
    if target is None:
        return work
    report.kind = target.kind.kind
    if not matched.unusable:
        progress.begin("checking", report.path, len(matched.lines))
        for batch in _batches(matched):
            for row, answer in zip(batch, await client.check(target, batch), strict=True):
                _note(work, row, answer)
            progress.advance(len(batch))
    report.faults.sort(key=lambda fault: fault.line or 0)
    return work


def _batches(matched: Matched) -> Iterator[list[RowIn]]:
    batch: list[RowIn] = []
    size = 0
    for line in matched.lines:
        row = RowIn(key=matched.key(line), line=line.number, cells=line.cells)
        weight = _weight(line)
        if batch and (len(batch) == BATCH_ROWS or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


def _weight(line: Line) -> int:
    return sum(len(name) + 2 * len(value.encode()) for name, value in line.cells.items())


def _note(work: _Work, row: RowIn, answer: RowOut) -> None:
    """Count what a check said; a row that has something to store waits for it."""
    if answer.outcome in {Outcome.CREATE, Outcome.CHANGE}:
        work.due.append((row, answer.base))
    _count(work.report, row, answer)


def _count(report: FileReport, row: RowIn, answer: RowOut) -> None:
    report.counts[answer.outcome] += 1
    report.conflicts += [(row.line, row.key, conflict) for conflict in answer.conflicts]
    report.faults += [
        Fault(row.line, problem.field, problem.value, problem.reason, tuple(problem.candidates))
        for problem in answer.problems
    ]


async def _stored(work: _Work, client: ImportClient, progress: Progress) -> None:
    """Store the rows that are due, several at a time; each corrects the count of its check."""
    report = work.report
    for outcome in (Outcome.CREATE, Outcome.CHANGE):
        report.counts.pop(outcome, None)
    if not work.due or work.matched.target is None:
        return
    progress.begin("storing", report.path, len(work.due))
    rows = iter(work.due)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(IN_FLIGHT, len(work.due))):
                group.create_task(_store(rows, work.matched.target, report, client, progress))
    except ExceptionGroup as failures:
        away, others = failures.split(ServiceAway)
        if away is None or others is not None:
            raise
        raise ServiceAway(f"{away.exceptions[0]}; {_GOES_ON}") from None


async def _store(
    rows: Iterator[tuple[RowIn, str]],
    target: Target,
    report: FileReport,
    client: ImportClient,
    progress: Progress,
) -> None:
    for row, base in rows:
        _count(report, row, await client.put(target, row, base))
        progress.advance(1)
