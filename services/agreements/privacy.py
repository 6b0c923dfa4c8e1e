"""What the register of agreements keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.agreements.domain import AgreementState
from shared.contracts import agreements, substitutions
from shared.privacy.activities import AGREEMENTS, SUBSTITUTIONS
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner, of_views

RECORDS: Final = Records("agreements", AGREEMENTS, AgreementState, agreements.EVENTS)

DECLARATIONS: Final = Declarations(
    "agreements",
    records=(RECORDS,),
    stored={
        **of_owner([RECORDS]),
        # A copy of what the agenda publishes, by which requests are judged.
        "substitutions": of_views([(substitutions.Substitution, SUBSTITUTIONS)], "state."),
    },
)
