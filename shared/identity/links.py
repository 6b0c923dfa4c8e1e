"""One-time sign-in links: what the dashboard checks before it opens a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.identity.errors import bad_token
from shared.identity.keys import KeySet
from shared.identity.roles import Identity
from shared.identity.tokens import LEEWAY, TokenVerifier, identity_from

LOCAL_ISSUER: Final = "urn:ponte:local"
"""Who signs in a local run. With another issuer there are no links: people sign in there."""

LINK_AUDIENCE: Final = "ponte-sign-in"
"""A link's token opens a session and nothing else: no API takes it, and no API token opens a session."""


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link that holds. ``link_id`` may be used once; until ``until`` it must be remembered as used."""

    link_id: str
    identity: Identity
    until: datetime


def link_verifier(jwks: str, issuer: str) -> TokenVerifier:
    """Verifies links with the keys of ``jwks``; under any issuer but the local run's own, none holds."""
    return TokenVerifier(
        KeySet(jwks), issuer=LOCAL_ISSUER if issuer == LOCAL_ISSUER else "", audience=LINK_AUDIENCE
    )


async def verify_link(verifier: TokenVerifier, token: str) -> SignInLink:
    """The link that ``token`` is.

    Raises ``Unauthenticated`` for one that does not hold, ``KeysUnavailable`` if that cannot be judged. That
    it was not used before is seen by ``Sessions.redeem``.
    """
    claims = await verifier.claims(token)
    link_id = claims.get("jti")
    if not isinstance(link_id, str) or not 1 <= len(link_id) <= 64:
        raise bad_token("it has no id", "non ha un identificativo")
    expires = datetime.fromtimestamp(float(claims["exp"]), UTC)
    return SignInLink(link_id, identity_from(claims), expires + timedelta(seconds=LEEWAY))
