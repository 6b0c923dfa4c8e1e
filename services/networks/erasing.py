"""What networks tells when somebody is erased from it."""

from __future__ import annotations

from services.networks.domain import MembershipState
from shared.contracts.base import Scrubbed
from shared.contracts.networks import MembershipPersonErased


def person_erased(
    state: MembershipState, erasure_id: str, scrubbed: tuple[Scrubbed, ...]
) -> MembershipPersonErased:
    """The event; ``state`` is without the person already."""
    return MembershipPersonErased(membership=state.membership, erasure_id=erasure_id, scrubbed=scrubbed)
