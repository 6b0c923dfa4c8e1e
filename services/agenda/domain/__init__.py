"""What a mission is, who acts for whom, and what may happen to both. Pure: no I/O, no clock."""

from services.agenda.domain.errors import (
    AgreementMissing,
    AgreementUnexpected,
    BadLegs,
    LentOn,
    NotLendable,
    NotOverYet,
    NotYours,
    OtherAgreement,
    OwnSubstitute,
    ReasonMissing,
    Reserved,
    SameLegs,
    SignedOnThisMission,
)
from services.agenda.domain.legs import check_legs
from services.agenda.domain.mission import (
    STATES,
    cancel,
    complete,
    correct,
    handed_over,
    note_signature,
    propose,
    reschedule,
    schedule,
)
from services.agenda.domain.state import Correction, MissionState, Plan
from services.agenda.domain.substitution import SubstitutionState, Terms, end, grant
from services.agenda.domain.visibility import busy_only, check_known, everything, public

__all__ = [
    "STATES",
    "AgreementMissing",
    "AgreementUnexpected",
    "BadLegs",
    "Correction",
    "LentOn",
    "MissionState",
    "NotLendable",
    "NotOverYet",
    "NotYours",
    "OtherAgreement",
    "OwnSubstitute",
    "Plan",
    "ReasonMissing",
    "Reserved",
    "SameLegs",
    "SignedOnThisMission",
    "SubstitutionState",
    "Terms",
    "busy_only",
    "cancel",
    "check_known",
    "check_legs",
    "complete",
    "correct",
    "end",
    "everything",
    "grant",
    "handed_over",
    "note_signature",
    "propose",
    "public",
    "reschedule",
    "schedule",
]
