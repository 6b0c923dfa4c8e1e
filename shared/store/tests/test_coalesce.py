"""Coalescing and turns, without I/O."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.store import turns as turns_module
from shared.store.coalesce import Coalescer
from shared.store.errors import Contended
from shared.store.turns import Turns
from shared.testing.waiting import eventually


async def test_what_arrives_during_a_flush_goes_with_the_next() -> None:
    flushes: list[list[int]] = []
    gate = asyncio.Event()

    async def flush(items: Sequence[int]) -> list[int | Exception]:
        flushes.append(list(items))
        await gate.wait()
        return [item * 10 for item in items]

    coalescer: Coalescer[int, int] = Coalescer(flush)
    waiting = [asyncio.create_task(coalescer.submit(0))]
    await eventually(lambda: flushes == [[0]])
    waiting += [asyncio.create_task(coalescer.submit(n)) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*waiting) == [0, 10, 20, 30]
    assert flushes == [[0], [1, 2, 3]]


async def test_a_failed_flush_fails_all_that_went_with_it_and_no_other() -> None:
    async def flush(items: Sequence[int]) -> list[int | Exception]:
        if 1 in items:
            raise ConnectionError("away")
        return list(items)

    coalescer: Coalescer[int, int] = Coalescer(flush)
    for outcome in await asyncio.gather(*map(coalescer.submit, (1, 2)), return_exceptions=True):
        assert isinstance(outcome, ConnectionError)
    assert await coalescer.submit(2) == 2


@settings(max_examples=200, deadline=None)
@given(
    items=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=40),
    limit=st.integers(1, 5),
    at_once=st.integers(1, 3),
)
async def test_everyone_gets_the_own_answer_whoever_gives_up(
    items: list[tuple[int, bool, bool]], limit: int, at_once: int
) -> None:
    under_way = most = 0

    async def flush(batch: Sequence[tuple[int, bool]]) -> list[int | Exception]:
        nonlocal under_way, most
        assert len(batch) <= limit
        under_way += 1
        most = max(most, under_way)
        for _ in range(batch[0][0] % 3):
            await asyncio.sleep(0)
        under_way -= 1
        return [ValueError(number) if fails else number for number, fails in batch]

    coalescer: Coalescer[tuple[int, bool], int] = Coalescer(flush, limit=limit, at_once=at_once)
    tasks = []
    for number, (turns, fails, goes) in enumerate(items):
        task = asyncio.create_task(coalescer.submit((number, fails)))
        tasks.append((number, fails, goes, task))
        for _ in range(turns):
            await asyncio.sleep(0)
        if goes:
            task.cancel()
    outcomes = await asyncio.gather(*(task for *_, task in tasks), return_exceptions=True)
    for (number, fails, goes, _), outcome in zip(tasks, outcomes, strict=True):
        if goes and isinstance(outcome, asyncio.CancelledError):
            continue
        if fails:
            assert isinstance(outcome, ValueError)
            assert outcome.args == (number,)
        else:
            assert outcome == number
    assert most <= at_once


async def test_turns_are_fair_and_other_subjects_do_not_wait() -> None:
    turns = Turns("id")
    order: list[int] = []

    async def run(number: int) -> None:
        await turns.take("a")
        order.append(number)
        await asyncio.sleep(0)
        turns.give("a")

    await turns.take("a")
    waiting = [asyncio.create_task(run(number)) for number in range(5)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    await turns.take("b")
    turns.give("b")
    turns.give("a")
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == [0, 1, 3, 4]
    await turns.take("a")


async def test_too_many_and_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "MAX_WAITING", 1)
    monkeypatch.setattr(turns_module, "MAX_WAIT_S", 0.05)
    turns = Turns("id")
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    with pytest.raises(Contended, match="'a'"):
        await turns.take("a")
    with pytest.raises(Contended, match="'a'"):
        await waiting
    turns.give("a")
    await turns.take("a")


async def test_a_turn_that_comes_to_one_who_has_gone_is_passed_on() -> None:
    turns = Turns("id")
    await turns.take("a")
    first = asyncio.create_task(turns.take("a"))
    second = asyncio.create_task(turns.take("a"))
    await asyncio.sleep(0)
    turns.give("a")
    first.cancel()
    await asyncio.wait_for(second, 1)
    assert first.cancelled() or first.done()
