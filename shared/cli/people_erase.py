"""Erasing somebody in every service, refusing to, and how far that is."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from shared.cli.errors import UserError
from shared.cli.people_calls import People, each
from shared.cli.people_whom import Whom
from shared.cli.progress import NamedBars

Told = dict[str, Any]

DONE: Final = "done"
REFUSED: Final = "refused"
_LOOK_S: Final = 0.5
_COUNTS: Final = {
    "subjects": "records",
    "values": "values of earlier events",
    "letters": "messages",
    "documents": "other documents",
}


async def erase(people: People, whom: Whom, reason: str, stop: asyncio.Event) -> dict[str, Told]:
    """Have every service erase the person, and wait until each has, or ``stop`` is set.

    The request has a key that the person and the reason make, so asking again is asking for the same. Raises
    ``UserError`` naming a service that refuses or does not answer; the others have taken it up.
    """
    body, key = {**whom.body(), "reason": reason}, f"privacy-erase-{whom.key('erase', reason)}"

    async def asked(service: str) -> tuple[str, Told]:
        return service, await people.post(service, "/v1/people/erasures", body, key)

    told = dict(await each(asked(service) for service in people.services))
    return await wait(people, told, stop)


async def refuse(people: People, whom: Whom, ground: str, reason: str) -> dict[str, Told]:
    """Note in every service that the request is refused, and why. Raises as ``erase``."""
    body = {**whom.body(), "legal_ground": ground, "reason": reason}
    key = f"privacy-refuse-{whom.key('refuse', ground, reason)}"

    async def asked(service: str) -> tuple[str, Told]:
        return service, await people.post(service, "/v1/people/refusals", body, key)

    return dict(await each(asked(service) for service in people.services))


async def look(people: People, erasure_id: str) -> dict[str, Told | None]:
    """How far it is in every service; null where it was never asked for. Raises as ``erase``."""

    async def looked(service: str) -> tuple[str, Told | None]:
        return service, await people.get(service, f"/v1/people/erasures/{erasure_id}")

    return dict(await each(looked(service) for service in people.services))


async def wait(people: People, told: dict[str, Told], stop: asyncio.Event) -> dict[str, Told]:
    """Ask until every service is done; what each has said last."""
    with NamedBars() as bars:
        while True:
            for service, row in told.items():
                bars.at(f"{service}: {row['state']}", sum(row[name] for name in _COUNTS), None)
            open_ = [service for service, row in told.items() if row["state"] not in {DONE, REFUSED}]
            if not open_ or stop.is_set():
                return told
            await asyncio.sleep(_LOOK_S)

            async def looked(service: str, erasure_id: str) -> tuple[str, Told]:
                row = await people.get(service, f"/v1/people/erasures/{erasure_id}")
                if row is None:
                    raise UserError(f"{service}: it knows nothing of {erasure_id} any more.")
                return service, row

            told |= dict(await each(looked(service, told[service]["erasure_id"]) for service in open_))


def lines(told: dict[str, Told | None]) -> Sequence[str]:
    """One line a service, and one for each place where something has to stay."""
    found: list[str] = []
    for service, row in told.items():
        if row is None:
            found.append(f"{service}: not asked for")
            continue
        counts = ", ".join(f"{row[name]} {what}" for name, what in _COUNTS.items() if row[name])
        waits = f"; it waits for {row['waits_for']}" if row.get("waits_for") else ""
        ground = f"; {row['legal_ground']}" if row.get("legal_ground") else ""
        state = row["state"] + (f": {counts or 'nothing was there'}" if row["state"] == DONE else "")
        found.append(f"{service}: {state}{waits}{ground}")
        found += [f"{service}: cannot be taken out of {place}" for place in row.get("kept", ())]
    return found


def the_id(told: dict[str, Told]) -> str:
    """Under which id the services know of it: one for all, since all were asked with one key.

    Raises ``UserError`` where they were asked by different people, such as with another token.
    """
    ids = sorted({row["erasure_id"] for row in told.values()})
    if len(ids) != 1:
        raise UserError(f"the services know it under different ids: {', '.join(ids)}.")
    return str(ids[0])
