"""Whatever is asked in whatever order, a mission keeps to its table and its events tell the truth."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.agenda.domain import (
    STATES,
    Correction,
    MissionState,
    Plan,
    busy_only,
    cancel,
    complete,
    correct,
    note_signature,
    propose,
    public,
    reschedule,
    schedule,
)
from services.agenda.tests.builders import OSAKA, START, leg, plan, signing_plan
from shared.contracts.agenda import MissionEvent, Purpose, Signature
from shared.domain import Change, DomainError

titles = st.text(min_size=1, max_size=30).map(lambda text: f"${text}")


class MissionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state: MissionState | None = None
        self.events: list[MissionEvent] = []
        self.refused: DomainError | None = None

    def take(self, change: Change[MissionState]) -> None:
        self.state = change.state
        for event in change.events:
            assert isinstance(event, MissionEvent)
            self.events.append(event)

    @initialize(signing=st.booleans(), reserved=st.booleans(), title=titles)
    def begin(self, signing: bool, reserved: bool, title: str) -> None:
        wanted: Plan = (signing_plan if signing else plan)(reserved=reserved, title=title)
        self.take(propose("mission-1", wanted))

    def attempt(self, action: str, step: Callable[[MissionState], Change[MissionState]]) -> None:
        assert self.state is not None
        try:
            change = step(self.state)
        except DomainError as refusal:
            self.refused = refusal
            return
        if change.events:
            assert change.state.status is STATES.after(action, self.state.status)
        else:
            assert change.state == self.state
        self.take(change)

    @rule()
    def schedule(self) -> None:
        self.attempt("schedule", schedule)

    @rule(days=st.integers(-30, 300))
    def reschedule(self, days: int) -> None:
        self.attempt("reschedule", lambda state: reschedule(state, (leg(days), leg(days + 2, place=OSAKA))))

    @rule(reason=st.text(max_size=10))
    def cancel(self, reason: str) -> None:
        self.attempt("cancel", lambda state: cancel(state, reason))

    @rule(days=st.integers(-30, 300))
    def complete(self, days: int) -> None:
        self.attempt("complete", lambda state: complete(state, START + timedelta(days=days)))

    @rule(title=titles, reserved=st.booleans(), signs=st.booleans())
    def correct(self, title: str, reserved: bool, signs: bool) -> None:
        correction = Correction(
            title=title,
            reserved=reserved,
            purpose=Purpose.SIGN_AGREEMENT if signs else Purpose.NETWORK,
            agreement_id="agreement-osaka" if signs else None,
        )
        self.attempt("correct", lambda state: correct(state, correction))

    @rule(agreement=st.sampled_from(["agreement-lyon", "agreement-osaka"]))
    def note(self, agreement: str) -> None:
        signature = Signature(agreement_id=agreement, signed_on="2027-03")
        self.attempt("note-signature", lambda state: note_signature(state, signature))

    @invariant()
    def the_last_event_tells_the_public_state(self) -> None:
        if self.state is None:
            return
        assert self.events[-1].mission == public(self.state)
        assert type(self.events[-1]).model_validate_json(self.events[-1].model_dump_json()) == self.events[-1]

    @invariant()
    def a_refusal_states_its_rule_in_both_languages(self) -> None:
        if self.refused is not None:
            assert self.refused.text("it") != self.refused.text("en")

    @invariant()
    def the_state_survives_storing(self) -> None:
        if self.state is not None:
            assert MissionState.model_validate(self.state.model_dump(mode="json")) == self.state

    @invariant()
    def what_is_reserved_stays_inside(self) -> None:
        if self.state is not None and self.state.reserved:
            told = self.events[-1].model_dump_json()
            assert "Maria Bianchi" not in told
            assert "Lyon" not in told
            assert busy_only(self.events[-1].mission) == self.events[-1].mission

    @invariant()
    def a_signed_mission_is_not_cancelled(self) -> None:
        if self.state is not None and self.state.signature is not None:
            assert self.state.status.value in {"scheduled", "completed"}
            assert self.state.signature.agreement_id == self.state.agreement_id


MissionMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=timedelta(seconds=2)
)
TestMissionMachine = MissionMachine.TestCase
