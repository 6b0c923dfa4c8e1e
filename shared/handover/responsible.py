"""Who answers for what a request enters, and the index by which what somebody answers for is found."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from pydantic import TypeAdapter, ValidationError

from shared.contracts.substitutions import UserId
from shared.domain.responsible import FIELD
from shared.identity.roles import Identity, Role
from shared.store.driver import Collection

_USER_ID: Final[TypeAdapter[str]] = TypeAdapter(UserId)

ResponsibleFilter = Annotated[
    UserId | None, Query(description="The opaque id of who answers for it", examples=["8c1f0b52"])
]


def responsible_for(who: Identity) -> str | None:
    """Who answers for what the caller enters: the person acted for, else the caller; for a program nobody."""
    if Role.INTEGRATION in who.roles:
        return None
    try:
        return _USER_ID.validate_python(who.on_behalf_of or who.subject)
    except ValidationError:
        return None  # an id that nobody could put into a header or a filter


async def by_responsible(collection: Collection) -> None:
    """Make the index; records for which nobody in particular answers are not in it."""
    field = f"state.{FIELD}"
    await collection.create_index([(field, 1)], name=FIELD, partialFilterExpression={field: {"$gt": ""}})
