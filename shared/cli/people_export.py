"""Everything about a person of all services, in one file that only its owner may read.

Until it is whole it lies beside as ``FILE.part``, a page a line; so an interrupted export goes on from there.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from shared.cli.errors import UserError
from shared.cli.people_calls import People, each
from shared.cli.people_whom import Whom
from shared.cli.progress import NamedBars

PART: Final = ".part"
_OWNER_ONLY: Final = 0o600


class Part:
    """The pages that are there already, and those that come."""

    def __init__(self, file: Path, whom: Whom) -> None:
        """Raises ``UserError`` where the file has begun as another person's."""
        self.path = file.with_name(file.name + PART)
        self._mark = whom.key("export")
        self.items: dict[str, list[Any]] = {}
        self.next: dict[str, str | None] = {}
        self.looked_at: dict[str, int] = {}
        self._file = self._open()

    def add(self, service: str, page: Mapping[str, Any]) -> None:
        """Keep a page."""
        line = json.dumps({"service": service, **page}, ensure_ascii=False)
        self._file.write(line + "\n")
        self._file.flush()
        self._take(service, page)

    def close(self) -> None:
        """Let go of the file; the pages stay."""
        self._file.close()

    def remove(self) -> None:
        """The export is whole, and the pages are in it."""
        self._file.close()
        self.path.unlink()

    def done(self, service: str) -> bool:
        """Whether there is no further page of the service."""
        return service in self.next and self.next[service] is None

    def _take(self, service: str, page: Mapping[str, Any]) -> None:
        self.items.setdefault(service, []).extend(page["items"])
        self.looked_at[service] = self.looked_at.get(service, 0) + page["looked_at"]
        self.next[service] = page["next"]

    def _open(self) -> IO[str]:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        file = os.fdopen(descriptor, "r+", encoding="utf-8")
        whole = 0
        for number, line in enumerate(iter(file.readline, "")):
            if not line.endswith("\n"):
                break  # torn when it was interrupted: that page is asked for again
            told = json.loads(line)
            if number == 0 and told.get("whom") != self._mark:
                file.close()
                raise UserError(f"{self.path} is the beginning of another person's export: move it away.")
            if number > 0:
                self._take(told["service"], told)
            whole = file.tell()
        file.seek(whole)
        file.truncate()
        if whole == 0:
            file.write(json.dumps({"whom": self._mark}) + "\n")
        return file


async def export(people: People, whom: Whom, file: Path, stop: asyncio.Event) -> dict[str, int] | None:
    """Write the file; how many places each service has told of, null where ``stop`` came before the end.

    Raises ``UserError`` for a file that is there, and for a service that refuses or is away.
    """
    part = _begin(file, whom)
    try:
        registers: dict[str, Any] = {}
        with NamedBars() as bars:
            await each(_of(people, service, whom, part, registers, bars, stop) for service in people.services)
        if not all(part.done(service) and service in registers for service in people.services):
            return None
        _write(file, whom, part, registers)
        part.remove()
        return {service: len(part.items.get(service, ())) for service in people.services}
    finally:
        part.close()


def _begin(file: Path, whom: Whom) -> Part:
    if file.exists():
        raise UserError(f"{file} is there already: move it away, or name another one.")
    try:
        return Part(file, whom)
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}.") from None


async def _of(
    people: People,
    service: str,
    whom: Whom,
    part: Part,
    registers: dict[str, Any],
    bars: NamedBars,
    stop: asyncio.Event,
) -> None:
    while not part.done(service) and not stop.is_set():
        body = {**whom.body(), "after": part.next.get(service)}
        page = await people.post(service, "/v1/people/export", body)
        part.add(service, {name: page[name] for name in ("items", "next", "looked_at")})
        looked_at = part.looked_at[service]
        bars.at(service, looked_at, max(looked_at, page["documents"]) if page["next"] else looked_at)
    if not stop.is_set():
        registers[service] = (await people.get(service, "/v1/people/register") or {"items": []})["items"]


def _write(file: Path, whom: Whom, part: Part, registers: Mapping[str, Any]) -> None:
    """The whole document, at once: nobody takes half a file for an answer."""
    document = {
        "about": whom.body(),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "services": [
            {"service": name, "places": part.items.get(name, []), "activities": _used(part, name, register)}
            for name, register in registers.items()
        ],
    }
    fresh = file.with_name(file.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(document, out, ensure_ascii=False, indent=1)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _used(part: Part, service: str, register: list[Any]) -> list[Any]:
    """Why the person's data is kept: the activities that the places belong to."""
    keys = {place["activity"] for place in part.items.get(service, ())}
    return [activity for activity in register if activity["key"] in keys]
