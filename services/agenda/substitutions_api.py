"""HTTP in: who acts for whom. Only translation; what may happen is decided in ``domain``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.config import JsonDict

from services.agenda import substituting
from services.agenda.domain import LentOn, SubstitutionState, Terms
from services.agenda.substituting import Substitutions
from shared.contracts.base import LongText
from shared.contracts.substitutions import RoleWord, Substitution, UserId
from shared.domain import ImpossibleValue, NotFound
from shared.identity import Action, Identity, allow, may
from shared.identity.rights import PEOPLE
from shared.places.today import CityDay
from shared.store import Command
from shared.web import Accepted, Body, Page, command, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, accepted, history, new_id, page, record

SubstitutionId = Annotated[str, Path(max_length=80, examples=["substitution-3f9c2ab34d5e6f708192"])]
Reader = Annotated[Identity, allow(Action.AGENDA_READ)]
Lender = Annotated[Identity, allow(Action.AGENDA_LEND)]
Ender = Annotated[Identity, allow(Action.AGENDA_LEND, Action.AGENDA_END_ANY_SUBSTITUTION)]

_USER_ID: Final[TypeAdapter[str]] = TypeAdapter(UserId)
_EXAMPLE: Final[JsonDict] = {
    "substitute": "b81e6a34-6d0b-4f0e-8f0d-2b9c1f4a7d55",
    "roles": ["cabinet"],
    "starts_on": "2026-12-01",
    "ends_on": "2026-12-23",
    "reason": "Holidays",
}


class SubstitutionIn(Body):
    """Who stands in for the caller, with which of the caller's roles, from when until when, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    substitute: UserId = Field(description="The provider's opaque id of the person (the token's `sub`)")
    roles: list[RoleWord] = Field(max_length=20, description="Roles that the caller has")
    starts_on: date = Field(description="The first day, by the city's clocks")
    ends_on: date = Field(description="The last day, by the city's clocks; within a year")
    reason: LongText = Field(description="Stays inside the agenda")


class EndIn(Body):
    """Why it is ended, if somebody wants to say so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Back earlier"}]})

    reason: LongText | None = None


class SubstitutionOut(Substitution):
    """A substitution as both people, the Director and auditors see it."""

    reason: LongText
    end_reason: LongText | None = None
    holds_today: bool = Field(description="Whether the substitute may act today, by the city's clocks")

    @classmethod
    def of(cls, state: SubstitutionState, today: date) -> SubstitutionOut:
        """With what holds on the city's day ``today``."""
        shown = state.public()
        return cls(
            **dict(shown),
            reason=state.reason,
            end_reason=state.end_reason,
            holds_today=shown.holds_on(today),
        )


def substitutions_router(substitutions: Callable[[], Substitutions], days: CityDay) -> APIRouter:
    """The routes of substitutions; ``substitutions`` is asked at every request."""
    router = APIRouter(prefix="/v1/substitutions", tags=["substitutions"])
    _reading(router, substitutions, days)
    _writing(router, substitutions, days)
    return router


def _reading(router: APIRouter, substitutions: Callable[[], Substitutions], days: CityDay) -> None:
    @router.get("", summary="Who acts for whom")
    async def list_substitutions(
        who: Reader,
        after: After = None,
        limit: Limit = 50,
        mine: Annotated[bool, Query(description="Only those that the caller granted or was granted")] = False,
        current: Annotated[bool, Query(description="Only those that hold today")] = False,
    ) -> Page[Record[SubstitutionOut]]:
        """Substitutions by id: all for the Director and auditors, for everybody else their own."""
        today = days.today()
        where: dict[str, Any] = {}
        if mine or not _sees_all(who):
            where["parties"] = who.subject
        if current:
            text = today.isoformat()
            where |= {"starts_on": {"$lte": text}, "ends_on": {"$gte": text}, "ended_at": None}
        return await page(
            substitutions(),
            lambda state: SubstitutionOut.of(state, today),
            after=after,
            limit=limit,
            where=where,
        )

    @router.get("/{substitution_id}", summary="One substitution")
    async def get_substitution(
        substitution_id: SubstitutionId, who: Reader, response: Response
    ) -> Record[SubstitutionOut]:
        """The substitution as it stands; its version is the `ETag`."""
        loaded = await substitutions().get(substitution_id)
        _check_seen(who, loaded.state)
        set_version(response, loaded.version)
        today = days.today()
        return record(loaded, lambda state: SubstitutionOut.of(state, today))

    @router.get("/{substitution_id}/history", summary="What happened to a substitution")
    async def get_substitution_history(substitution_id: SubstitutionId, who: Reader) -> Page[HistoryEntry]:
        """Every event in order."""
        _check_seen(who, (await substitutions().get(substitution_id)).state)
        return await history(substitutions(), substitution_id)


def _writing(router: APIRouter, substitutions: Callable[[], Substitutions], days: CityDay) -> None:
    @router.post("", summary="Lend roles", status_code=status.HTTP_201_CREATED)
    async def grant(
        who: Lender,
        body: SubstitutionIn,
        context: Annotated[Command, command("grant-substitution")],
        response: Response,
    ) -> Accepted:
        """The caller lends roles to somebody who stands in for them.

        The substitute then sends `X-On-Behalf-Of` with the caller's id, to any service.
        """
        _check_in_person(who)
        terms = Terms(principal=_principal(who), **{**dict(body), "roles": tuple(body.roles)})
        receipt = await substituting.grant(
            substitutions(),
            context,
            new_id("substitution", context),
            terms,
            lendable=who.roles & PEOPLE,
            days=days,
        )
        response.headers["Location"] = f"/v1/substitutions/{receipt.subject}"
        return accepted(receipt, response)

    @router.post("/{substitution_id}/end", summary="End a substitution")
    async def end(
        who: Ender,
        substitution_id: SubstitutionId,
        body: EndIn,
        context: Annotated[Command, command("end-substitution")],
        response: Response,
    ) -> Accepted:
        """Before its last day is over: by who granted it, or by the Director. It holds nowhere any more."""
        _check_in_person(who)
        receipt = await substituting.end(
            substitutions(),
            context,
            substitution_id,
            may_end_any=may(who, Action.AGENDA_END_ANY_SUBSTITUTION),
            reason=body.reason,
            days=days,
        )
        return accepted(receipt, response)


def _sees_all(who: Identity) -> bool:
    return may(who, Action.AGENDA_READ_SUBSTITUTIONS)


def _check_seen(who: Identity, state: SubstitutionState) -> None:
    """What is none of the caller's business does not exist for them."""
    if not _sees_all(who) and who.subject not in state.parties:
        raise NotFound(field="substitution_id", value=state.substitution_id)


def _principal(who: Identity) -> str:
    """The caller's id, which others have to be able to put into a header."""
    try:
        return _USER_ID.validate_python(who.subject)
    except ValidationError:
        raise ImpossibleValue(
            field="principal",
            value=who.subject,
            en="an id that the provider gives to a person has visible ASCII characters only.",
            it="l'identificativo dato dal fornitore di identità ha solo caratteri ASCII visibili.",
        ) from None


def _check_in_person(who: Identity) -> None:
    if who.on_behalf_of is not None:
        raise LentOn(field="X-On-Behalf-Of", value=who.on_behalf_of)
