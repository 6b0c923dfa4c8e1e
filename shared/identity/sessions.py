"""Sessions of people at the dashboard, kept on the server side.

The browser holds a random value and MongoDB its digest, so that neither a backup nor a reader of the
database can act for anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.domain.errors import Refusal
from shared.identity.errors import no_session
from shared.identity.links import SignInLink
from shared.identity.role_map import stored_roles
from shared.identity.roles import Identity
from shared.identity.sealing import digest, fresh_secret, seal, unseal

if TYPE_CHECKING:
    from shared.identity.oidc import Grant
    from shared.store.driver import Database

_TOUCH: Final = timedelta(minutes=1)
"""How coarsely "last seen" is kept, so that reading a page is not a write."""

_RENEWAL: Final = timedelta(seconds=30)
"""How long one request has for asking the provider before the next one may."""

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
    """A person's session. ``cookie`` is the secret that the browser holds; ``until`` its absolute end.

    ``renew_at`` is when the provider that gave it is asked again; null where there is nobody to ask.
    """

    cookie: str
    identity: Identity
    until: datetime
    renew_at: datetime | None = None
    sealed: bytes | None = field(default=None, repr=False)

    def renewal_due(self, now: datetime) -> bool:
        """Whether the provider should be asked about it."""
        return self.renew_at is not None and self.renew_at <= now

    def tokens(self) -> dict[str, str | None]:
        """The provider's tokens, which only the cookie opens; none for a session by link.

        Raises ``ValueError`` where the stored ones were changed.
        """
        return {} if self.sealed is None else unseal(self.cookie, self.sealed)


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
        await self._sessions.create_index("sid", sparse=True)
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

    async def open(self, identity: Identity, now: datetime, *, grant: Grant | None = None) -> Session:
        """Open a session for an identity that was verified in another way; ``grant`` where a provider did."""
        cookie = fresh_secret()
        end = now + self._absolute
        given = _granted(cookie, grant) if grant else {}
        if grant and grant.sid:
            given["sid"] = grant.sid
        await self._sessions.insert_one(
            {
                "_id": digest(cookie),
                "subject": identity.subject,
                "client": identity.client,
                "roles": sorted(identity.roles),
                "name": identity.name,
                "seen": now,
                "until": min(now + self._idle, end),
                "end": end,
                **given,
            }
        )
        return Session(cookie, identity, end, given.get("renew_at"), given.get("sealed"))

    async def find(self, cookie: str, now: datetime, *, touch: bool = True) -> Session | None:
        """The session of a cookie, null where there is none or it has ended.

        Without ``touch`` it is looked at and not used: an open page alone keeps no session from being idle.
        """
        if not 1 <= len(cookie) <= 128:
            return None
        found = await self._sessions.find_one({"_id": digest(cookie), "until": {"$gt": now}})
        if found is None:
            return None
        if touch and now - found["seen"] >= _TOUCH:
            until = min(now + self._idle, found["end"])
            await self._sessions.update_one({"_id": found["_id"]}, {"$set": {"seen": now, "until": until}})
        return Session(cookie, _identity(found), found["end"], found.get("renew_at"), found.get("sealed"))

    async def claim_renewal(self, session: Session, now: datetime) -> bool:
        """Whether this caller is the one who asks the provider; nobody else does for half a minute."""
        changed = await self._sessions.update_one(
            {"_id": digest(session.cookie), "renew_at": session.renew_at},
            {"$set": {"renew_at": now + _RENEWAL}},
        )
        return bool(changed.modified_count)

    async def renewed(self, session: Session, grant: Grant) -> Session | None:
        """Keep what the provider gave anew; null where the session was ended meanwhile."""
        identity, given = grant.identity, _granted(session.cookie, grant)
        changed = await self._sessions.update_one(
            {"_id": digest(session.cookie)},
            {"$set": {"roles": sorted(identity.roles), "name": identity.name, **given}},
        )
        if not changed.matched_count:
            return None
        return replace(session, identity=identity, renew_at=given["renew_at"], sealed=given["sealed"])

    async def close(self, cookie: str) -> None:
        """End one session."""
        await self._sessions.delete_one({"_id": digest(cookie)})

    async def end(self, *, sid: str | None, subject: str | None) -> int:
        """End the sessions of a provider's ``sid``, or without one all of a person; the number of them."""
        if sid is None and subject is None:
            return 0
        query = {"subject": subject} if sid is None else {"sid": sid}
        return int((await self._sessions.delete_many(query)).deleted_count)

    async def close_all(self, subject: str) -> None:
        """End every session of a person."""
        await self._sessions.delete_many({"subject": subject})


def session_authenticator(
    sessions: Callable[[], Sessions],
    cookie_name: Callable[[Request], str],
    renew: Callable[[Session, datetime], Awaitable[Session | None]] | None = None,
) -> Callable[[Request], Awaitable[Identity | None]]:
    """Reads the session cookie; what changes anything must come from a page of the same origin.

    ``sessions`` is asked at every request, because the store opens only when the service starts; ``renew``
    gives the session as its provider sees it now. Raises ``CrossSite``, and ``Unauthenticated`` for a cookie
    that opens nothing.
    """

    async def authenticate(request: Request) -> Identity | None:
        cookie = request.cookies.get(cookie_name(request))
        now = datetime.now(UTC)
        session = await sessions().find(cookie, now) if cookie else None
        if session is not None and renew is not None:
            session = await renew(session, now)
        if session is None:
            if cookie:
                raise no_session()
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


def _granted(cookie: str, grant: Grant) -> dict[str, Any]:
    return {"renew_at": grant.renew_at, "sealed": seal(cookie, grant.kept())}


def _identity(found: dict[str, Any]) -> Identity:
    return Identity(
        subject=found["subject"],
        client=found["client"],
        roles=stored_roles(found["roles"]),
        name=found["name"],
    )
