"""What a membership of a city network is and what may happen to it. Pure: no I/O, no clock."""

from services.networks.domain.errors import (
    DutyAlreadyDone,
    IdTaken,
    MandateAlreadyEnded,
    OfficeTaken,
    OtherUnit,
)
from services.networks.domain.following import follow_register
from services.networks.domain.mandates import check_offices, check_period
from services.networks.domain.membership import (
    correct,
    end_mandate,
    handed_over,
    mark_duty_done,
    record_mandate,
    register,
    set_duty,
)
from services.networks.domain.state import Correction, MembershipState

__all__ = [
    "Correction",
    "DutyAlreadyDone",
    "IdTaken",
    "MandateAlreadyEnded",
    "MembershipState",
    "OfficeTaken",
    "OtherUnit",
    "check_offices",
    "check_period",
    "correct",
    "end_mandate",
    "follow_register",
    "handed_over",
    "mark_duty_done",
    "record_mandate",
    "register",
    "set_duty",
]
