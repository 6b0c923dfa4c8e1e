"""One row of the audit trail as it is told: a change, a refusal or a reading, in one shape."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ERASED_TEXT, Moment
from shared.store.audit_rows import audit_of
from shared.store.driver import Document
from shared.store.events import public_body
from shared.web.reading import Int64


class AuditKind(StrEnum):
    """What a row tells."""

    CHANGE = "change"
    REFUSAL = "refusal"
    READING = "reading"


class AuditChange(BaseModel):
    """One field that was changed; a field of a part is named with it, such as `agreement.title`."""

    model_config = ConfigDict(frozen=True)

    field: str
    before: Any = Field(description=f"The value; null: there was none; `{ERASED_TEXT}`: it was erased")
    after: Any = Field(description=f"The value; null: there is none; `{ERASED_TEXT}`: it was erased")


class AuditItem(BaseModel):
    """A row of the audit trail. What its kind has not is null."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: AuditKind
    at: Moment
    service: str
    subject: str | None = Field(default=None, description="Id of what was changed, refused or read")
    epoch: Int64 | None = None
    sequence: Int64 | None = None
    version: Int64 | None = Field(default=None, description="The save that the change came with")
    type: str | None = Field(default=None, description="Type of the event that told the change")
    command: str | None = None
    actor: str | None = Field(default=None, description="Opaque id of who acted; `service:NAME` by itself")
    on_behalf_of: str | None = Field(default=None, description="Opaque id of the person acted for")
    client: str | None = Field(default=None, description="The program, and who used it")
    origin: str | None = Field(default=None, description="Network address of the caller")
    changes: list[AuditChange] = []
    reason: str | None = Field(default=None, description="Why: as it was given, or the rule that refused")
    action: str | None = Field(default=None, description="Of the table of rights")
    route: str | None = None
    method: str | None = None
    status: Int64 | None = Field(default=None, description="HTTP status of the answer")
    hash: str


def of_event(event: Document, service: str) -> AuditItem:
    """A change, from the stored event that told it."""
    audit = audit_of(event)
    same = ("subject", "epoch", "sequence", "version", "type", "command", "actor", "client", "hash")
    return AuditItem(
        id=event["_id"],
        kind=AuditKind.CHANGE,
        at=event["time"],
        service=service,
        on_behalf_of=audit["on_behalf_of"],
        origin=audit["origin"],
        changes=[AuditChange(**each) for each in audit["changes"]],
        reason=_reason(event, audit),
        **{name: event[name] for name in same},
    )


def of_entry(entry: Document, service: str) -> AuditItem:
    """A refusal or a reading, from the entry of the trail with its values."""
    same = ("actor", "on_behalf_of", "client", "origin", "subject", "reason", "action", "route", "method")
    told: dict[str, Any] = {name: entry.get(name) for name in same}
    return AuditItem(
        id=entry["_id"],
        kind=AuditKind(entry["kind"]),
        at=entry["at"],
        service=service,
        status=entry["status"],
        hash=entry["hash"],
        **told,
    )


def _reason(event: Document, audit: Document) -> str | None:
    """Where one was given, what was changed has it (also of a reserved mission), or the event itself."""
    for change in audit["changes"]:
        if change["field"].rpartition(".")[2] == "reason" and isinstance(change["after"], str):
            return change["after"]
    told = public_body(event).get("reason")
    return told if isinstance(told, str) else None
