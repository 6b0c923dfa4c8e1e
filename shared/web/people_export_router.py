"""What a person may ask of every service: all that it holds about them, and why it holds anything at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.base import Id
from shared.identity import Action, allow
from shared.privacy.declared import DATA, Activity, Declarations
from shared.privacy.exporting import Found, base_name, documents, export_page
from shared.privacy.matching import activity_at
from shared.privacy.seeking import Person
from shared.store.driver import Database
from shared.web.envelopes import Body, Page
from shared.web.language import language_of
from shared.web.reading import Int64
from shared.web.recording import note_reading

Name = Annotated[str, StringConstraints(min_length=2, max_length=200)]
MOST: Final = 20

MAY_EXPORT: Final = allow(Action.PEOPLE_EXPORT)
MAY_SEE_REGISTER: Final = allow(Action.PEOPLE_REGISTER)


class ExportIn(Body):
    """Whom it is about, in the body: no name gets into an address or a log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"names": ["Ada Bianchi"]}]})

    names: list[Name] = Field(
        default=[], max_length=MOST, description="Every way in which the name is written"
    )
    person_ids: list[Id] = Field(default=[], max_length=MOST, description="Opaque ids of the person or user")
    after: str | None = Field(default=None, max_length=1000, description="The `next` of the page before")


class FindOut(BaseModel):
    """One place where the person stands."""

    model_config = ConfigDict(frozen=True)

    collection: str
    id: str = Field(description="Of the document in the collection")
    path: str = Field(description="Where in the document")
    kind: str = Field(
        description="`name`, `id`, `text` (named in it) or `message` (bytes that nobody can read)"
    )
    value: str | None = Field(description="What stands there")
    activity: str | None = Field(description="For what it is kept: a `key` of the register")
    beside: dict[str, Any] = Field(description="What is needed to understand it; nothing of other people")


class ExportOut(BaseModel):
    """One page. ``next`` is what to pass as ``after`` for the following one; null at the end."""

    model_config = ConfigDict(frozen=True)

    items: list[FindOut]
    next: str | None
    looked_at: Int64 = Field(description="Documents that this page looked at")
    documents: Int64 = Field(description="Documents that the service has, about")


class ActivityOut(BaseModel):
    """One processing activity, in the caller's language, as far as this service takes part in it."""

    model_config = ConfigDict(frozen=True)

    key: str
    name: str
    purpose: str
    legal_bases: list[str]
    people: str
    recipients: str
    kept_months: int | None = Field(json_schema_extra={"format": "int32"}, description="Null: see `kept`")
    kept: str
    data: list[str] = Field(description="Kinds of personal data")
    collections: list[str]


def people_export_router(database: Callable[[], Database], declared: Declarations) -> APIRouter:
    """`POST /v1/people/export` and `GET /v1/people/register`; ``database`` is asked at every request."""
    router = APIRouter(prefix="/v1/people", tags=["people"])

    @router.post("/export", summary="All about a person", dependencies=[MAY_EXPORT])
    async def export_person(request: Request, body: ExportIn) -> ExportOut:
        """Every place where the person stands: records, journal, trail, messages, views, sessions.

        Page by page; who has asked is recorded before the answer leaves.
        """
        sought = Person(body.names, body.person_ids)
        page = await export_page(database(), sought, body.after)
        subjects = {
            found.id
            for found in page.items
            if any(found.collection == r.collection for r in declared.records)
        }
        await note_reading(request, Action.PEOPLE_EXPORT, "people", *sorted(subjects))
        return ExportOut(
            items=[_shown(found, declared) for found in page.items],
            next=page.next,
            looked_at=page.looked_at,
            documents=await documents(database()),
        )

    @router.get("/register", summary="Why personal data is kept here", dependencies=[MAY_SEE_REGISTER])
    async def get_register(request: Request) -> Page[ActivityOut]:
        """The service's part of the register of processing activities (GDPR, article 30)."""
        language = language_of(request.scope)
        return Page(items=list(_register(declared, language)))

    return router


def _shown(found: Found, declared: Declarations) -> FindOut:
    find = found.find
    activity = activity_at(declared, base_name(found.collection), find.path)
    return FindOut(
        collection=found.collection,
        id=found.id,
        path=find.path,
        kind=find.kind,
        value=find.value,
        activity=activity.key if activity is not None else None,
        beside=find.beside,
    )


def _register(declared: Declarations, language: str) -> Iterator[ActivityOut]:
    activities: dict[str, Activity] = {
        held.activity.key: held.activity for kept in declared.stored.values() for held in kept
    }
    for key, activity in activities.items():
        places = [
            (collection, held)
            for collection, kept in declared.stored.items()
            for held in kept
            if held.activity is activity
        ]
        kept = activity.kept
        yield ActivityOut(
            key=key,
            name=activity.name.told(language),
            purpose=activity.purpose.told(language),
            legal_bases=[f"{basis.source}: {basis.says.told(language)}" for basis in activity.bases],
            people=activity.people.told(language),
            recipients=activity.recipients.told(language),
            kept_months=kept.months,
            kept=(kept.why or kept.counts_from).told(language),
            data=[DATA[datum].told(language) for datum in dict.fromkeys(held.datum for _, held in places)],
            collections=sorted({collection for collection, _ in places}),
        )
