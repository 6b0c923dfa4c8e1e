from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.domain import (
    AgreementState,
    BeforeSignature,
    Correction,
    OlderThanKnown,
    ReasonMissing,
    SaidTwice,
    SignatureMissing,
    SignatureUnexpected,
    SigningElsewhere,
    SigningInThePast,
    SigningMismatch,
    Term,
    TermContradiction,
    TermState,
    add_months,
    confirm_status,
    correct,
    draft,
    end,
    enter_into_force,
    refuse_past_signing,
    register,
    renew,
    reopen_signing,
    resume,
    schedule_signing,
    sign,
    suspend,
    term_of,
)
from services.agreements.tests.builders import (
    COMUNE,
    PRESS,
    SIGNING,
    TODAY,
    agreement,
    claim,
    said,
    twinning,
)
from shared.contracts.agreements import (
    AgreementCorrected,
    AgreementSigned,
    AgreementStatus,
    AgreementSuspended,
    SigningReopened,
)
from shared.contracts.partial_dates import parse_partial_date
from shared.domain import ForbiddenTransition, ImpossibleValue

NOW: dict[str, Any] = {"source": COMUNE, "as_of": "2026-11-26", "today": TODAY}


def drafted(**fields: Any) -> AgreementState:
    return draft(agreement(**fields), today=TODAY).state


def scheduled() -> AgreementState:
    return schedule_signing(drafted(), SIGNING, today=TODAY).state


def in_force(**fields: Any) -> AgreementState:
    usual: dict[str, Any] = {"signed": (said("2024-05-02"),), "term_months": 24}
    return register(agreement(AgreementStatus.IN_FORCE, **{**usual, **fields}), today=TODAY).state


# --- The register of the past


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


# --- The signing


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


# --- Its life


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


# --- The term


@pytest.mark.parametrize(
    ("fields", "today", "expected"),
    [
        (
            {"signed": (said("2024-05-02"),)},
            date(2026, 5, 1),
            Term(TermState.RUNNING, *[date(2026, 5, 2)] * 2),
        ),
        (
            {},
            date(2026, 5, 3),
            Term(TermState.OVER_RENEWAL_UNKNOWN, *[date(2026, 5, 2)] * 2),
        ),
        (
            {"signed": (said("2024"),)},
            date(2026, 6, 1),
            Term(TermState.ENDS_ABOUT_NOW, date(2026, 1, 1), date(2026, 12, 31)),
        ),
        (
            {"signed": (said("2012"),), "renewed": (said("2017"), said("2014"))},
            date(2020, 1, 1),
            Term(TermState.OVER_RENEWAL_UNKNOWN, date(2019, 1, 1), date(2019, 12, 31)),
        ),
        ({"term_months": None}, TODAY, Term(TermState.UNKNOWN)),
    ],
)
def test_the_term_is_as_exact_as_the_dates(fields: dict[str, Any], today: date, expected: Term) -> None:
    usual: dict[str, Any] = {"signed": (said("2024-05-02"),), "term_months": 24}
    assert term_of(agreement(AgreementStatus.IN_FORCE, **{**usual, **fields}), today) == expected


def test_what_has_no_term_says_so() -> None:
    assert term_of(twinning(), TODAY).state is TermState.PERMANENT
    assert term_of(agreement(), TODAY).state is TermState.NOT_SIGNED
    assert term_of(end(in_force(), "Over", **NOW).state.agreement, TODAY).state is TermState.ENDED


def test_months_are_counted_to_the_last_day_of_a_short_month() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(9999, 12, 1), 1) == date.max


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(1, 1200))
def test_a_term_of_months_ends_in_the_right_month(start: date, months: int) -> None:
    ends = add_months(start, months)
    assert (ends.year - start.year) * 12 + ends.month - start.month == months
    assert ends.day <= start.day
    assert parse_partial_date(ends.isoformat()) == (ends, ends)
