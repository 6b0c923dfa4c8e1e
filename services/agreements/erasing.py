"""What agreements tells when somebody is erased from it."""

from __future__ import annotations

from services.agreements.domain import AgreementState
from shared.contracts.agreements import AgreementPersonErased
from shared.contracts.base import Scrubbed


def person_erased(
    state: AgreementState, erasure_id: str, scrubbed: tuple[Scrubbed, ...]
) -> AgreementPersonErased:
    """The event; ``state`` is without the person already."""
    return AgreementPersonErased(agreement=state.agreement, erasure_id=erasure_id, scrubbed=scrubbed)
