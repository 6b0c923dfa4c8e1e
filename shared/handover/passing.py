"""Passing on: what matches is changed one by one, so an interruption leaves what is left to the next call.

Nothing is remembered but in the records themselves. What has been passed on no longer matches, so the same
handover again finds nothing, and one that was interrupted goes on where it stood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from shared.contracts.base import EventData
from shared.domain import Change
from shared.domain.responsible import FIELD, Answered
from shared.store import Command, Repository

AT_ONCE: Final = 8

A = TypeVar("A", bound=Answered)


@dataclass(frozen=True, slots=True)
class Handover:
    """``leaving`` and ``taking`` are opaque ids."""

    leaving: str
    taking: str
    reason: str


@dataclass(frozen=True, slots=True)
class Share:
    """One kind of record that a handover changes.

    ``where`` filters on state fields; what ``decide`` makes of a record no longer matches. ``ends``: it is
    not passed on but ended. ``repository`` is asked at every request.
    """

    repository: Callable[[], Repository[Any]]
    where: Callable[[Handover], Mapping[str, Any]]
    decide: Callable[[Any, Handover, Command], Change[Any]]
    ends: bool = False


def share_of(
    repository: Callable[[], Repository[A]], told: Callable[[A, tuple[str, ...]], EventData]
) -> Share:
    """All records that ``leaving`` answers for; ``told`` makes the event, given the corrected fields."""

    def decide(state: A, handover: Handover, _: Command) -> Change[A]:
        if state.responsible != handover.leaving:
            return Change(state)
        passed = state.answered_by(handover.taking, handover.reason)
        return Change(passed, (told(passed, (FIELD,)),))

    return Share(repository, lambda handover: {FIELD: handover.leaving}, decide)


@dataclass(frozen=True, slots=True)
class Passed:
    """How many records one call has passed on and ended, and how many are left for the next."""

    passed_on: int
    ended: int
    left: int


async def pass_on(shares: Sequence[Share], handover: Handover, command: Command, at_most: int) -> Passed:
    """Change up to ``at_most`` records. Raises what the store does; what was changed until then stays so."""
    # The records' own state makes a repeated call harmless. A key would answer for one that came back.
    each = replace(command, key=None, expected_version=None)
    done = {False: 0, True: 0}
    for share in shares:
        while (room := at_most - sum(done.values())) > 0:
            changed = await _some(share, handover, each, min(room, 100))
            done[share.ends] += changed
            if not changed:
                break
    left = sum([await _count(share, handover) for share in shares])
    return Passed(passed_on=done[False], ended=done[True], left=left)


async def _some(share: Share, handover: Handover, command: Command, limit: int) -> int:
    repository = share.repository()
    found = await repository.page(limit=limit, where=share.where(handover))
    gate = asyncio.Semaphore(AT_ONCE)

    async def change(subject: str) -> bool:
        async with gate:
            receipt = await repository.change(
                subject, command, lambda state: share.decide(state, handover, command)
            )
        return receipt.changed

    answers = await asyncio.gather(*(change(one.subject) for one in found), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return sum(answer is True for answer in answers)


async def _count(share: Share, handover: Handover) -> int:
    query = {f"state.{field}": value for field, value in share.where(handover).items()}
    return await share.repository().collection.count_documents(query)
