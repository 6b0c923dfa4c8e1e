"""What the agenda keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.agenda.domain import MissionState
from shared.contracts import agenda
from shared.privacy.activities import MISSIONS
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner

RECORDS: Final = Records("missions", MISSIONS, MissionState, agenda.EVENTS)

DECLARATIONS: Final = Declarations("agenda", records=(RECORDS,), stored=of_owner([RECORDS]))
