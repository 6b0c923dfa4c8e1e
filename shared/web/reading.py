"""How every unit's API answers about its aggregates: one, a page, a history, a receipt."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from shared.store.command import Command, Receipt
from shared.store.document import Loaded
from shared.store.events import derived_id
from shared.store.repository import Repository
from shared.web.envelopes import Accepted, Page, set_version

S = TypeVar("S", bound=BaseModel)
T = TypeVar("T")

Int64 = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]

After = Annotated[
    str | None, Query(max_length=80, description="The `next` of the page before; left out: the first page")
]
Limit = Annotated[
    int, Query(ge=1, le=200, description="How many at most", json_schema_extra={"format": "int32"})
]


def _written(value: object) -> object:
    """Without this a number would be taken for seconds since 1970."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and _RFC3339.match(value)):
        raise PydanticCustomError("datetime_parsing", "must be a date and time as in RFC 3339")
    return value


def _of_the_calendar(moment: datetime) -> datetime:
    """In UTC, where the first and the last day of the calendar have no such hour."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_parsing", "must be a date and time as in RFC 3339") from None


_RFC3339: Final = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")

When = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_of_the_calendar)]
"""A moment in a request, in the form that the document states."""


class Record(BaseModel, Generic[T]):
    """Something with the place where it stands; ``version`` goes back in ``If-Match``."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: Int64
    epoch: Int64
    sequence: Int64
    data: T


class HistoryEntry(BaseModel):
    """One event of an aggregate, as it is published today."""

    model_config = ConfigDict(frozen=True)

    epoch: Int64
    sequence: Int64
    type: str
    time: datetime
    actor: str = Field(description="Opaque id of who caused it")
    command: str
    data: dict[str, Any]


def record(loaded: Loaded[S], show: Callable[[S], T]) -> Record[T]:
    """What was loaded, with ``show`` choosing what of the state may be seen."""
    return Record(
        id=loaded.subject,
        version=loaded.version,
        epoch=loaded.epoch,
        sequence=loaded.sequence,
        data=show(loaded.state),
    )


async def page(
    repository: Repository[S],
    show: Callable[[S], T],
    *,
    after: str | None,
    limit: int,
    where: dict[str, Any] | None = None,
) -> Page[Record[T]]:
    """Up to ``limit`` aggregates by id; ``where`` filters on state fields."""
    found = await repository.page(after=after, limit=limit + 1, where=where)
    following = found[limit - 1].subject if len(found) > limit else None
    return Page(items=[record(one, show) for one in found[:limit]], next=following)


async def history(repository: Repository[S], subject: str) -> Page[HistoryEntry]:
    """Every event of the aggregate in order. Raises ``NotFound``."""
    events = await repository.history(subject)
    return Page(items=[HistoryEntry.model_validate(event) for event in events])


def new_id(prefix: str, command: Command) -> str:
    """The id of what ``command`` creates: the same one whenever it is sent again with its key."""
    if command.key is None:
        return f"{prefix}-{token_hex(10)}"
    return derived_id(prefix, command.client, command.name, command.key)


def accepted(receipt: Receipt, response: Response) -> Accepted:
    """The receipt as an answer, with the new version as its ``ETag``."""
    set_version(response, receipt.version)
    return Accepted.of(receipt)
