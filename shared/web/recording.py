"""What of a request goes into the trail: refusals and readings of what is reserved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from shared.identity.access import identity_of
from shared.store.trail import Entry, Kind
from shared.store.trail_writer import Trail
from shared.web.routes import RouteTable

_SUBJECT_KEY: Final = "ponte.subject"
_OWN_ID: Final = re.compile(r"(?=[^/]*\d)(?:[a-z]{1,20}-){0,3}[0-9a-f-]{1,40}")
"""How Ponte makes ids: ``mission-3f9c2ab34d5e6f708192``."""


class Recorder:
    """Makes entries of requests. Nothing of a query, a header or a body gets into one.

    ``trail`` is null where an application keeps none.
    """

    def __init__(self, trail: Trail | None, routes: RouteTable) -> None:
        self._trail = trail
        self._routes = routes

    def refused(self, scope: Scope, *, status: int, reason: str, subject: str | None = None) -> None:
        """Note a refusal; ``reason`` is a stable word. Costs the caller no time."""
        if self._trail is not None:
            place = self._routes.place(scope)
            about = subject or scope.get(_SUBJECT_KEY) or _own(place.subject)
            self._trail.note(
                self._entry(Kind.REFUSAL, scope, place.action, place.route, reason, status, about)
            )

    async def read(self, scope: Scope, action: str, subjects: Iterable[str]) -> None:
        """Record that the answer shows ``subjects``, before it leaves. Raises ``Unavailable``."""
        if self._trail is not None:
            route = self._routes.name(scope)
            await self._trail.record(
                [self._entry(Kind.READING, scope, action, route, "reserved", 200, each) for each in subjects]
            )

    def _entry(
        self, kind: Kind, scope: Scope, action: str, route: str, reason: str, status: int, subject: str | None
    ) -> Entry:
        identity = identity_of(scope)
        return Entry(
            kind=kind,
            origin=(scope.get("client") or ("unknown", 0))[0],
            action=action,
            route=route,
            method=scope["method"],
            reason=reason,
            status=status,
            actor=identity.subject if identity is not None else None,
            on_behalf_of=identity.on_behalf_of if identity is not None else None,
            client=identity.client if identity is not None else None,
            subject=subject,
        )


def _own(ids: str | None) -> str | None:
    """The ids of an address; null where the caller made one up, who may have typed a name or a secret."""
    return ids if ids and all(map(_OWN_ID.fullmatch, ids.split("/"))) else None


def about(request: Request, subject: str) -> None:
    """Say what the request is about, where its address does not have the id."""
    request.scope[_SUBJECT_KEY] = subject


async def note_reading(request: Request, action: str, *subjects: str) -> None:
    """Record that this answer shows what is reserved, before it leaves. Raises ``Unavailable``.

    ``action`` is the right by which it is shown, ``subjects`` the ids; without any nothing is recorded.
    """
    if subjects:
        await _recorder(request).read(request.scope, action, subjects)


def note_refusal(request: Request, reason: str, subject: str) -> None:
    """Note that a part of this request was refused, although its answer is no error."""
    _recorder(request).refused(request.scope, status=403, reason=reason, subject=subject)


def _recorder(request: Request) -> Recorder:
    recorder: Recorder = request.app.state.recorder
    return recorder
