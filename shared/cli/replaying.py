"""The work of `ponte replay`: page after page from every owner, and then the wait until it has been read."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import typer

from shared.cli.connection import Connection, connected, need_topics
from shared.cli.cursor import Cursor, Cursors
from shared.cli.errors import UserError
from shared.cli.groups import group_of, left_to_read, span_of
from shared.cli.pages import Pages, pages
from shared.cli.progress import Bar
from shared.cli.stopping import INTERRUPTED, stop_asked
from shared.cli.times import bounds
from shared.contracts.registry import BY_TOPIC
from shared.messaging.republish import PageOf
from shared.messaging.topics import REPUBLISH, replay_topic

PAGE_EVENTS: Final = 500
READ_WITHIN_S: Final = 30.0
"""The service has so long to get on with what was sent, until the command says that it does not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were typed."""

    service: str
    topic: str | None
    subject: str | None
    since: str | None
    until: str | None


async def send_again(asked: Asked, *, restart: bool) -> None:
    """Have the owners send what was asked for; ``restart`` forgets how far an interrupted replay was.

    Raises:
        UserError: nothing fits, or an owner or an engine does not answer.
    """
    async with connected() as connection:
        await need_topics(connection, [REPUBLISH, replay_topic(asked.service)])
        topics = await _topics(connection, asked)
        remembered = _cursors(connection, asked)
        cursors = {} if restart else remembered.load()
        before = sum(cursor.done for cursor in cursors.values())
        if before:
            typer.echo(f"goes on where it was stopped: {before} events were sent before", err=True)
        since, until = (None if at is None else at.isoformat() for at in bounds(asked.since, asked.until))
        for name in topics:
            cursors.setdefault(name, Cursor(since, until))
        with stop_asked() as stop:
            async with pages(connection, asked.service) as asking:
                for name in topics:
                    await _owner(asking, name, asked.subject, cursors, remembered, stop)
            done = sum(cursors[name].done for name in topics)
            if not all(cursors[name].finished for name in topics):
                typer.echo(
                    f"ponte: stopped after {done} events; the same command goes on from there", err=True
                )
                raise typer.Exit(INTERRUPTED)
            remembered.forget()
            if not done:
                raise UserError("no event lies within these bounds: nothing was sent.")
            typer.echo(f"{done} events sent to {asked.service}")
            await _until_read(connection, asked.service, stop)


async def _topics(connection: Connection, asked: Asked) -> list[str]:
    """The owners' topics that are meant: all that the service reads, or the one that was named."""
    group = await group_of(connection, asked.service)
    read = [name for name in BY_TOPIC if connection.where.topic(name) in group.topics]
    if not read:
        raise UserError(f"{asked.service} has never read the events of others here: nothing was sent.")
    if asked.topic is None:
        return read
    if asked.topic not in read:
        raise UserError(f"--topic is {asked.topic!r}; {asked.service} reads {', '.join(read)}.")
    return [asked.topic]


def _cursors(connection: Connection, asked: Asked) -> Cursors:
    at = connection.where
    place = (at.kafka.servers, at.topic_prefix, at.database_prefix)
    return Cursors(*place, asked.service, asked.topic, asked.subject, asked.since, asked.until)


async def _owner(
    asking: Pages,
    topic: str,
    subject: str | None,
    cursors: dict[str, Cursor],
    remembered: Cursors,
    stop: asyncio.Event,
) -> None:
    """The rest of one owner's pages; stops after a page."""
    cursor = cursors[topic]
    with Bar(topic, None) as bar:
        while not (cursor.finished or stop.is_set()):
            page = await asking.ask(
                topic,
                PageOf(
                    after=cursor.after,
                    subject=subject,
                    since=_time(cursor.since),
                    until=_time(cursor.until),
                    limit=PAGE_EVENTS,
                ),
                stop,
            )
            if page is None:
                return
            if cursor.epoch not in {0, page.epoch}:
                # It was restored meanwhile: places behind the cursor may be others now.
                typer.echo(f"{topic} was restored since; it begins anew", err=True)
                cursors[topic] = cursor = Cursor(cursor.since, cursor.until, epoch=page.epoch)
                remembered.save(cursors)
                continue
            cursor.epoch = page.epoch
            cursor.done += page.events
            cursor.after, cursor.finished = page.after, page.after is None
            remembered.save(cursors)
            bar.at(cursor.done, max(page.total, cursor.done))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


async def _until_read(connection: Connection, service: str, stop: asyncio.Event) -> None:
    """Wait until the service has finished what was sent; its own progress counts, not the clock."""
    topic = connection.where.topic(replay_topic(service))
    begins, ends = await span_of(connection, topic)
    with Bar(f"{service} reads", None) as bar:
        most, left, moved_at = 0, -1, time.monotonic()
        while not stop.is_set():
            now = left_to_read(await group_of(connection, service), begins, ends)
            if now != left:
                left, moved_at = now, time.monotonic()
            most = max(most, left)
            bar.at(most - left, most)
            if not left:
                typer.echo(f"{service} has read all of it")
                return
            if time.monotonic() - moved_at > READ_WITHIN_S:
                raise UserError(
                    f"{service} has not read it yet ({left} messages are left): look at its /status; "
                    "nothing has to be sent again."
                )
            await asyncio.sleep(0.5)
    typer.echo(f"{service} is still reading: nothing has to be sent again", err=True)
