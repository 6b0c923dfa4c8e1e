"""What an agreement is and what may happen to it. Pure: no I/O, no clock."""

from services.agreements.domain.checks import check
from services.agreements.domain.errors import (
    BeforeSignature,
    OlderThanKnown,
    ReasonMissing,
    SaidTwice,
    SignatureMissing,
    SignatureUnexpected,
    SigningElsewhere,
    SigningInThePast,
    SigningMismatch,
    TermContradiction,
)
from services.agreements.domain.lifecycle import (
    confirm_status,
    correct,
    draft,
    end,
    enter_into_force,
    handed_over,
    register,
    renew,
    resume,
    suspend,
)
from services.agreements.domain.run_out import first_day_after_term, note_term_over
from services.agreements.domain.signing import (
    refuse_past_signing,
    reopen_signing,
    schedule_signing,
    sign,
    signing_on,
)
from services.agreements.domain.state import STATES, AgreementState, Correction
from services.agreements.domain.term import Term, TermState, term_of

__all__ = [
    "STATES",
    "AgreementState",
    "BeforeSignature",
    "Correction",
    "OlderThanKnown",
    "ReasonMissing",
    "SaidTwice",
    "SignatureMissing",
    "SignatureUnexpected",
    "SigningElsewhere",
    "SigningInThePast",
    "SigningMismatch",
    "Term",
    "TermContradiction",
    "TermState",
    "check",
    "confirm_status",
    "correct",
    "draft",
    "end",
    "enter_into_force",
    "first_day_after_term",
    "handed_over",
    "note_term_over",
    "refuse_past_signing",
    "register",
    "renew",
    "reopen_signing",
    "resume",
    "schedule_signing",
    "sign",
    "signing_on",
    "suspend",
    "term_of",
]
