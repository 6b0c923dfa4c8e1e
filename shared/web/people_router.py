"""Requests of people about their own data: erased, or refused on a legal ground. In every service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.base import Id
from shared.domain.errors import ImpossibleValue, NotFound
from shared.identity import Action, allow
from shared.privacy.erasures import Erasures
from shared.privacy.ledger import Asked, OtherRequest, State
from shared.privacy.needle import MOST_WORDS, BadName
from shared.store.command import Command
from shared.store.driver import Document
from shared.store.errors import KeyReused
from shared.web.commands import command
from shared.web.envelopes import Body
from shared.web.reading import new_id

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Why = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]


class People(Body):
    """Who is meant. A name is looked for as whole words, in any case and spacing: give every form of it."""

    names: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    person_ids: Annotated[tuple[Id, ...], Field(max_length=50)] = ()


class ErasureAsked(People):
    """Somebody is to be erased. The reason does not have to name them; where it does, it is kept without."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"names": ["Ada Bianchi"], "reason": "Request of 20 November 2026"}]}
    )

    reason: Why


class ErasureRefused(People):
    """Somebody's request is refused: the provision that allows it, and why it holds here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "names": ["Ada Bianchi"],
                    "legal_ground": "Regulation (EU) 2016/679, article 17(3)(b)",
                    "reason": "The signature belongs to an act that is kept by law.",
                }
            ]
        }
    )

    legal_ground: Annotated[
        str,
        StringConstraints(min_length=1, max_length=300),
        Field(description="Such as Regulation (EU) 2016/679, article 17(3)(b)"),
    ]
    reason: Why


class Erasure(BaseModel):
    """How far an erasure is in this service. It tells no name: nobody keeps one.

    ``subjects``, ``events`` and ``values`` count the records changed, the events that told so, and the values
    taken out of earlier ones; ``letters`` and ``documents`` whatever else. ``kept`` are places in which
    something stands that cannot be taken out, such as an id. ``waits_for``: what it waits for, if anything.
    """

    model_config = ConfigDict(frozen=True)

    erasure_id: str
    state: State
    at: datetime
    actor: str
    on_behalf_of: str | None
    reason: str
    legal_ground: str | None
    names: Count
    person_ids: list[str]
    records: list[str]
    subjects: Count
    events: Count
    values: Count
    letters: Count
    documents: Count
    kept: list[str]
    waits_for: str | None
    done_at: datetime | None

    @classmethod
    def of(cls, row: Document) -> Erasure:
        """A row of the ledger as it is shown."""
        return cls(
            erasure_id=row["_id"],
            legal_ground=row.get("ground"),
            names=len(row["needles"]),
            done_at=row.get("done_at"),
            **{name: row[name] for name in _SHOWN},
        )


_SHOWN = (
    "state", "at", "actor", "on_behalf_of", "reason", "person_ids", "records", "subjects", "events", "values",
    "letters", "documents", "kept", "waits_for",
)  # fmt: skip


def people_router(erasures: Callable[[], Erasures]) -> APIRouter:
    """`/v1/people`; ``erasures`` is asked at every request. A name stands in a body, never in an address."""
    router = APIRouter(prefix="/v1/people", tags=["people"], dependencies=[allow(Action.PEOPLE_ERASE)])

    @router.post("/erasures", status_code=202, summary="Erase somebody")
    async def erase_person(body: ErasureAsked, ctx: Annotated[Command, command("erase-person")]) -> Erasure:
        """Taken up at once and carried out in the background; the same key asks for the same erasure."""
        return Erasure.of(await _accept(erasures(), "erasure", body, ctx, body.reason))

    @router.get("/erasures/{erasure_id}", summary="How far an erasure is")
    async def get_erasure(erasure_id: Annotated[Id, Path()]) -> Erasure:
        """Also one that was refused."""
        row = await erasures().ledger.get(erasure_id)
        if row is None:
            raise NotFound(field="erasure_id", value=erasure_id)
        return Erasure.of(row)

    @router.post("/refusals", status_code=201, summary="Refuse somebody's request")
    async def refuse_person(
        body: ErasureRefused, ctx: Annotated[Command, command("refuse-person")]
    ) -> Erasure:
        """Nothing is erased; the ledger keeps who decided so, when, on which ground and why."""
        row = await _accept(erasures(), "refusal", body, ctx, body.reason, ground=body.legal_ground)
        return Erasure.of(row)

    return router


async def _accept(
    erasures: Erasures, prefix: str, body: People, ctx: Command, reason: str, **more: Any
) -> Document:
    """Raises ``ImpossibleValue`` and ``KeyReused``, which name nobody."""
    if not body.names and not body.person_ids:
        raise ImpossibleValue(
            field="names",
            value=None,
            en="a name or a person_id is needed.",
            it="serve un nome o un person_id.",
        )
    asked = Asked(
        erasure_id=new_id(prefix, ctx),
        at=ctx.at,
        actor=ctx.actor,
        on_behalf_of=ctx.on_behalf_of,
        reason=reason,
        names=body.names,
        person_ids=body.person_ids,
    )
    try:
        return await erasures.accept(asked, **more)
    except BadName:
        raise ImpossibleValue(
            field="names",
            value=None,
            en=f"a name has between one and {MOST_WORDS} words with a letter or digit.",
            it=f"un nome ha da una a {MOST_WORDS} parole con una lettera o una cifra.",
        ) from None
    except OtherRequest:
        raise KeyReused(field="Idempotency-Key", value=ctx.key) from None
