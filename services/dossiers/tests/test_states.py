from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from services.dossiers.domain import (
    ENDED,
    STATES,
    CandidacyState,
    Correction,
    correct,
    deadline,
    end_as_finalist,
    lose,
    move_deadline,
    shortlist,
    start_preparation,
    submit,
    win,
    withdraw,
)
from services.dossiers.tests.examples import NOW, SAID, TODAY, considered
from shared.contracts.dossiers import CandidacyEvent, CandidacyStatus, Outcome
from shared.domain import Change, ForbiddenTransition

OTHER = deadline("2026-12-15T12:00", "Europe/Rome")
DONE = Outcome(decided_on="2026-11-26")

ACTIONS: dict[str, Callable[[CandidacyState], Change[CandidacyState]]] = {
    "start-preparation": lambda state: start_preparation(state, SAID),
    "move-deadline": lambda state: move_deadline(state, OTHER, SAID),
    "submit": lambda state: submit(state, SAID, submitted_at=NOW, at=NOW),
    "shortlist": lambda state: shortlist(state, SAID),
    "win": lambda state: win(state, DONE, SAID, today=TODAY),
    "lose": lambda state: lose(state, DONE, SAID, today=TODAY),
    "end-as-finalist": lambda state: end_as_finalist(state, DONE, SAID, today=TODAY),
    "withdraw": lambda state: withdraw(state, "no budget", SAID),
    "correct": lambda state: correct(state, Correction(edition_year=2030), today=TODAY),
}


def test_every_action_of_the_table_is_one_of_the_domain() -> None:
    assert ACTIONS.keys() == STATES.transitions.keys()


def test_what_has_ended_can_only_be_corrected() -> None:
    assert {status: STATES.allowed(status) for status in ENDED} == dict.fromkeys(ENDED, ("correct",))


def test_every_state_can_be_reached() -> None:
    reached = {CandidacyStatus.CONSIDERED}
    for _ in CandidacyStatus:
        reached |= {
            to for steps in STATES.transitions.values() for start, to in steps.items() if start in reached
        }
    assert reached == set(CandidacyStatus)


@given(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=15))
def test_a_candidacy_never_leaves_the_table_and_its_events_tell_its_state(actions: list[str]) -> None:
    state = considered()
    for action in actions:
        before = state.candidacy.status
        expected = STATES.transitions[action].get(before)
        try:
            change = ACTIONS[action](state)
        except ForbiddenTransition:
            assert expected is None
            continue
        assert change.state.candidacy.status is expected
        if change.events:
            (event,) = change.events
            assert isinstance(event, CandidacyEvent)
            assert event.candidacy == change.state.candidacy
            assert type(event).model_validate_json(event.model_dump_json()) == event
        else:
            assert change.state == state
        state = change.state
