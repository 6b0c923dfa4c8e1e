"""Sessions of people at the dashboard, kept on the server side.

The browser holds a random value and MongoDB its digest, so that neither a backup nor a reader of the
database can act for anybody.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.domain.errors import Refusal
from shared.identity.links import SignInLink
from shared.identity.roles import Identity, Role

if TYPE_CHECKING:
    from shared.store.driver import Database

_TOUCH: Final = timedelta(minutes=1)
"""How coarsely "last seen" is kept, so that reading a page is not a write."""

_DUPLICATE: Final = 11000


class LinkUsed(Refusal):
    """The link has opened a session before."""

    code = "link-used"
    status = 401
    title: ClassVar[dict[str, str]] = {"en": "Link already used", "it": "Link già usato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "A sign-in link works once; ask for a new one with `ponte link`.",
        "it": "Un link di accesso vale una sola volta; ottenerne uno nuovo con `ponte link`.",
    }


class CrossSite(Refusal):
    """Another site's page tried to act with this browser's session."""

    code = "cross-site"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Not allowed", "it": "Non consentito"}
    rule: ClassVar[dict[str, str]] = {
        "en": "A page of another site may not send this request.",
        "it": "Una pagina di un altro sito non può inviare questa richiesta.",
    }


@dataclass(frozen=True, slots=True)
class Session:
    """A person's session. ``cookie`` is the secret that the browser holds; ``until`` its absolute end."""

    cookie: str
    identity: Identity
    until: datetime


class Sessions:
    """Sessions in the collection ``sessions`` and the ids of used links in ``used_links``.

    A session ends after ``idle`` without a request and at the latest after ``absolute``.
    """

    def __init__(
        self,
        database: Database,
        *,
        idle: timedelta = timedelta(hours=2),
        absolute: timedelta = timedelta(hours=12),
    ) -> None:
        self._sessions = database["sessions"]
        self._links = database["used_links"]
        self._idle = idle
        self._absolute = absolute

    async def prepare(self) -> None:
        """Make the indexes; MongoDB itself removes what has ended."""
        await self._sessions.create_index("until", expireAfterSeconds=0)
        await self._sessions.create_index("subject")
        await self._links.create_index("until", expireAfterSeconds=0)

    async def redeem(self, link: SignInLink, now: datetime) -> Session:
        """Open a session with a verified link. Raises ``LinkUsed`` the second time, in any replica."""
        try:
            await self._links.insert_one({"_id": link.link_id, "until": link.until})
        except Exception as error:
            if getattr(error, "code", None) == _DUPLICATE:
                raise LinkUsed(field="link", value=None) from None
            raise
        return await self.open(link.identity, now)

    async def open(self, identity: Identity, now: datetime) -> Session:
        """Open a session for an identity that was verified in another way."""
        cookie = secrets.token_urlsafe(32)
        end = now + self._absolute
        await self._sessions.insert_one(
            {
                "_id": _digest(cookie),
                "subject": identity.subject,
                "client": identity.client,
                "roles": sorted(identity.roles),
                "name": identity.name,
                "seen": now,
                "until": min(now + self._idle, end),
                "end": end,
            }
        )
        return Session(cookie, identity, end)

    async def find(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie, null where there is none or it has ended."""
        if not 1 <= len(cookie) <= 128:
            return None
        found = await self._sessions.find_one({"_id": _digest(cookie), "until": {"$gt": now}})
        if found is None:
            return None
        if now - found["seen"] >= _TOUCH:
            until = min(now + self._idle, found["end"])
            await self._sessions.update_one({"_id": found["_id"]}, {"$set": {"seen": now, "until": until}})
        return Session(cookie, _identity(found), found["end"])

    async def close(self, cookie: str) -> None:
        """End one session."""
        await self._sessions.delete_one({"_id": _digest(cookie)})

    async def close_all(self, subject: str) -> None:
        """End every session of a person."""
        await self._sessions.delete_many({"subject": subject})


def session_authenticator(
    sessions: Callable[[], Sessions], cookie_name: str
) -> Callable[[Request], Awaitable[Identity | None]]:
    """Reads the session cookie; what changes anything must come from a page of the same origin.

    ``sessions`` is asked at every request, because the store opens only when the service starts. Raises
    ``CrossSite``.
    """

    async def authenticate(request: Request) -> Identity | None:
        cookie = request.cookies.get(cookie_name)
        session = await sessions().find(cookie, datetime.now(UTC)) if cookie else None
        if session is None:
            return None
        if request.method not in {"GET", "HEAD"} and not same_origin(request):
            raise CrossSite(field="Origin", value=request.headers.get("origin"))
        return session.identity

    return authenticate


def same_origin(request: Request) -> bool:
    """Whether a page of this very origin sent the request; the browser says so, and no page can forge it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


def _digest(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()


def _identity(found: dict[str, Any]) -> Identity:
    known = {role.value for role in Role}
    return Identity(
        subject=found["subject"],
        client=found["client"],
        roles=frozenset(Role(word) for word in found["roles"] if word in known),
        name=found["name"],
    )
