"""What a candidacy is and what may happen to it. Pure: no I/O, no clock."""

from services.dossiers.domain.candidacy import (
    correct,
    end_as_finalist,
    follow_register,
    handed_over,
    lose,
    move_deadline,
    register,
    shortlist,
    start_preparation,
    submit,
    win,
    withdraw,
)
from services.dossiers.domain.deadlines import deadline
from services.dossiers.domain.errors import (
    BadRounds,
    DeadlinePassed,
    HalfTranslated,
    OutcomeMissing,
    OutcomeUnexpected,
    ReasonMissing,
)
from services.dossiers.domain.state import DECIDED, ENDED, STATES, CandidacyState, Correction, Evidence

__all__ = [
    "DECIDED",
    "ENDED",
    "STATES",
    "BadRounds",
    "CandidacyState",
    "Correction",
    "DeadlinePassed",
    "Evidence",
    "HalfTranslated",
    "OutcomeMissing",
    "OutcomeUnexpected",
    "ReasonMissing",
    "correct",
    "deadline",
    "end_as_finalist",
    "follow_register",
    "handed_over",
    "lose",
    "move_deadline",
    "register",
    "shortlist",
    "start_preparation",
    "submit",
    "win",
    "withdraw",
]
