"""Agreements at the points of their life that tests begin from."""

from typing import Any

from services.agreements.domain import (
    AgreementState,
    draft,
    register,
    schedule_signing,
)
from services.agreements.tests.builders import (
    COMUNE,
    SIGNING,
    TODAY,
    agreement,
    said,
)
from shared.contracts.agreements import (
    AgreementStatus,
)

NOW: dict[str, Any] = {"source": COMUNE, "as_of": "2026-11-26", "today": TODAY}


def drafted(**fields: Any) -> AgreementState:
    return draft(agreement(**fields), today=TODAY).state


def scheduled() -> AgreementState:
    return schedule_signing(drafted(), SIGNING, today=TODAY).state


def in_force(**fields: Any) -> AgreementState:
    usual: dict[str, Any] = {"signed": (said("2024-05-02"),), "term_months": 24}
    return register(agreement(AgreementStatus.IN_FORCE, **{**usual, **fields}), today=TODAY).state
