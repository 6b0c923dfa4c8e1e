"""The places at which a service can be killed, between storing a command and committing its offset.

`install` wraps functions of the product in the process that the launcher is about to run; it costs a flag's
look-up until the suite arms a point by writing `arm.json` into the process's folder.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.contracts.registry import BY_TOPIC

HOLD_AT_MOST_S = 20.0
ARM = "arm.json"
FIRED = "fired.jsonl"


@dataclass(frozen=True)
class Point:
    """Kill before or after a call of `where`, while the calls in `holds` are kept waiting."""

    where: str
    after: bool = False
    holds: tuple[str, ...] = ()
    hang: bool = False
    """The call never returns, and the process lives on."""
    stop: bool = False
    """The process is stopped (SIGSTOP) instead of killed: whoever armed it has it go on."""
    when: Callable[..., bool] | None = None
    """Which calls count, by their arguments; null: all."""


OFFER = "shared.messaging.relay:Relay.offer"
SEND = "shared.messaging.producer:Producer.send_all"
JOURNAL = "shared.messaging.relay:Relay._write_journal"
PULL = "shared.messaging.relay:Relay._pull"
DELIVER = "shared.messaging.delivery:Delivery.__call__"
STATES = "services.dashboard.projections:LatestStates.apply"
FEED = "services.dashboard.feed:Feed.apply"
EXECUTE = "shared.store.repository:Repository._execute"
NOTE = "shared.messaging.offsets:Notes.note"
ADVANCE = "shared.messaging.inbox:Inbox.advance"
FETCH = "aiokafka:AIOKafkaConsumer.getmany"
COMMIT = "aiokafka:AIOKafkaConsumer.commit"


def _is_reaction(*arguments: Any, **_: Any) -> bool:
    return any(getattr(argument, "source", None) is not None for argument in arguments)


def _is_hand_over(_: Any, topic: str, *__: Any, **___: Any) -> bool:
    """Owners send their heads, too, and nothing is lost with those."""
    return topic in BY_TOPIC


MARKED = b"Malagrida"
"""A name that nobody has, for the rows about erasures."""


def _names_somebody(_: Any, __: str, groups: Any) -> bool:
    return any(MARKED in (value or b"") for group in groups for _, value, _ in group)


POINTS: dict[str, Point] = {
    "stored": Point(OFFER),
    "before-publish": Point(SEND, when=_is_hand_over),
    "published-not-journalled": Point(SEND, after=True, holds=(JOURNAL,), when=_is_hand_over),
    "journalled-not-published": Point(JOURNAL, after=True, holds=(SEND,)),
    "name-in-hand": Point(SEND, stop=True, when=_names_somebody),
    "before-journal": Point(JOURNAL),
    "before-pull": Point(PULL),
    "after-pull": Point(PULL, after=True),
    "before-projections": Point(DELIVER),
    "states-not-feed": Point(STATES, after=True, holds=(FEED,)),
    "feed-not-mark": Point(ADVANCE),
    "mark-not-note": Point(NOTE),
    "before-commit": Point(COMMIT),
    "silent": Point(FETCH, hang=True),
    "reaction-not-mark": Point(EXECUTE, after=True, when=_is_reaction),
}


def resolve(dotted: str) -> tuple[Any, str, Any]:
    """The owner, the attribute's name and its value of `module:Class.function`."""
    module, _, path = dotted.partition(":")
    owner: Any = importlib.import_module(module)
    *parts, name = path.split(".")
    for part in parts:
        owner = getattr(owner, part)
    return owner, name, getattr(owner, name)


class Trap:
    """What is armed in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name: str | None = None
        self.nth = 1
        self.hits = 0
        folder.mkdir(parents=True, exist_ok=True)

    def watch(self) -> None:
        """Look for the order in a thread of its own, so that no event loop is touched."""
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        order = self.folder / ARM
        while True:
            if self.name is None and order.exists():
                told = json.loads(order.read_text())
                self.nth, self.hits, self.name = told["nth"], 0, told["point"]
            elif self.name is not None and not order.exists():
                self.name = None
            time.sleep(0.05)

    def armed(self, dotted: str, *, after: bool) -> bool:
        point = POINTS.get(self.name or "")
        return point is not None and point.where == dotted and point.after == after

    def holds(self, dotted: str) -> bool:
        """Whether the call has to wait: the next one at the armed place is the one that counts."""
        point = POINTS.get(self.name or "")
        return point is not None and self.hits >= self.nth - 1 and dotted in point.holds

    def reached(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> bool:
        """Count a call of the armed place, and end the process at the n-th; true: the call has to hang."""
        name = self.name
        if name is None:
            return False
        point = POINTS[name]
        if point.when is not None and not point.when(*arguments, **options):
            return False
        self.hits += 1
        if self.hits < self.nth:
            return False
        evidence = {"point": name, "pid": os.getpid(), "hits": self.hits, "at": time.time()}
        with (self.folder / FIRED).open("a") as file:
            file.write(json.dumps(evidence) + "\n")
            file.flush()
            os.fsync(file.fileno())
        (self.folder / ARM).unlink(missing_ok=True)
        self.name, self.hits = None, 0
        if not point.hang:
            os.kill(os.getpid(), signal.SIGSTOP if point.stop else signal.SIGKILL)
        return point.hang


def _wrap_async(trap: Trap, dotted: str, original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    async def wrapped(*arguments: Any, **options: Any) -> Any:
        if trap.name is None:
            return await original(*arguments, **options)
        if trap.armed(dotted, after=False) and trap.reached(arguments, options):
            await asyncio.Event().wait()
        until = time.monotonic() + HOLD_AT_MOST_S
        while trap.holds(dotted) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        result = await original(*arguments, **options)
        if trap.armed(dotted, after=True):
            trap.reached(arguments, options)
        return result

    return wrapped


def _wrap_plain(trap: Trap, dotted: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if trap.armed(dotted, after=False):
            trap.reached(arguments, options)
        result = original(*arguments, **options)
        if trap.armed(dotted, after=True):
            trap.reached(arguments, options)
        return result

    return wrapped


def install(folder: Path, module: str) -> None:
    """Wrap every place of `POINTS` that exists for this service. A place that is gone raises at the start."""
    trap = Trap(folder)
    places = {place for point in POINTS.values() for place in (point.where, *point.holds)}
    for dotted in sorted(places):
        if dotted.startswith("services.") and not dotted.startswith(f"{module}."):
            continue
        owner, name, original = resolve(dotted)
        is_async = inspect.iscoroutinefunction(original)
        setattr(owner, name, (_wrap_async if is_async else _wrap_plain)(trap, dotted, original))
    trap.watch()
