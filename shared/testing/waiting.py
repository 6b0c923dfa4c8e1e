"""Waiting in tests: poll until a deadline, never sleep blindly."""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")


class NotInTime(AssertionError):
    """What `eventually` raises: the deadline and how the last try failed."""


@overload
async def eventually(
    check: Callable[[], Coroutine[Any, Any, T]], *, within: float = 10, every: float = 0.05
) -> T: ...
@overload
async def eventually(check: Callable[[], T], *, within: float = 10, every: float = 0.05) -> T: ...
async def eventually(check: Callable[[], Any], *, within: float = 10, every: float = 0.05) -> Any:
    """Call `check` until it succeeds, and return what it returned.

    A try has failed when it raised any exception or returned False. `check` may be a plain or an async
    function; `within` and `every` are seconds. The last try begins at the deadline at the latest.

    Raises:
        NotInTime: no try succeeded; the message shows the last failure.
    """
    deadline = time.monotonic() + within
    tries = 0
    while True:
        tries += 1
        last: Exception | None = None
        try:
            outcome = check()
            # A check that hangs must not outlive the deadline by much.
            if inspect.isawaitable(outcome):
                outcome = await asyncio.wait_for(outcome, max(1.0, deadline - time.monotonic()))
            if outcome is not False:
                return outcome
        # Whatever went wrong may be right at the next try; the last failure is shown in full.
        except Exception as error:  # noqa: BLE001
            last = error
        if time.monotonic() >= deadline:
            shown = "it returned False" if last is None else f"{type(last).__name__}: {last}"
            raise NotInTime(f"not within {within} s ({tries} tries); the last try: {shown}") from last
        await asyncio.sleep(min(every, max(0.0, deadline - time.monotonic())))
