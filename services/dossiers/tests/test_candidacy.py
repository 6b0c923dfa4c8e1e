from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.dossiers.domain import (
    BadRounds,
    Correction,
    DeadlinePassed,
    HalfTranslated,
    OutcomeMissing,
    OutcomeUnexpected,
    ReasonMissing,
    correct,
    deadline,
    end_as_finalist,
    follow_register,
    lose,
    move_deadline,
    register,
    shortlist,
    start_preparation,
    submit,
    win,
    withdraw,
)
from services.dossiers.tests.examples import CLOSES, NOW, SAID, TODAY, candidacy, considered
from shared.contracts import dossiers
from shared.contracts.dossiers import CandidacyStatus, Outcome, Round
from shared.domain import ForbiddenTransition, ImpossibleValue

LOTS = Outcome(
    decided_on="2017-11-20",
    method="drawing of lots",
    method_it="sorteggio",
    rounds=(
        Round(number=1, result="25 points", result_it="25 punti"),
        Round(number=2, result="12-9-5", result_it="12-9-5"),
        Round(number=3, result="13-13", result_it="13-13"),
    ),
)


def test_from_considered_to_won() -> None:
    change = start_preparation(considered(), SAID)
    assert isinstance(change.events[0], dossiers.PreparationStarted)
    change = submit(change.state, SAID, submitted_at=NOW, at=NOW)
    assert change.state.candidacy.submitted_at == NOW
    change = shortlist(change.state, SAID)
    change = win(change.state, Outcome(decided_on="2026-11-26"), SAID, today=TODAY)
    assert change.state.candidacy == candidacy(
        status=CandidacyStatus.WON,
        submitted_at=NOW,
        outcome=Outcome(decided_on="2026-11-26"),
        source=SAID.source,
        as_of=SAID.as_of,
    )
    assert change.events == (dossiers.CandidacyWon(candidacy=change.state.candidacy),)


def test_the_medicines_agency_is_registered_as_lost_by_lots_after_three_rounds() -> None:
    past = candidacy(status=CandidacyStatus.LOST, outcome=LOTS, deadline=None, edition_year=None)
    change = register(past, today=TODAY)
    assert change.events == (dossiers.CandidacyRegistered(candidacy=past),)
    assert [one.result for one in change.state.candidacy.outcome.rounds] == ["25 points", "12-9-5", "13-13"]  # type: ignore[union-attr]


@pytest.mark.parametrize("status", ["won", "lost", "finalist"])
def test_what_has_ended_says_how(status: str) -> None:
    with pytest.raises(OutcomeMissing, match=status):
        register(candidacy(status=status), today=TODAY)


@pytest.mark.parametrize("status", ["preparing", "submitted", "shortlisted", "withdrawn"])
def test_what_began_before_the_register_enters_it_as_it_stands(status: str) -> None:
    change = register(candidacy(status=status), today=TODAY)
    assert change.events == (dossiers.CandidacyRegistered(candidacy=candidacy(status=status)),)


def test_what_is_only_considered_has_no_outcome() -> None:
    with pytest.raises(OutcomeUnexpected):
        register(candidacy(outcome=LOTS), today=TODAY)


def test_a_submission_is_in_time_until_the_deadlines_own_moment() -> None:
    state = start_preparation(considered(), SAID).state
    later = NOW + timedelta(days=30)
    assert submit(state, SAID, submitted_at=CLOSES.at, at=later).events
    with pytest.raises(DeadlinePassed) as refused:
        submit(state, SAID, submitted_at=CLOSES.at + timedelta(milliseconds=1), at=later)
    assert refused.value.status == 409
    for language in ("en", "it"):
        assert "2026-12-01T17:00 (Europe/Brussels)" in refused.value.text(language)


def test_a_submission_of_the_future_is_refused() -> None:
    state = start_preparation(considered(deadline=None), SAID).state
    with pytest.raises(ImpossibleValue, match="submitted_at"):
        submit(state, SAID, submitted_at=NOW + timedelta(minutes=1), at=NOW)


def test_a_moved_deadline_says_what_it_was() -> None:
    new = deadline("2026-12-15T12:00", "Europe/Rome")
    change = move_deadline(considered(), new, SAID)
    assert change.events == (dossiers.DeadlineMoved(candidacy=change.state.candidacy, before=CLOSES),)
    assert change.state.candidacy.deadline == new
    assert move_deadline(change.state, new, SAID).events == ()


