"""Whatever is asked in whatever order, an agreement keeps to its table and its events tell the truth."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.agreements.domain import (
    STATES,
    AgreementState,
    Correction,
    check,
    confirm_status,
    correct,
    draft,
    end,
    enter_into_force,
    register,
    renew,
    reopen_signing,
    resume,
    schedule_signing,
    sign,
    suspend,
    term_of,
)
from services.agreements.tests.builders import COMUNE, PRESS, SIGNING, TODAY, agreement, said, twinning
from shared.contracts.agreements import AgreementEvent, AgreementStatus
from shared.contracts.base import Source
from shared.domain import Change, DomainError

days = st.sampled_from(["1967", "2024-05", "2026-11-26", "2026-11-27", "2027"])
texts = st.text(max_size=10)
sources = st.sampled_from([COMUNE, PRESS])


class AgreementMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state: AgreementState | None = None
        self.events: list[AgreementEvent] = []
        self.refused: DomainError | None = None

    def take(self, change: Change[AgreementState]) -> None:
        self.state = change.state
        for event in change.events:
            assert isinstance(event, AgreementEvent)
            self.events.append(event)

    @initialize(old=st.booleans())
    def begin(self, old: bool) -> None:
        self.take(register(twinning(), today=TODAY) if old else draft(agreement(), today=TODAY))

    def attempt(self, action: str, step: Callable[[AgreementState], Change[AgreementState]]) -> None:
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

    @rule(mission=st.sampled_from(["mission-1", "mission-2"]), take_over=st.booleans())
    def schedule_signing(self, mission: str, take_over: bool) -> None:
        signing = SIGNING.model_copy(update={"mission_id": mission})
        self.attempt(
            "schedule-signing",
            lambda state: schedule_signing(state, signing, today=TODAY, take_over=take_over),
        )

    @rule(mission=st.sampled_from([None, "mission-1", "mission-2"]))
    def reopen_signing(self, mission: str | None) -> None:
        self.attempt(
            "reopen-signing",
            lambda state: reopen_signing(state, reason=None, today=TODAY, mission_id=mission),
        )

    @rule(day=days, source=sources, on_mission=st.booleans())
    def sign(self, day: str, source: Source, on_mission: bool) -> None:
        signed = said(day, source)
        self.attempt("sign", lambda state: sign(state, signed, today=TODAY, on_mission=on_mission))

    @rule(day=days)
    def enter_into_force(self, day: str) -> None:
        self.attempt(
            "enter-into-force",
            lambda state: enter_into_force(state, source=COMUNE, as_of=day, today=TODAY),
        )

    @rule(day=days, reason=texts)
    def suspend(self, day: str, reason: str) -> None:
        self.attempt("suspend", lambda state: suspend(state, reason, source=COMUNE, as_of=day, today=TODAY))

    @rule(day=days)
    def resume(self, day: str) -> None:
        self.attempt("resume", lambda state: resume(state, source=COMUNE, as_of=day, today=TODAY))

    @rule(day=days, months=st.sampled_from([None, 12, 24]))
    def renew(self, day: str, months: int | None) -> None:
        self.attempt("renew", lambda state: renew(state, said(day), term_months=months, today=TODAY))

    @rule(day=days, reason=texts)
    def end(self, day: str, reason: str) -> None:
        self.attempt("end", lambda state: end(state, reason, source=COMUNE, as_of=day, today=TODAY))

    @rule(day=days)
    def confirm(self, day: str) -> None:
        self.attempt(
            "confirm-status", lambda state: confirm_status(state, source=PRESS, as_of=day, today=TODAY)
        )

    @rule(
        permanent=st.booleans(),
        months=st.sampled_from([None, 24]),
        signed=st.lists(days, max_size=2, unique=True),
    )
    def correct(self, permanent: bool, months: int | None, signed: list[str]) -> None:
        correction = Correction(
            permanent=permanent, term_months=months, signed=tuple(said(day) for day in signed)
        )
        assert self.state is not None
        before = self.state.status
        try:
            self.take(correct(self.state, correction, today=TODAY))
        except DomainError as refusal:
            self.refused = refusal
        assert self.state.status is before

    @invariant()
    def the_last_event_tells_the_public_state(self) -> None:
        if self.state is not None:
            last = self.events[-1]
            assert last.agreement == self.state.agreement
            assert type(last).model_validate_json(last.model_dump_json()) == last

    @invariant()
    def a_refusal_states_its_rule_in_both_languages(self) -> None:
        if self.refused is not None:
            assert self.refused.text("it") != self.refused.text("en")

    @invariant()
    def the_state_survives_storing(self) -> None:
        if self.state is not None:
            assert AgreementState.model_validate(self.state.model_dump(mode="json")) == self.state

    @invariant()
    def the_register_never_contradicts_itself(self) -> None:
        if self.state is None:
            return
        check(self.state.agreement, TODAY)
        term_of(self.state.agreement, TODAY)
        signing = self.state.agreement.signing
        assert (signing is not None) == (self.state.status is AgreementStatus.SIGNING_SCHEDULED)


AgreementMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=timedelta(seconds=2)
)
TestAgreementMachine = AgreementMachine.TestCase
