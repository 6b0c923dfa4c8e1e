"""Which replica does what one of them is enough for, by the server's clock."""

from __future__ import annotations

import secrets
from contextlib import suppress

from shared.store.driver import AWAY, Collection, DuplicateKeyError


class Lease:
    """A document of ``meta`` that one replica renews.

    It saves work and protects nothing: what two do who both think that they have it has to be right.
    """

    def __init__(self, meta: Collection, name: str) -> None:
        self._meta = meta
        self._name = name
        self._token = secrets.token_hex(8)

    async def held(self, seconds: float) -> bool:
        """Take or renew it; another's that is older than ``seconds`` counts for nothing."""
        mine = {
            "$or": [
                {"token": self._token},
                {"$expr": {"$lt": ["$at", {"$subtract": ["$$NOW", int(seconds * 1000)]}]}},
            ]
        }
        renewed = {"$set": {"token": self._token}, "$currentDate": {"at": True}}
        if await self._meta.find_one_and_update({"_id": self._name, **mine}, renewed) is not None:
            return True
        try:
            await self._meta.update_one({"_id": self._name, "token": self._token}, renewed, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def give_back(self) -> None:
        """Another may take it at once; where MongoDB is away it ends by its age."""
        with suppress(*AWAY):
            await self._meta.delete_one({"_id": self._name, "token": self._token})
