"""What the register of networks keeps of people: why, on what basis, for how long."""

from __future__ import annotations

from typing import Final

from services.networks.domain import MembershipState
from shared.contracts import networks
from shared.privacy.activities import MANDATES
from shared.privacy.declared import Declarations, Records
from shared.privacy.stored import of_owner

RECORDS: Final = Records("memberships", MANDATES, MembershipState, networks.EVENTS)

DECLARATIONS: Final = Declarations("networks", records=(RECORDS,), stored=of_owner([RECORDS]))
