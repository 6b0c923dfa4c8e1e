from datetime import date

import pytest

from services.networks.domain import (
    Correction,
    DutyAlreadyDone,
    IdTaken,
    MandateAlreadyEnded,
    OfficeTaken,
    correct,
    end_mandate,
    mark_duty_done,
    record_mandate,
    register,
    set_duty,
)
from services.networks.tests.examples import COMUNE, TODAY, duty, mandate, membership, registered
from shared.contracts.networks import (
    DatedCount,
    DutyDone,
    DutySet,
    MandateEnded,
    MandateRecorded,
    MembershipCorrected,
    MembershipRegistered,
)
from shared.domain import DomainError, ImpossibleValue, NotFound


def test_registering_says_the_whole_membership() -> None:
    change = register(membership(), today=TODAY)
    assert change.events == (MembershipRegistered(membership=membership()),)
    assert change.state.membership == membership()


@pytest.mark.parametrize("field", ["since", "as_of"])
def test_a_membership_of_the_future_is_refused(field: str) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        register(membership(**{field: "2027"}), today=TODAY)
    assert (refused.value.field, refused.value.value) == (field, "2027")


def test_a_count_of_the_future_is_refused() -> None:
    count = DatedCount(what="Members", what_it="Membri", value=200, as_of="2027", source=COMUNE)
    with pytest.raises(ImpossibleValue, match=r"counts\.as_of"):
        register(membership(counts=(count,)), today=TODAY)


def test_a_mandate_is_recorded_and_ended() -> None:
    recorded = record_mandate(registered(), mandate(since="2022-06"), today=TODAY)
    (fact,) = recorded.events
    assert isinstance(fact, MandateRecorded)
    assert fact.membership == recorded.state.membership
    assert fact.membership.mandates == (mandate(since="2022-06"),)

    ended = end_mandate(recorded.state, "mandate-1", until="2024-03-01", today=TODAY)
    assert ended.state.membership.mandates == (mandate(since="2022-06", until="2024-03-01"),)
    assert ended.events == (MandateEnded(membership=ended.state.membership, mandate_id="mandate-1"),)

    assert end_mandate(ended.state, "mandate-1", until="2024-03-01", today=TODAY).events == ()
    with pytest.raises(MandateAlreadyEnded, match="2024-03-01"):
        end_mandate(ended.state, "mandate-1", until="2024-04", today=TODAY)


def test_the_same_mandate_again_changes_nothing_and_another_with_its_id_is_refused() -> None:
    state = record_mandate(registered(), mandate(), today=TODAY).state
    assert record_mandate(state, mandate(), today=TODAY).events == ()
    with pytest.raises(IdTaken, match="mandate-1"):
        record_mandate(state, mandate(office="Vice-chair", office_it="Vicepresidente"), today=TODAY)


def test_a_mandate_ends_after_its_beginning() -> None:
    state = record_mandate(registered(), mandate(since="2022-06"), today=TODAY).state
    with pytest.raises(ImpossibleValue, match="2022-06"):
        end_mandate(state, "mandate-1", until="2022-05-31", today=TODAY)
    assert end_mandate(state, "mandate-1", until="2022", today=TODAY).events, "within the same year"


def test_ending_an_unknown_mandate_names_it() -> None:
    with pytest.raises(NotFound, match="mandate-9"):
        end_mandate(registered(), "mandate-9", until="2024", today=TODAY)


def test_duties_are_set_and_done() -> None:
    was_set = set_duty(registered(), duty(), today=TODAY)
    assert was_set.events == (DutySet(membership=was_set.state.membership, duty_id="duty-1"),)
    assert set_duty(was_set.state, duty(), today=TODAY).events == ()
    with pytest.raises(IdTaken):
        set_duty(was_set.state, duty(due_on=date(2027, 1, 31)), today=TODAY)

    done = mark_duty_done(was_set.state, "duty-1", done_on=TODAY, today=TODAY)
    assert done.events == (DutyDone(membership=done.state.membership, duty_id="duty-1"),)
    assert done.state.membership.duties == (duty(done_on=TODAY),)
    assert mark_duty_done(done.state, "duty-1", done_on=TODAY, today=TODAY).events == ()
    with pytest.raises(DutyAlreadyDone, match="2026-11-26"):
        mark_duty_done(done.state, "duty-1", done_on=date(2026, 11, 25), today=TODAY)


def test_a_duty_is_not_done_tomorrow_and_not_unknown() -> None:
    state = set_duty(registered(), duty(), today=TODAY).state
    with pytest.raises(ImpossibleValue, match="2026-11-27"):
        mark_duty_done(state, "duty-1", done_on=date(2026, 11, 27), today=TODAY)
    with pytest.raises(NotFound, match="duty-9"):
        mark_duty_done(state, "duty-9", done_on=TODAY, today=TODAY)


def test_a_correction_names_the_fields_and_empties_what_may_be_empty() -> None:
    state = registered(note="as quoted", note_it="come citato")
    change = correct(state, Correction(since=None, network="Eurocities"), today=TODAY)
    assert change.state.membership == membership(
        since=None, network="Eurocities", note="as quoted", note_it="come citato"
    )
    assert change.events == (
        MembershipCorrected(membership=change.state.membership, fields=("network", "since")),
    )


def test_a_correction_to_the_same_is_no_event() -> None:
    assert correct(registered(), Correction(network="EUROCITIES"), today=TODAY).events == ()
    assert correct(registered(), Correction(), today=TODAY).events == ()


def test_a_correction_cannot_empty_what_must_stand() -> None:
    with pytest.raises(ImpossibleValue) as refused:
        correct(registered(), Correction(network=None), today=TODAY)
    assert (refused.value.field, refused.value.text("it")) == (
        "network",
        "network None: non può essere vuoto.",
    )


def test_a_correction_keeps_the_rules() -> None:
    state = registered(
        mandates=(mandate(since="2022"), mandate("mandate-2", "Bo Neri", since="2010", until="2012"))
    )
    wrong = (mandate(since="2022"), mandate("mandate-2", "Bo Neri", since="2010", until="2025"))
    with pytest.raises(OfficeTaken, match="Ada Bianchi"):
        correct(state, Correction(mandates=wrong), today=TODAY)


def test_unknown_fields_of_a_correction_are_refused_at_every_depth() -> None:
    for body in ({"citta": "x"}, {"source": {"title": "t", "kind": "office", "link": "x"}}):
        with pytest.raises(ValueError, match="Extra inputs"):
            Correction.model_validate(body)


@pytest.mark.parametrize("language", ["en", "it"])
def test_every_refusal_is_a_sentence_with_its_value(language: str) -> None:
    state = registered(mandates=(mandate(since="2022"),))
    with pytest.raises(DomainError) as refused:
        record_mandate(state, mandate("mandate-2", "Bo Neri", since="2024-05"), today=TODAY)
    text = refused.value.text(language)
    assert "2024-05" in text
    assert "Ada Bianchi" in text
    assert "{" not in text
