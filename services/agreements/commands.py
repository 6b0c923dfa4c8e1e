"""What can be done with agreements: load, ask the agreement, save with its events.

``Desk`` knows the city's day, because the register's dates hold by the city's clocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from services.agreements import domain
from services.agreements.domain import AgreementState, Correction
from shared.contracts.agreements import Agreement, Signing
from shared.contracts.base import PartialDate, Source, SourcedDate
from shared.domain import Change
from shared.domain.responsible import answered
from shared.places.today import CityDay
from shared.store import Command, Receipt, Repository
from shared.store.due import Due

Agreements = Repository[AgreementState]


@dataclass(frozen=True, slots=True)
class Said:
    """Who says so and as of when; null: the day on which the command was accepted."""

    source: Source
    as_of: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of the register. ``agreements`` is asked at every use: the store opens at the start."""

    agreements: Callable[[], Agreements]
    city_day: CityDay

    def today(self, command: Command) -> date:
        """The city's day on which ``command`` was accepted."""
        return self.city_day.of(command.at)

    async def draft(self, command: Command, agreement: Agreement, responsible: str | None = None) -> Receipt:
        """A new agreement, not signed yet, that ``responsible`` answers for."""
        today = self.today(command)
        return await self.agreements().create(
            agreement.agreement_id,
            command,
            lambda: answered(domain.draft(agreement, today=today), responsible),
        )

    async def register(
        self, command: Command, agreement: Agreement, responsible: str | None = None
    ) -> Receipt:
        """An agreement of the past enters the register."""
        today = self.today(command)
        return await self.agreements().create(
            agreement.agreement_id,
            command,
            lambda: answered(domain.register(agreement, today=today), responsible),
        )

    async def schedule_signing(self, command: Command, agreement_id: str, signing: Signing) -> Receipt:
        """An officer puts the signing on the agenda of a mission by hand."""
        domain.refuse_past_signing(signing, command.at)
        return await self.take_up_signing(command, agreement_id, signing)

    async def take_up_signing(
        self, command: Command, agreement_id: str, signing: Signing, *, take_over: bool = True
    ) -> Receipt:
        """The signing is where the mission is; ``take_over`` also from another mission."""
        today = self.today(command)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.schedule_signing(state, signing, today=today, take_over=take_over),
        )

    async def reopen_signing(
        self, command: Command, agreement_id: str, reason: str | None, *, mission_id: str | None = None
    ) -> Receipt:
        """The signing is off; with ``mission_id`` only if it was that mission's."""
        today = self.today(command)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.reopen_signing(state, reason=reason, today=today, mission_id=mission_id),
        )

    async def sign(
        self, command: Command, agreement_id: str, signed: SourcedDate, *, on_mission: bool
    ) -> Receipt:
        """It was signed."""
        today = self.today(command)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.sign(state, signed, today=today, on_mission=on_mission),
        )

    async def enter_into_force(self, command: Command, agreement_id: str, said: Said) -> Receipt:
        """It holds."""
        today, as_of = self._days(command, said)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.enter_into_force(state, source=said.source, as_of=as_of, today=today),
        )

    async def suspend(self, command: Command, agreement_id: str, reason: str, said: Said) -> Receipt:
        """It rests."""
        today, as_of = self._days(command, said)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.suspend(state, reason, source=said.source, as_of=as_of, today=today),
        )

    async def resume(self, command: Command, agreement_id: str, said: Said) -> Receipt:
        """It holds again."""
        today, as_of = self._days(command, said)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.resume(state, source=said.source, as_of=as_of, today=today),
        )

    async def renew(
        self, command: Command, agreement_id: str, renewal: SourcedDate, term_months: int | None
    ) -> Receipt:
        """It goes on for another term."""
        today = self.today(command)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.renew(state, renewal, term_months=term_months, today=today),
        )

    def due(self) -> Due[AgreementState]:
        """When the register has to say that a term is over: as the city's day after it begins."""

        def at(state: AgreementState) -> datetime | None:
            day = domain.first_day_after_term(state)
            return None if day is None else self.city_day.begins(day)

        return Due(f"term-over/1/{self.city_day.zone}", at)

    def note_term_over(self, state: AgreementState, now: datetime) -> Change[AgreementState]:
        """What the timer asks for: the term is over by now."""
        return domain.note_term_over(state, today=self.city_day.of(now))

    async def end(self, command: Command, agreement_id: str, reason: str, said: Said) -> Receipt:
        """It is over."""
        today, as_of = self._days(command, said)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.end(state, reason, source=said.source, as_of=as_of, today=today),
        )

    async def confirm_status(self, command: Command, agreement_id: str, said: Said) -> Receipt:
        """A source says that the status still holds."""
        today, as_of = self._days(command, said)
        return await self._change(
            command,
            agreement_id,
            lambda state: domain.confirm_status(state, source=said.source, as_of=as_of, today=today),
        )

    async def correct(self, command: Command, agreement_id: str, correction: Correction) -> Receipt:
        """What the register said wrongly is put right."""
        today = self.today(command)
        return await self._change(
            command, agreement_id, lambda state: domain.correct(state, correction, today=today)
        )

    def _days(self, command: Command, said: Said) -> tuple[date, PartialDate]:
        today = self.today(command)
        return today, said.as_of or today.isoformat()

    async def _change(
        self,
        command: Command,
        agreement_id: str,
        decide: Callable[[AgreementState], Change[AgreementState]],
    ) -> Receipt:
        return await self.agreements().change(agreement_id, command, decide)
