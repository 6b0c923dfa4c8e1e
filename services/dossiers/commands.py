"""One function per use case: load, call the aggregate, save. ``today`` is the city's day.

Each raises ``NotFound`` or ``AlreadyExists``, ``StaleVersion`` and what the domain refuses.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.dossiers import domain
from services.dossiers.domain import CandidacyState, Correction, Evidence
from shared.contracts.dossiers import Candidacy, CandidacyStatus, Deadline, Outcome
from shared.domain import Change
from shared.domain.responsible import answered
from shared.store import Command, Receipt, Repository

Candidacies = Repository[CandidacyState]

_DECISIONS: Final = {
    CandidacyStatus.WON: domain.win,
    CandidacyStatus.LOST: domain.lose,
    CandidacyStatus.FINALIST: domain.end_as_finalist,
}


async def register(
    candidacies: Candidacies,
    command: Command,
    candidacy: Candidacy,
    *,
    today: date,
    responsible: str | None = None,
) -> Receipt:
    """Enter a candidacy: one that is considered from now on, or an older one as it stands.

    ``responsible`` is who answers for it.
    """
    return await candidacies.create(
        candidacy.candidacy_id,
        command,
        lambda: answered(domain.register(candidacy, today=today), responsible),
    )


async def start_preparation(
    candidacies: Candidacies, command: Command, candidacy_id: str, evidence: Evidence
) -> Receipt:
    """The Area decided to apply."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return domain.start_preparation(state, evidence)

    return await candidacies.change(candidacy_id, command, decide)


async def move_deadline(
    candidacies: Candidacies, command: Command, candidacy_id: str, deadline: Deadline, evidence: Evidence
) -> Receipt:
    """The issuer set or moved the deadline."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return domain.move_deadline(state, deadline, evidence)

    return await candidacies.change(candidacy_id, command, decide)


async def submit(
    candidacies: Candidacies,
    command: Command,
    candidacy_id: str,
    submitted_at: datetime | None,
    evidence: Evidence,
) -> Receipt:
    """The dossier was handed in (null: just now)."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return domain.submit(state, evidence, submitted_at=submitted_at or command.at, at=command.at)

    return await candidacies.change(candidacy_id, command, decide)


async def shortlist(
    candidacies: Candidacies, command: Command, candidacy_id: str, evidence: Evidence
) -> Receipt:
    """The issuer chose the city among the last."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return domain.shortlist(state, evidence)

    return await candidacies.change(candidacy_id, command, decide)


async def close(
    candidacies: Candidacies,
    command: Command,
    candidacy_id: str,
    status: CandidacyStatus,
    outcome: Outcome,
    evidence: Evidence,
    *,
    today: date,
) -> Receipt:
    """The issuer decided: ``status`` is won, lost or finalist."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return _DECISIONS[status](state, outcome, evidence, today=today)

    return await candidacies.change(candidacy_id, command, decide)


async def withdraw(
    candidacies: Candidacies, command: Command, candidacy_id: str, reason: str, evidence: Evidence
) -> Receipt:
    """The applicant gave up, for a reason."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return domain.withdraw(state, reason, evidence)

    return await candidacies.change(candidacy_id, command, decide)


async def correct(
    candidacies: Candidacies, command: Command, candidacy_id: str, correction: Correction, *, today: date
) -> Receipt:
    """Put a record right."""

    def decide(state: CandidacyState) -> Change[CandidacyState]:
        return domain.correct(state, correction, today=today)

    return await candidacies.change(candidacy_id, command, decide)
