"""What dossiers tells when somebody is erased from it."""

from __future__ import annotations

from services.dossiers.domain import CandidacyState
from shared.contracts.base import Scrubbed
from shared.contracts.dossiers import CandidacyPersonErased


def person_erased(
    state: CandidacyState, erasure_id: str, scrubbed: tuple[Scrubbed, ...]
) -> CandidacyPersonErased:
    """The event; ``state`` is without the person already."""
    return CandidacyPersonErased(candidacy=state.candidacy, erasure_id=erasure_id, scrubbed=scrubbed)
