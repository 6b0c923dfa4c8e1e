"""What every unit's domain is written with: changes, refusals, state tables. Pure."""

from shared.domain.change import Change
from shared.domain.errors import (
    DomainError,
    ForbiddenTransition,
    ImpossibleValue,
    NotFound,
    Refusal,
)
from shared.domain.states import StateTable

__all__ = [
    "Change",
    "DomainError",
    "ForbiddenTransition",
    "ImpossibleValue",
    "NotFound",
    "Refusal",
    "StateTable",
]
