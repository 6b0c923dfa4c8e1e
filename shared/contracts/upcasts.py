"""Events of former versions, read in today's form.

When an event cannot change compatibly, its model gets a new version (``...scheduled.v2``), the old model
goes, and an upcast says how a body of the old version reads in the next one. A chain of upcasts leads to the
version of today, so each is written once and never touched again. The old schema and example stay committed:
a test reads every old example through its chain.

An upcast is pure. It gets a body that it may change, and it invents nothing: where the old version did not
say something, the new one must allow that it is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upcast:
    """``change`` turns a body of an old version into one of the type ``to``."""

    to: str
    change: Callable[[Body], Body]


UPCASTS: Final[Mapping[str, Upcast]] = {}
"""By the old type, such as ``ponte.agenda.mission.scheduled.v1``. Nothing published has changed yet."""


class Unreadable(ValueError):
    """A body that its own version's upcast cannot read."""


def upcast(event_type: str, body: Body, upcasts: Mapping[str, Upcast]) -> tuple[str, Body]:
    """Type and body in the version that the chain ends at. Raises ``Unreadable``."""
    while (step := upcasts.get(event_type)) is not None:
        try:
            body = step.change(body)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            raise Unreadable(f"not a {event_type}: {type(error).__name__} {error}") from error
        event_type = step.to
    return event_type, body


def problems(upcasts: Mapping[str, Upcast], types: set[str], has_example: Callable[[str], bool]) -> list[str]:
    """What is wrong with the chains, as sentences: each ends at a type of today and has an old example."""
    found: list[str] = []
    for old in upcasts:
        if old in types:
            found.append(f"{old} is a version of today and has an upcast.")
        if not has_example(old):
            found.append(f"{old} has no committed example of the old version.")
        seen, here = {old}, upcasts[old].to
        while here in upcasts and here not in seen:
            seen.add(here)
            here = upcasts[here].to
        if here not in types:
            found.append(f"{old} ends at {here}, which is no version of today.")
    return found
