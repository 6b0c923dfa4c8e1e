from collections.abc import Callable
from typing import Any

import pytest

from services.agreements.domain import (
    BeforeSignature,
    Correction,
    OlderThanKnown,
    ReasonMissing,
    SaidTwice,
    SignatureMissing,
    SignatureUnexpected,
    SigningMismatch,
    TermContradiction,
    confirm_status,
    correct,
    end,
    enter_into_force,
    register,
    renew,
    resume,
    sign,
    suspend,
)
from services.agreements.tests.builders import (
    COMUNE,
    PRESS,
    TODAY,
    agreement,
    claim,
    said,
    twinning,
)
from services.agreements.tests.states import NOW, drafted, in_force, scheduled
from shared.contracts.agreements import (
    AgreementCorrected,
    AgreementStatus,
    AgreementSuspended,
)
from shared.domain import ForbiddenTransition, ImpossibleValue


def test_what_sources_say_differently_is_kept_side_by_side() -> None:
    dates = (said("1973-04"), said("1962-06-25", PRESS), said("1973", PRESS))
    state = register(twinning(signed=dates), today=TODAY).state
    assert state.agreement.signed == dates


def test_the_same_source_says_a_date_once() -> None:
    with pytest.raises(SaidTwice):
        register(twinning(signed=(said("1973"), said("1973"))), today=TODAY)


@pytest.mark.parametrize(
    "status", [AgreementStatus.SIGNED, AgreementStatus.IN_FORCE, AgreementStatus.SUSPENDED]
)
def test_what_holds_was_signed(status: str) -> None:
    with pytest.raises(SignatureMissing):
        register(agreement(AgreementStatus(status)), today=TODAY)


@pytest.mark.parametrize("field", ["signed", "renewed"])
def test_a_draft_was_not_signed(field: str) -> None:
    dates: dict[str, Any] = {field: (said("2020"),)}
    with pytest.raises(SignatureUnexpected) as refused:
        register(agreement(**dates), today=TODAY)
    assert refused.value.field == field


def test_a_scheduled_signing_is_not_registered_without_its_mission() -> None:
    with pytest.raises(SigningMismatch):
        register(agreement(AgreementStatus.SIGNING_SCHEDULED), today=TODAY)


@pytest.mark.parametrize("day", ["2026-11-27", "2026-12", "2027"])
@pytest.mark.parametrize("field", ["signed", "approved", "renewed"])
def test_the_register_knows_no_future(field: str, day: str) -> None:
    dates = {"signed": (said("1967"),), "permanent": False, field: (said(day),)}
    with pytest.raises(ImpossibleValue) as refused:
        register(twinning(**dates), today=TODAY)
    assert (refused.value.field, refused.value.value) == (field, day)


def test_a_date_that_may_be_over_passes() -> None:
    register(twinning(signed=(said("2026-11"),), approved=(said("2026"),)), today=TODAY)


def test_a_permanent_agreement_has_no_term() -> None:
    with pytest.raises(TermContradiction):
        register(twinning(term_months=24), today=TODAY)


def test_a_renewal_follows_the_signature() -> None:
    with pytest.raises(BeforeSignature):
        in_force(renewed=(said("2023"),))
    in_force(renewed=(said("2024"),))


def test_a_signed_agreement_enters_into_force() -> None:
    signed = sign(drafted(), said("2026-11-20"), today=TODAY).state
    state = enter_into_force(signed, **NOW).state
    assert state.status is AgreementStatus.IN_FORCE
    assert state.agreement.status == claim(AgreementStatus.IN_FORCE, "2026-11-26", confirmed=True)
    with pytest.raises(BeforeSignature):
        enter_into_force(signed, source=COMUNE, as_of="2026-10", today=TODAY)


@pytest.mark.parametrize(("step", "action"), [(suspend, "suspend"), (end, "end")])
def test_suspending_and_ending_need_a_reason(step: Callable[..., Any], action: str) -> None:
    with pytest.raises(ReasonMissing) as refused:
        step(in_force(), " ", **NOW)
    assert refused.value.params["action"] == action


def test_a_suspended_agreement_resumes() -> None:
    change = suspend(in_force(), "Council motion", **NOW)
    (event,) = change.events
    assert isinstance(event, AgreementSuspended)
    assert event.reason == "Council motion"
    assert resume(change.state, **NOW).state.status is AgreementStatus.IN_FORCE


def test_what_has_ended_stays_ended() -> None:
    ended = end(in_force(), "Term over", **NOW).state
    for step in (resume, enter_into_force):
        with pytest.raises(ForbiddenTransition):
            step(ended, **NOW)
    with pytest.raises(ForbiddenTransition):
        sign(ended, said("2026"), today=TODAY)


def test_a_draft_can_be_given_up_but_not_while_its_signing_is_scheduled() -> None:
    assert end(drafted(), "The counterpart withdrew", **NOW).state.status is AgreementStatus.ENDED
    with pytest.raises(ForbiddenTransition):
        end(scheduled(), "The counterpart withdrew", **NOW)


def test_a_renewal_is_added_and_may_change_the_term() -> None:
    state = renew(in_force(), said("2026-05-01"), term_months=36, today=TODAY).state
    assert state.agreement.renewed == (said("2026-05-01"),)
    assert state.agreement.term_months == 36
    assert state.agreement.status.as_of == "2026-05-01"
    with pytest.raises(SaidTwice):
        renew(state, said("2026-05-01"), term_months=None, today=TODAY)


def test_an_old_renewal_recorded_late_says_nothing_about_today() -> None:
    state = in_force(signed=(said("2012"),))
    assert renew(state, said("2014"), term_months=None, today=TODAY).state.agreement.status.as_of == "2025"


def test_a_permanent_agreement_is_not_renewed() -> None:
    state = register(twinning(), today=TODAY).state
    with pytest.raises(TermContradiction):
        renew(state, said("2026"), term_months=None, today=TODAY)


def test_a_status_is_confirmed_by_a_newer_source() -> None:
    state = register(twinning(), today=TODAY).state
    confirmed = confirm_status(state, **NOW).state
    assert confirmed.agreement.status.confirmed
    assert confirm_status(confirmed, **NOW).events == ()
    with pytest.raises(OlderThanKnown):
        confirm_status(confirmed, source=PRESS, as_of="2022", today=TODAY)


def test_a_correction_names_what_was_wrong_and_keeps_the_rules() -> None:
    state = register(twinning(), today=TODAY).state
    change = correct(state, Correction(title="Gemellaggio", note="Seen in the archive"), today=TODAY)
    (event,) = change.events
    assert isinstance(event, AgreementCorrected)
    assert event.fields == ("title", "note")
    with pytest.raises(SignatureMissing):
        correct(state, Correction(signed=()), today=TODAY)
    with pytest.raises(ImpossibleValue):
        correct(state, Correction(title=None), today=TODAY)
    assert correct(state, Correction(title=state.agreement.title), today=TODAY).events == ()


def test_a_status_recorded_wrongly_is_corrected_but_no_signing_is_made_up() -> None:
    state = in_force()
    suspended = Correction(status=claim(AgreementStatus.SUSPENDED))
    assert correct(state, suspended, today=TODAY).state.status is AgreementStatus.SUSPENDED
    with pytest.raises(SigningMismatch):
        correct(drafted(), Correction(status=claim(AgreementStatus.SIGNING_SCHEDULED)), today=TODAY)
