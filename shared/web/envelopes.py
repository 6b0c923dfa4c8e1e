"""The shapes that every API shares: bodies in, receipts and pages out."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from shared.store.command import Receipt

T = TypeVar("T")


class Body(BaseModel):
    """The base of every request body: an unknown field is refused, texts are stripped, values are frozen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Accepted(BaseModel):
    """The answer to a command: where the aggregate stands after it.

    A page can wait for (``subject``, ``epoch``, ``sequence``) to know that it sees this change. ``replayed``:
    the same request had been carried out before. ``changed``: false where nothing had to change.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    epoch: int = Field(ge=0, json_schema_extra={"format": "int64"})
    sequence: int = Field(ge=0, json_schema_extra={"format": "int64"})
    version: int = Field(ge=0, json_schema_extra={"format": "int64"})
    replayed: bool
    changed: bool

    @classmethod
    def of(cls, receipt: Receipt) -> Accepted:
        """The receipt of the store as an answer."""
        return cls(
            subject=receipt.subject,
            epoch=receipt.epoch,
            sequence=receipt.sequence,
            version=receipt.version,
            replayed=receipt.replayed,
            changed=receipt.changed,
        )


class Page(BaseModel, Generic[T]):
    """One page of a list. ``next`` is what to pass as ``after`` for the following page; null at the end."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = None


def etag(version: int) -> str:
    """The ETag of a version, as ``If-Match`` takes it back."""
    return f'"{version}"'


def set_version(response: Response, version: int) -> None:
    """Put the version of what is answered into the ``ETag`` header."""
    response.headers["ETag"] = etag(version)
