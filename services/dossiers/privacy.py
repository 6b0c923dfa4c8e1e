"""What the register of candidacies keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.dossiers.domain import CandidacyState
from shared.contracts import dossiers, substitutions
from shared.privacy.activities import CANDIDACIES, SUBSTITUTIONS
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner, of_views

RECORDS: Final = Records("candidacies", CANDIDACIES, CandidacyState, dossiers.EVENTS)

DECLARATIONS: Final = Declarations(
    "dossiers",
    records=(RECORDS,),
    stored={
        **of_owner([RECORDS]),
        # A copy of what the agenda publishes, by which requests are judged.
        "substitutions": of_views([(substitutions.Substitution, SUBSTITUTIONS)], "state."),
    },
)
