"""A small service for the tests of `shared.web`: every kind of route and of failure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Response
from pydantic import AwareDatetime, Field
from pymongo.errors import ServerSelectionTimeoutError
from starlette.responses import StreamingResponse

from shared.contracts import agenda, agreements
from shared.contracts.base import PartialDate
from shared.domain import ForbiddenTransition, NotFound
from shared.identity import Action, Identity, allow
from shared.identity.links import LOCAL_ISSUER
from shared.store.command import Command, Receipt
from shared.store.errors import Full, StaleVersion
from shared.web import Accepted, Body, Page, ServiceInfo, ServiceSettings, command, create_app, set_version

INFO = ServiceInfo(
    name="sample",
    title="Sample",
    summary="A service for tests",
    description="Every kind of route and of failure.",
    version="1.2.3",
    publishes=agenda.EVENTS,
    consumes=(agreements.AgreementSigned,),
)


class Settings(ServiceSettings):
    http_port: int = Field(default=8199, ge=1, le=65535)


class Kind(StrEnum):
    VISIT = "visit"
    SIGNING = "signing"


class Stop(Body):
    city: Annotated[str, Field(min_length=2, max_length=20)]
    arrives: AwareDatetime


class Trip(Body):
    title: Annotated[str, Field(min_length=3)]
    kind: Kind
    people: Annotated[int, Field(ge=1, le=50)]
    day: date
    stops: Annotated[list[Stop], Field(min_length=1, max_length=3)]
    urgent: bool = False
    signed: PartialDate | None = None


TRIP: dict[str, Any] = {
    "title": "To Lyon",
    "kind": "visit",
    "people": 3,
    "day": "2026-05-04",
    "stops": [{"city": "Lyon", "arrives": "2026-05-04T10:00:00+02:00"}],
}

router = APIRouter(prefix="/v1/trips", tags=["trips"], dependencies=[allow(Action.FEED_READ)])
seen: list[Command] = []


@router.get("")
async def list_trips(limit: Annotated[int, Query(ge=1, le=100)] = 50) -> Page[str]:
    """The trips."""
    return Page(items=["one"] * min(limit, 2), next=None)


@router.post("", status_code=201)
async def plan_trip(
    body: Trip, context: Annotated[Command, command("plan-trip")], response: Response
) -> Accepted:
    """Plan a trip."""
    seen.append(context)
    set_version(response, 3)
    return Accepted.of(Receipt(f"trip-{body.people}", 1, 7, 3))


@router.delete("/{trip_id}")
async def cancel_trip(
    trip_id: str,
    who: Annotated[Identity, allow(Action.NETWORKS_WRITE_CITY)],
    context: Annotated[Command, command("cancel-trip")],
) -> Accepted:
    """Cancel a trip."""
    assert who.subject == context.actor
    raise ForbiddenTransition(field="status", value="completed", action="cancel", allowed="—")


@router.get("/failures/{what}")
async def fail(what: str) -> Accepted:
    """Fail in the way that is asked for."""
    failures: dict[str, Exception] = {
        "missing": NotFound(field="trip_id", value="trip-9"),
        "stale": StaleVersion(field="version", value=2, current=5, difference=["title"]),
        "full": Full(field="outbox", value="trip-1", limit=500),
        "engine": ServerSelectionTimeoutError("mongodb://user:secret@db away"),
        "network": ConnectionResetError("secret"),
        "slow": TimeoutError(),
        "bug": RuntimeError("secret of Anna Rossi"),
    }
    raise failures[what]


@router.get("/stream/broken", include_in_schema=False)
async def broken_stream() -> StreamingResponse:
    """Break after the first bytes."""

    async def pieces() -> Any:
        yield b"data: 1\n\n"
        raise RuntimeError("secret")

    return StreamingResponse(pieces(), media_type="text/event-stream")


def settings(folder: Path, **changes: Any) -> Settings:
    """Settings for the keys that were made in ``folder``."""
    return Settings(
        **{
            "kafka_bootstrap_servers": "kafka.inside.example:9092",
            "mongodb_uri": "mongodb://inside.example",
            "oidc_issuer": LOCAL_ISSUER,
            "oidc_jwks": str(folder / "keys" / "jwks.json"),
            "metrics_token_file": folder / "metrics-token",
            **changes,
        }
    )


def build(made: Settings, **more: Any) -> FastAPI:
    """The application with the routes above."""
    return create_app(INFO, made, **{"routers": [router], **more})
