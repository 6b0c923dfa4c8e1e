from datetime import UTC, datetime

import pytest

from services.agreements.domain import (
    SigningElsewhere,
    SigningInThePast,
    refuse_past_signing,
    reopen_signing,
    schedule_signing,
    sign,
)
from services.agreements.tests.builders import (
    SIGNING,
    TODAY,
    said,
)
from services.agreements.tests.states import drafted, scheduled
from shared.contracts.agreements import (
    AgreementSigned,
    AgreementStatus,
    SigningReopened,
)
from shared.domain import ForbiddenTransition, ImpossibleValue


def test_a_signing_is_scheduled_with_its_mission() -> None:
    state = scheduled()
    assert state.status is AgreementStatus.SIGNING_SCHEDULED
    assert state.agreement.signing == SIGNING
    assert schedule_signing(state, SIGNING, today=TODAY).events == ()


def test_another_mission_takes_a_signing_over_only_on_purpose() -> None:
    other = SIGNING.model_copy(update={"mission_id": "mission-2"})
    with pytest.raises(SigningElsewhere) as refused:
        schedule_signing(scheduled(), other, today=TODAY, take_over=False)
    assert refused.value.value == "mission-1"
    assert schedule_signing(scheduled(), other, today=TODAY).state.agreement.signing == other


def test_a_signing_is_not_scheduled_into_the_past() -> None:
    with pytest.raises(SigningInThePast):
        refuse_past_signing(SIGNING, SIGNING.on)
    refuse_past_signing(SIGNING, datetime(2027, 3, 4, 8, 59, tzinfo=UTC))


def test_reopening_leaves_a_draft_with_the_reason() -> None:
    change = reopen_signing(scheduled(), reason="Strike", today=TODAY)
    (event,) = change.events
    assert isinstance(event, SigningReopened)
    assert event.reason == "Strike"
    assert change.state.status is AgreementStatus.DRAFTED
    assert change.state.agreement.signing is None


def test_another_missions_cancellation_changes_nothing() -> None:
    state = scheduled()
    assert reopen_signing(state, reason=None, today=TODAY, mission_id="mission-2").events == ()
    assert reopen_signing(drafted(), reason=None, today=TODAY, mission_id="mission-1").events == ()
    assert reopen_signing(state, reason=None, today=TODAY, mission_id="mission-1").events


def test_only_a_scheduled_signing_is_reopened() -> None:
    with pytest.raises(ForbiddenTransition):
        reopen_signing(drafted(), reason=None, today=TODAY)


def test_signing_names_the_mission_that_it_happened_on() -> None:
    (event,) = sign(scheduled(), said("2026-11-26"), today=TODAY).events
    assert isinstance(event, AgreementSigned)
    assert (event.mission_id, event.signed_on) == ("mission-1", "2026-11-26")
    assert event.agreement.signing is None
    (elsewhere,) = sign(scheduled(), said("2026-11-26"), today=TODAY, on_mission=False).events
    assert isinstance(elsewhere, AgreementSigned)
    assert elsewhere.mission_id is None


def test_a_draft_is_signed_without_a_mission_too() -> None:
    change = sign(drafted(), said("2026-11-20"), today=TODAY)
    assert change.state.status is AgreementStatus.SIGNED


def test_nobody_signs_in_the_future() -> None:
    with pytest.raises(ImpossibleValue) as refused:
        sign(drafted(), said("2026-11-27"), today=TODAY)
    assert refused.value.field == "signed"
