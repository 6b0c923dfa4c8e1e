"""Builders for tests: small, valid values that a test changes only where it matters."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts.agenda import Mission, MissionCompleted, MissionScheduled, MissionStatus
from shared.contracts.base import Person, Source, SourceKind
from shared.domain import Change
from shared.store.command import Command

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def a_source(title: str = "City council resolution") -> Source:
    """An official source."""
    return Source(title=title, kind=SourceKind.OFFICIAL)


def a_mission(**changes: Any) -> Mission:
    """A scheduled mission of the mayor."""
    fields: dict[str, Any] = {
        "mission_id": "mission-1",
        "status": "scheduled",
        "title": "Dakar, meeting with the City",
        "holder": Person(person_id="person-1", name="Mario Bianchi", function="Mayor"),
        "starts_at": NOON,
        "ends_at": NOON.replace(hour=15),
    }
    return Mission.model_validate({**fields, **changes})


def a_command(name: str = "test", **changes: Any) -> Command:
    """A command without a key from a test client."""
    fields: dict[str, Any] = {
        "client": "test",
        "actor": "officer-1",
        "at": NOON,
        "correlation_id": "correlation-1",
    }
    return Command(name=name, **{**fields, **changes})


def scheduled(mission: Mission) -> Change[Mission]:
    """A change that stores `mission` with the event that it was scheduled."""
    return Change(mission, (MissionScheduled(mission=mission),))


def completed(mission: Mission) -> Change[Mission]:
    """A change that stores `mission` as completed, with its event."""
    done = mission.model_copy(update={"status": MissionStatus.COMPLETED})
    return Change(done, (MissionCompleted(mission=done),))
