"""The work of `ponte dead-letters requeue` and `discard`: messages to a service's own replay topic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import typer

from shared.cli.connection import Connection, Where, connected, known_services, need_topics, the_service
from shared.cli.errors import UserError
from shared.cli.progress import Bar
from shared.cli.stopping import INTERRUPTED, stop_asked
from shared.cli.times import bounds
from shared.messaging.dead_letters import DeadLetters, which
from shared.messaging.letters import DISCARDED, OWN, RELEASED, REQUEUED, LetterStatus, record_of
from shared.messaging.topics import replay_topic

MANY: Final = 100_000
"""Letters that one command requeues at most; the next one goes on."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the options leave."""

    services: Sequence[str]
    reason: str | None
    topic: str | None
    subject: str | None
    since: datetime | None
    until: datetime | None
    status: Sequence[LetterStatus]

    def where(self, at: Where) -> dict[str, Any]:
        """As MongoDB's filter; a topic is named without the installation's prefix."""
        return which(
            reason=self.reason,
            topic=self.topic and at.topic(self.topic),
            subject=self.subject,
            status=self.status,
            since=self.since,
            until=self.until,
        )


def filters(
    service: str | None,
    reason: str | None,
    topic: str | None,
    subject: str | None,
    since: str | None,
    until: str | None,
    *,
    status: Sequence[LetterStatus],
) -> Filters:
    """The options as filters. Raises ``UserError`` for bounds that nothing can meet."""
    services = known_services() if service is None else [the_service(service)]
    return Filters(services, reason, topic, subject, *bounds(since, until), status)


async def find(connection: Connection, key: str, service: str | None) -> list[tuple[str, dict[str, Any]]]:
    """The letters of that id: several services may have set the same message aside.

    Raises:
        UserError: there is none.
    """
    services = known_services() if service is None else [the_service(service)]
    found = [(name, await DeadLetters(connection.database(name)).get(key)) for name in services]
    there = [(name, letter) for name, letter in found if letter is not None]
    if not there:
        where = f"in {service}" if service else "in any service"
        raise UserError(f"there is no dead letter {key!r} {where}: `ponte dead-letters list` shows them.")
    return there


async def requeue(wanted: Filters, keys: Sequence[str], *, again: bool) -> None:
    """Send the letters' messages to their services' replay topics, in order per subject."""
    async with connected() as connection:
        chosen: list[tuple[str, dict[str, Any]]] = []
        for key in dict.fromkeys(keys):
            chosen += await find(connection, key, wanted.services[0] if len(wanted.services) == 1 else None)
        if not keys:
            where = wanted.where(connection.where)
            for name in wanted.services:
                listed = await DeadLetters(connection.database(name)).list(where, limit=MANY)
                chosen += [(name, letter) for letter in listed]
        if not chosen:
            raise UserError("no dead letter fits: nothing was done.")
        _tell_erased([letter for _, letter in chosen])
        chosen = [(name, letter) for name, letter in chosen if letter["status"] != LetterStatus.ERASED]
        todo = [(name, letter) for name, letter in chosen if again or letter["status"] == LetterStatus.OPEN]
        if not again:
            _tell_skipped([letter for _, letter in chosen])
        if not todo:
            return
        await need_topics(connection, [replay_topic(name) for name in {name for name, _ in todo}])
        await _send(connection, sorted(todo, key=_order))


def _order(item: tuple[str, dict[str, Any]]) -> tuple[Any, ...]:
    name, letter = item
    place = (letter.get("subject") or "", letter.get("epoch") or 0, letter.get("sequence") or 0)
    return (name, *place, letter["stored_at"])


def _tell_skipped(letters: Sequence[dict[str, Any]]) -> None:
    for status, how in (
        (LetterStatus.REQUEUED, "requeued before and not answered yet"),
        (LetterStatus.RESOLVED, "carried out already"),
        (LetterStatus.DISCARDED, "discarded"),
    ):
        count = sum(letter["status"] == status for letter in letters)
        if count:
            typer.echo(f"{count} passed over: {how} (--again sends nevertheless)")


def _tell_erased(letters: Sequence[dict[str, Any]]) -> None:
    count = sum(letter["status"] == LetterStatus.ERASED for letter in letters)
    if count:
        typer.echo(
            f"{count} passed over: somebody whom they named was erased, and their bytes with them; "
            "`ponte replay` has the owner send an event again"
        )


async def _send(connection: Connection, todo: Sequence[tuple[str, dict[str, Any]]]) -> None:
    from aiokafka.errors import MessageSizeTooLargeError

    sent, too_large = 0, []
    with stop_asked() as asked, Bar("Requeueing", len(todo)) as bar:
        for name, listed in todo:
            if asked.is_set():
                break
            letters = DeadLetters(connection.database(name))
            letter = await letters.get(listed["_id"])
            if letter is not None:
                try:
                    await connection.producer.send(
                        connection.where.topic(replay_topic(name)), [_message(letter)]
                    )
                    await letters.requeued(letter)
                    sent += 1
                except MessageSizeTooLargeError:
                    too_large.append(letter["_id"])
            bar.advance()
    typer.echo(f"{sent} requeued; `ponte dead-letters list` shows what became of them")
    for key in too_large:
        typer.echo(f"ponte: {key} is larger than Kafka takes with one header more", err=True)
    if sent + len(too_large) < len(todo):
        typer.echo(
            f"ponte: stopped; {len(todo) - sent} are left, and the same command goes on with them", err=True
        )
        raise typer.Exit(INTERRUPTED)
    if too_large:
        raise typer.Exit(1)


def _message(letter: dict[str, Any]) -> Any:
    record = record_of(letter)
    headers = [(name, raw) for name, raw in record.headers if name not in OWN]
    # Kafka's client wants one of the two; an empty key means the same to everybody here.
    key = b"" if record.key is None and record.value is None else record.key
    return key, record.value, [*headers, (REQUEUED, letter["_id"].encode())]


async def discard(key: str, service: str | None, why: str) -> None:
    """Close the letter and have its service carry out what waits behind it."""
    async with connected() as connection:
        found = await find(connection, key, service)
        if len(found) > 1:
            raise UserError(f"{key} is in {' and '.join(name for name, _ in found)}: say --service.")
        name, letter = found[0]
        if letter["status"] == LetterStatus.RESOLVED:
            raise UserError(f"{key} was carried out already: nothing was done.")
        parks = all(letter.get(part) is not None for part in ("subject", "epoch", "sequence"))
        if parks:
            await need_topics(connection, [replay_topic(name)])
        await DeadLetters(connection.database(name)).discard(key, why)
        if parks:
            # Sent again where the letter was discarded before: its service knows what it has carried out.
            headers = [(RELEASED, letter["subject"].encode()), (DISCARDED, key.encode())]
            topic = connection.where.topic(replay_topic(name))
            await connection.producer.send(topic, [(letter["subject"].encode(), b"", headers)])
    waited = f"; what waited of {letter['subject']} goes on" if parks else ""
    typer.echo(f"{key} is discarded in {name}{waited}")
