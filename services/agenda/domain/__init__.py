"""What a mission is and what may happen to it. Pure: no I/O, no clock."""

from services.agenda.domain.errors import (
    AgreementMissing,
    AgreementUnexpected,
    BadLegs,
    NotOverYet,
    OtherAgreement,
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
    note_signature,
    propose,
    reschedule,
    schedule,
)
from services.agenda.domain.state import Correction, MissionState, Plan
from services.agenda.domain.visibility import busy_only, check_known, everything, public

__all__ = [
    "STATES",
    "AgreementMissing",
    "AgreementUnexpected",
    "BadLegs",
    "Correction",
    "MissionState",
    "NotOverYet",
    "OtherAgreement",
    "Plan",
    "ReasonMissing",
    "Reserved",
    "SameLegs",
    "SignedOnThisMission",
    "busy_only",
    "cancel",
    "check_known",
    "check_legs",
    "complete",
    "correct",
    "everything",
    "note_signature",
    "propose",
    "public",
    "reschedule",
    "schedule",
]
