"""What the register of networks keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.networks.domain import MembershipState
from shared.contracts import networks, substitutions
from shared.privacy.activities import MANDATES, SUBSTITUTIONS
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner, of_views

RECORDS: Final = Records("memberships", MANDATES, MembershipState, networks.EVENTS)

DECLARATIONS: Final = Declarations(
    "networks",
    records=(RECORDS,),
    stored={
        **of_owner([RECORDS]),
        # A copy of what the agenda publishes, by which requests are judged.
        "substitutions": of_views([(substitutions.Substitution, SUBSTITUTIONS)], "state."),
    },
)
