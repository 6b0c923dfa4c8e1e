"""The signing: on the agenda, off it again, and done."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.agreements.domain.checks import check
from services.agreements.domain.errors import SigningElsewhere, SigningInThePast
from services.agreements.domain.state import STATES, AgreementState
from shared.contracts.agenda import Mission
from shared.contracts.agreements import (
    AgreementSigned,
    AgreementStatus,
    Signing,
    SigningReopened,
    SigningScheduled,
    StatusClaim,
)
from shared.contracts.base import SourcedDate
from shared.domain import Change
from shared.domain.sources import THE_OFFICE


def signing_on(mission: Mission, city: str | None) -> Signing:
    """When and where the mission signs: on its leg in the counterpart's ``city``, else on its first one.

    A reserved mission tells no places; then only its start is known.
    """
    legs = mission.legs
    leg = next((leg for leg in legs if leg.place.city == city), legs[0] if legs else None)
    if leg is None:
        return Signing(mission_id=mission.mission_id, on=mission.starts_at)
    return Signing(mission_id=mission.mission_id, on=leg.starts_at, place=leg.place)


def schedule_signing(
    state: AgreementState, signing: Signing, *, today: date, take_over: bool = True
) -> Change[AgreementState]:
    """The signing is on the agenda; the same signing again changes nothing.

    Without ``take_over`` a signing that another mission travels for stays with that mission.
    Raises ``ForbiddenTransition``, ``SigningElsewhere``.
    """
    status = STATES.after("schedule-signing", state.status)
    before = state.agreement.signing
    if before == signing:
        return Change(state)
    if before is not None and before.mission_id != signing.mission_id and not take_over:
        raise SigningElsewhere(field="mission_id", value=before.mission_id, mission=signing.mission_id)
    agreement = state.agreement.model_copy(update={"signing": signing, "status": _said(status, today)})
    return Change(state.model_copy(update={"agreement": agreement}), (SigningScheduled(agreement=agreement),))


def refuse_past_signing(signing: Signing, now: datetime) -> None:
    """For an officer who schedules by hand. Raises ``SigningInThePast``."""
    if signing.on <= now:
        raise SigningInThePast(field="on", value=_minutes(signing.on), now=_minutes(now))


def reopen_signing(
    state: AgreementState, *, reason: str | None, today: date, mission_id: str | None = None
) -> Change[AgreementState]:
    """The agreement waits for another date.

    With ``mission_id`` only a signing that this mission was to travel for is reopened, and nothing happens
    otherwise; without it, ``ForbiddenTransition`` where no signing is scheduled.
    """
    signing = state.agreement.signing
    if mission_id is not None and (signing is None or signing.mission_id != mission_id):
        return Change(state)
    status = STATES.after("reopen-signing", state.status)
    agreement = state.agreement.model_copy(update={"signing": None, "status": _said(status, today)})
    return Change(
        state.model_copy(update={"agreement": agreement}),
        (SigningReopened(agreement=agreement, reason=reason),),
    )


def sign(
    state: AgreementState, signed: SourcedDate, *, today: date, on_mission: bool = True
) -> Change[AgreementState]:
    """It was signed, on the mission of the scheduled signing unless ``on_mission`` is false.

    Raises ``ForbiddenTransition``, ``ImpossibleValue`` (the date lies after ``today``).
    """
    status = STATES.after("sign", state.status)
    signing = state.agreement.signing
    agreement = state.agreement.model_copy(
        update={
            "status": StatusClaim(
                status=status, source=signed.source, as_of=today.isoformat(), confirmed=True
            ),
            "signed": (signed,),
            "signing": None,
        }
    )
    check(agreement, today)
    mission_id = signing.mission_id if signing is not None and on_mission else None
    return Change(
        state.model_copy(update={"agreement": agreement}),
        (AgreementSigned(agreement=agreement, signed_on=signed.date, mission_id=mission_id),),
    )


def _said(status: AgreementStatus, today: date) -> StatusClaim:
    return StatusClaim(status=status, source=THE_OFFICE, as_of=today.isoformat(), confirmed=True)


def _minutes(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
