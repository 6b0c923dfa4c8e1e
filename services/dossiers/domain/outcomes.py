"""What an outcome must say to be kept."""

from __future__ import annotations

from datetime import date

from services.dossiers.domain.errors import BadRounds, HalfTranslated
from shared.contracts.dossiers import Outcome
from shared.domain.days import not_in_future


def check_outcome(outcome: Outcome, *, today: date) -> None:
    """Raises ``BadRounds``, ``HalfTranslated`` and, for a decision of the future, ``ImpossibleValue``."""
    not_in_future("outcome.decided_on", outcome.decided_on, today)
    numbers = [one.number for one in outcome.rounds]
    if numbers != list(range(1, len(numbers) + 1)):
        raise BadRounds(field="outcome.rounds", value=", ".join(map(str, numbers)))
    for name in ("method", "note"):
        both_languages(f"outcome.{name}", getattr(outcome, name), getattr(outcome, f"{name}_it"))


def both_languages(field: str, english: str | None, italian: str | None) -> None:
    """Raises ``HalfTranslated`` where ``field`` is given in one of the two languages only."""
    if bool(english) != bool(italian):
        raise HalfTranslated(field=f"{field}_it" if english else field, value=english or italian)
