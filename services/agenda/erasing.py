"""What the agenda tells when somebody is erased from it."""

from __future__ import annotations

from typing import Final

from services.agenda.domain import MissionState, public
from services.agenda.domain.substitution import SubstitutionState
from shared.contracts.agenda import MissionPersonErased
from shared.contracts.base import Scrubbed
from shared.contracts.substitutions import SubstitutionPersonErased
from shared.privacy.erasable import Erasable


def _mission(state: MissionState, erasure_id: str, scrubbed: tuple[Scrubbed, ...]) -> MissionPersonErased:
    return MissionPersonErased(mission=public(state), erasure_id=erasure_id, scrubbed=scrubbed)


def _substitution(
    state: SubstitutionState, erasure_id: str, scrubbed: tuple[Scrubbed, ...]
) -> SubstitutionPersonErased:
    return SubstitutionPersonErased(substitution=state.public(), erasure_id=erasure_id, scrubbed=scrubbed)


ERASABLES: Final = (
    Erasable("missions", MissionState, "mission_id", _mission),
    Erasable("substitutions", SubstitutionState, "substitution_id", _substitution),
)
