"""The signed-in person's own access token, with which the pages ask the units for that person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import AUDIENCE, key_id
from shared.identity.roles import Identity
from shared.identity.sessions import Session

VALID: Final = timedelta(minutes=2)
"""How long a token for a link's session holds: one request and what it streams, not the session."""

PAGES: Final = "ponte-dashboard"
"""The program that such a token names."""


class OwnTokens:
    """Gives each session the token that says to a unit who asks.

    With an identity provider it is the access token that the provider gave at the sign-in or at its last
    renewal. A session by link has none; only a local run, whose keys are its own, hands over ``link_key``,
    and then a token of two minutes says what the session says: the same person, the same roles.
    """

    def __init__(self, link_key: Ed25519PrivateKey | None = None) -> None:
        self._link_key = link_key

    def of(self, session: Session, now: datetime | None = None) -> str | None:
        """The session's token; null where it has none. Raises ``ValueError`` where a stored one was changed.

        A token of the provider may have run out while the provider was away: the unit says so.
        """
        if session.sealed is not None:
            return session.tokens().get("access")
        if self._link_key is None:
            return None
        return _signed(self._link_key, session.identity, now or datetime.now(UTC))


def _signed(key: Ed25519PrivateKey, identity: Identity, now: datetime) -> str:
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": AUDIENCE,
        "sub": identity.subject,
        "azp": PAGES,
        "iat": now,
        "exp": now + VALID,
        "jti": str(uuid4()),
        "roles": sorted(identity.roles),
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": key_id(key)})
