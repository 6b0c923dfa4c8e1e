from datetime import timedelta

import pytest

from services.agenda.domain import (
    AgreementMissing,
    AgreementUnexpected,
    Correction,
    MissionState,
    NotOverYet,
    OtherAgreement,
    ReasonMissing,
    SameLegs,
    SignedOnThisMission,
    cancel,
    complete,
    correct,
    everything,
    note_signature,
    propose,
    public,
    reschedule,
    schedule,
)
from services.agenda.tests.builders import MAYOR, OSAKA, leg, plan, signing_plan
from shared.contracts.agenda import MissionCancelled, MissionCorrected, MissionStatus, Purpose, Signature
from shared.contracts.base import Person
from shared.domain import ForbiddenTransition, ImpossibleValue

SIGNATURE = Signature(agreement_id="agreement-lyon", signed_on="2027-03-04")


def proposed(**fields: object) -> MissionState:
    return propose("mission-1", plan(**fields)).state


def scheduled(**fields: object) -> MissionState:
    return schedule(proposed(**fields)).state


def to_sign() -> MissionState:
    return schedule(propose("mission-1", signing_plan()).state).state


def test_a_mission_is_proposed_with_all_that_was_said() -> None:
    change = propose("mission-1", plan(legs=(leg(), leg(2, place=OSAKA))))
    (event,) = change.events
    assert event.TYPE == "ponte.agenda.mission.proposed.v1"
    assert change.state.status is MissionStatus.PROPOSED
    assert change.state.starts_at == leg().starts_at
    assert change.state.ends_at == leg(2).ends_at


def test_proposing_and_scheduling_at_once_is_one_change_with_two_events() -> None:
    first = propose("mission-1", plan())
    both = first.then(schedule(first.state))
    assert [event.TYPE.split(".")[-2] for event in both.events] == ["proposed", "scheduled"]
    assert both.state.status is MissionStatus.SCHEDULED


def test_a_mission_that_travels_to_sign_names_the_agreement() -> None:
    with pytest.raises(AgreementMissing):
        propose("mission-1", plan(purpose=Purpose.SIGN_AGREEMENT))


def test_a_mission_with_another_purpose_names_none() -> None:
    with pytest.raises(AgreementUnexpected) as refused:
        propose("mission-1", plan(agreement_id="agreement-lyon"))
    assert refused.value.field == "agreement_id"


def test_cancelling_needs_a_reason() -> None:
    with pytest.raises(ReasonMissing):
        cancel(scheduled(), "  ")
    change = cancel(scheduled(), " The host is ill. ")
    event = change.events[0]
    assert isinstance(event, MissionCancelled)
    assert event.mission.reason == "The host is ill."


def test_a_cancelled_mission_stays_cancelled() -> None:
    cancelled = cancel(scheduled(), "No quorum").state
    with pytest.raises(ForbiddenTransition) as refused:
        schedule(cancelled)
    assert refused.value.value == "cancelled"
    assert refused.value.params["allowed"] == "correct"


def test_rescheduling_needs_other_legs() -> None:
    state = scheduled()
    with pytest.raises(SameLegs):
        reschedule(state, state.legs)
    assert reschedule(state, (leg(7),)).state.starts_at == leg(7).starts_at
    assert reschedule(state, (leg(place=OSAKA),)).state.legs[0].place == OSAKA


def test_a_moved_proposal_stays_a_proposal() -> None:
    assert reschedule(proposed(), (leg(7),)).state.status is MissionStatus.PROPOSED


def test_a_mission_is_completed_only_after_its_end() -> None:
    state = scheduled()
    with pytest.raises(NotOverYet) as refused:
        complete(state, state.ends_at - timedelta(milliseconds=1))
    assert refused.value.value == "2027-03-04T17:00Z"
    assert complete(state, state.ends_at).state.status is MissionStatus.COMPLETED


def test_a_correction_names_the_fields_that_were_wrong() -> None:
    correction = Correction(
        title="Meeting in Lyon", holder=MAYOR, delegation=(Person(function="Councillor"),)
    )
    change = correct(scheduled(), correction)
    (event,) = change.events
    assert isinstance(event, MissionCorrected)
    assert event.fields == ("title", "delegation")


def test_a_correction_that_corrects_nothing_is_no_event() -> None:
    state = scheduled()
    assert correct(state, Correction(title=state.title)).events == ()


@pytest.mark.parametrize("field", ["title", "purpose", "holder", "delegation", "reserved"])
def test_what_a_mission_needs_cannot_be_corrected_away(field: str) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        correct(scheduled(), Correction.model_validate({field: None}))
    assert refused.value.field == field


def test_another_purpose_gives_up_the_agreement() -> None:
    with pytest.raises(AgreementUnexpected):
        correct(to_sign(), Correction(purpose=Purpose.MEETING))
    change = correct(to_sign(), Correction(purpose=Purpose.MEETING, agreement_id=None))
    assert change.state.agreement_id is None


def test_the_signature_is_noted_once() -> None:
    noted = note_signature(to_sign(), SIGNATURE)
    assert noted.state.signature == SIGNATURE
    assert note_signature(noted.state, SIGNATURE).events == ()


def test_the_signature_is_noted_on_a_completed_mission_too() -> None:
    state = to_sign()
    completed = complete(state, state.ends_at).state
    assert note_signature(completed, SIGNATURE).state.status is MissionStatus.COMPLETED


def test_a_signature_of_another_agreement_is_refused() -> None:
    with pytest.raises(OtherAgreement):
        note_signature(to_sign(), Signature(agreement_id="agreement-osaka", signed_on="2027"))
    with pytest.raises(OtherAgreement):
        note_signature(scheduled(), SIGNATURE)


def test_a_cancelled_mission_has_no_signature() -> None:
    with pytest.raises(ForbiddenTransition):
        note_signature(cancel(to_sign(), "Strike").state, SIGNATURE)


def test_what_was_signed_on_a_mission_holds_it_in_place() -> None:
    signed = note_signature(to_sign(), SIGNATURE).state
    with pytest.raises(SignedOnThisMission):
        cancel(signed, "A mistake")
    with pytest.raises(SignedOnThisMission):
        reschedule(signed, (leg(7),))
    with pytest.raises(SignedOnThisMission):
        correct(signed, Correction(purpose=Purpose.MEETING, agreement_id=None))
    assert correct(signed, Correction(title="Signing in Lyon")).events


def test_a_reserved_mission_is_published_as_busy() -> None:
    state = schedule(propose("mission-1", signing_plan(reserved=True, delegation=(MAYOR,))).state).state
    shown = public(state)
    assert (shown.title, shown.purpose, shown.delegation, shown.legs) == (None, None, (), ())
    assert shown.holder == Person(function="Mayor")
    assert shown.agreement_id == "agreement-lyon"
    assert (shown.starts_at, shown.ends_at) == (state.starts_at, state.ends_at)
    assert everything(state).title == state.title


def test_the_reason_of_a_reserved_mission_stays_inside() -> None:
    change = cancel(scheduled(reserved=True), "The minister's health")
    assert "minister" not in change.events[0].model_dump_json()
    assert change.state.reason == "The minister's health"


def test_the_note_is_in_no_event() -> None:
    change = propose("mission-1", plan(note="Bring the gift"))
    assert "gift" not in change.events[0].model_dump_json()
