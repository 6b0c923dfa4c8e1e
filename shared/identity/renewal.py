"""Asks the provider about a session each time its access token is about to end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from shared.identity.errors import KeysUnavailable
from shared.identity.metrics import RENEWALS
from shared.identity.oidc import OidcClient, SessionOver
from shared.identity.provider import ProviderUnavailable
from shared.identity.sessions import Session, Sessions

log = logging.getLogger(__name__)


class Renewal:
    """Renews a session's tokens at use, and with them what the person may do.

    So who was locked out or lost a group at the provider loses it here as soon as the access token ends, also
    with a provider that sends no logout tokens. Of several requests at once, in any replica, one asks; the
    others go on with what is known, which holds for a minute more.
    """

    def __init__(self, sessions: Callable[[], Sessions], client: OidcClient) -> None:
        self._sessions = sessions
        self._client = client

    async def __call__(self, session: Session, now: datetime) -> Session | None:
        """The session as it is now; null where the provider says that it is over.

        While the provider is away a session goes on until its own limits: an outage there must not sign out
        the whole office, and no limit is ever moved by it.
        """
        if not session.renewal_due(now) or not await self._sessions().claim_renewal(session, now):
            return session
        try:
            grant = await self._client.renew(session.tokens(), session.identity, now)
        # What cannot be unsealed any more was changed by somebody, and opens nothing.
        except (SessionOver, ValueError):
            RENEWALS.labels("ended").inc()
            await self._sessions().close(session.cookie)
            return None
        except (ProviderUnavailable, KeysUnavailable):
            RENEWALS.labels("unavailable").inc()
            return session
        if grant is None:
            return session
        RENEWALS.labels("ok").inc()
        return await self._sessions().renewed(session, grant)
