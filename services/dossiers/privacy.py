"""What the register of candidacies keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.dossiers.domain import CandidacyState
from shared.contracts import dossiers
from shared.privacy.activities import CANDIDACIES
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner

RECORDS: Final = Records("candidacies", CANDIDACIES, CandidacyState, dossiers.EVENTS)

DECLARATIONS: Final = Declarations("dossiers", records=(RECORDS,), stored=of_owner([RECORDS]))