def test_the_same_wall_clock_elsewhere_is_another_deadline() -> None:
    seoul = deadline("2026-12-01T17:00", "Asia/Seoul")
    assert seoul.at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert move_deadline(considered(), seoul, SAID).events


@pytest.mark.parametrize(
    ("local", "zone", "field", "rule"),
    [
        ("2026-10-25T02:30", "Europe/Brussels", "deadline.local", "twice"),
        ("2026-03-29T02:30", "Europe/Brussels", "deadline.local", "never show"),
        ("2026-11-26T17:00", "Europe/Atlantis", "deadline.time_zone", "time zone"),
        ("26/11/2026 17:00", "Europe/Brussels", "deadline.local", "2026-11-26T17:00"),
        ("2026-02-30T17:00", "Europe/Brussels", "deadline.local", "2026-11-26T17:00"),
        ("0001-01-01T00:00", "Asia/Tokyo", "deadline.local", "1900"),
    ],
)
def test_an_impossible_deadline_is_refused(local: str, zone: str, field: str, rule: str) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        deadline(local, zone)
    assert refused.value.field == field
    assert rule in refused.value.text("en")


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_withdrawal_has_a_reason(reason: str) -> None:
    with pytest.raises(ReasonMissing):
        withdraw(considered(), reason, SAID)


def test_a_withdrawal_keeps_its_reason_in_state_and_event() -> None:
    change = withdraw(considered(), " The call was cancelled ", SAID)
    assert change.state.candidacy.reason == "The call was cancelled"
    assert change.events == (
        dossiers.CandidacyWithdrawn(candidacy=change.state.candidacy, reason="The call was cancelled"),
    )
    with pytest.raises(ReasonMissing):
        correct(change.state, Correction(reason=None), today=TODAY)


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ({"rounds": [{"number": 2, "result": "13-13", "result_it": "13-13"}]}, BadRounds),
        ({"method": "vote"}, HalfTranslated),
        ({"method_it": "sorteggio"}, HalfTranslated),
        ({"decided_on": "2027"}, ImpossibleValue),
    ],
)
@pytest.mark.parametrize("end", [win, lose, end_as_finalist])
def test_an_outcome_makes_sense(end: Any, outcome: dict[str, Any], error: type[Exception]) -> None:
    state = submit(start_preparation(considered(), SAID).state, SAID, submitted_at=NOW, at=NOW).state
    with pytest.raises(error):
        end(state, Outcome.model_validate(outcome), SAID, today=TODAY)


def test_a_correction_names_its_fields_and_keeps_the_status() -> None:
    change = correct(considered(), Correction(edition_year=2028, issuer="European Commission"), today=TODAY)
    assert change.state.candidacy == candidacy(edition_year=2028, issuer="European Commission")
    assert change.events == (
        dossiers.CandidacyCorrected(candidacy=change.state.candidacy, fields=("issuer", "edition_year")),
    )
    assert correct(change.state, Correction(edition_year=2028), today=TODAY).events == ()


def test_a_correction_cannot_take_the_outcome_from_what_ended() -> None:
    state = register(candidacy(status=CandidacyStatus.LOST, outcome=LOTS), today=TODAY).state
    with pytest.raises(OutcomeMissing):
        correct(state, Correction(outcome=None), today=TODAY)
    with pytest.raises(ImpossibleValue, match="edition_year"):
        correct(state, Correction(edition_year=20), today=TODAY)


def test_a_forbidden_step_names_the_state_and_what_is_possible() -> None:
    with pytest.raises(ForbiddenTransition) as refused:
        shortlist(considered(), SAID)
    assert refused.value.value == "considered"
    assert "start-preparation, move-deadline, withdraw, correct" in refused.value.text("en")


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"status": CandidacyStatus.PREPARING, "note": "go"}, dossiers.PreparationStarted),
        ({"status": CandidacyStatus.WON, "outcome": LOTS}, dossiers.CandidacyCorrected),
        ({"deadline": deadline("2026-12-15T12:00", "Europe/Rome")}, dossiers.DeadlineMoved),
        ({"deadline": None, "note": "no deadline"}, dossiers.CandidacyCorrected),
    ],
)
def test_following_the_offices_table_is_one_event(changes: dict[str, Any], fact: type[Any]) -> None:
    change = follow_register(considered(), changes, today=TODAY)
    (event,) = change.events
    assert isinstance(event, dossiers.CandidacyEvent)
    assert type(event) is fact
    assert event.candidacy == change.state.candidacy == considered().candidacy.model_copy(update=changes)
    assert follow_register(change.state, changes, today=TODAY).events == ()
