"""What the agenda keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.agenda.domain import MissionState, SubstitutionState
from shared.contracts import agenda, substitutions
from shared.privacy.activities import MISSIONS, SUBSTITUTIONS
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner

RECORDS: Final = (
    Records(
        "missions",
        MISSIONS,
        MissionState,
        tuple(event for event in agenda.EVENTS if issubclass(event, agenda.MissionEvent)),
    ),
    Records("substitutions", SUBSTITUTIONS, SubstitutionState, substitutions.EVENTS),
)

DECLARATIONS: Final = Declarations("agenda", records=RECORDS, stored=of_owner(RECORDS))
