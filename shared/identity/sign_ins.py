"""Sign-ins on their way: what must be the same when the browser comes back from the provider.

Each lies in MongoDB under the digest of its ``state``, sealed with a secret that only the browser which began
it holds in a short-lived cookie. It is taken once: a callback that is sent again finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.identity.sealing import digest, fresh_secret, seal, unseal

if TYPE_CHECKING:
    from shared.store.driver import Database

PATIENCE: Final = timedelta(minutes=10)
"""How long a person may take at the provider."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in. ``browser`` goes into the cookie, ``state`` and ``nonce`` to the provider."""

    next: str
    state: str = field(default_factory=fresh_secret)
    nonce: str = field(default_factory=fresh_secret, repr=False)
    verifier: str = field(default_factory=fresh_secret, repr=False)
    browser: str = field(default_factory=fresh_secret, repr=False)


class SignIns:
    """The collections ``sign_ins`` and ``used_logouts``."""

    def __init__(self, database: Database) -> None:
        self._pending = database["sign_ins"]
        self._logouts = database["used_logouts"]

    async def prepare(self) -> None:
        """Make the indexes; MongoDB itself removes what is over."""
        await self._pending.create_index("until", expireAfterSeconds=0)
        await self._logouts.create_index("until", expireAfterSeconds=0)

    async def begin(self, sign_in: SignIn, now: datetime) -> None:
        """Keep it until the browser comes back."""
        content = {"next": sign_in.next, "nonce": sign_in.nonce, "verifier": sign_in.verifier}
        await self._pending.insert_one(
            {
                "_id": digest(sign_in.state),
                "browser": digest(sign_in.browser),
                "sealed": seal(sign_in.browser, content),
                "until": now + PATIENCE,
            }
        )

    async def take(self, state: str, browser: str, now: datetime) -> SignIn | None:
        """The sign-in of this state that this browser began, once; null where there is none."""
        found = await self._pending.find_one_and_update(
            {"_id": digest(state), "browser": digest(browser), "until": {"$gt": now}, "taken": None},
            {"$set": {"taken": now}, "$unset": {"sealed": ""}},
        )
        if found is None:
            return None
        content = unseal(browser, found["sealed"])
        return SignIn(
            next=content["next"] or "/",
            state=state,
            nonce=content["nonce"] or "",
            verifier=content["verifier"] or "",
            browser=browser,
        )

    async def logout_used(self, token_id: str) -> bool:
        """Whether a logout token was carried out before, in any replica."""
        return await self._logouts.find_one({"_id": digest(token_id)}) is not None

    async def note_logout(self, token_id: str, until: datetime) -> None:
        """Remember that a logout token was carried out, until it holds no longer."""
        await self._logouts.update_one(
            {"_id": digest(token_id)}, {"$setOnInsert": {"until": until}}, upsert=True
        )
