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
    if bool(outcome.method) != bool(outcome.method_it):
        missing = "outcome.method_it" if outcome.method else "outcome.method"
        raise HalfTranslated(field=missing, value=outcome.method or outcome.method_it)
