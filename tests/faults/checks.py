"""The ledger against what MongoDB and the Kafka log hold, read straight and not through any service."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.store.audit import event_faults
from shared.store.driver import Database, Document
from shared.store.events import event_id, verify_chain
from tests.faults.ledger import Ledger
from tests.faults.log import Message
from tests.faults.world import OWNERS, World

REACTS_TO = {
    "agreements": ("ponte.agenda.mission.scheduled.v1", "ponte.agenda.mission.rescheduled.v1"),
    "agenda": ("ponte.agreements.agreement.signed.v1",),
}
FOLLOWS = {"agreements": "agenda", "agenda": "agreements"}
"""The services that react, with the owner that each follows."""
VIEWS = {"dashboard": tuple(OWNERS), **dict.fromkeys(("agreements", "networks", "dossiers"), ("agenda",))}
"""The services that have views, with the owners that they are built from."""


@dataclass
class Findings:
    """What is not as it has to be; all empty: nothing was lost or doubled."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    disorder_in_log: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.twice or self.disorder or self.other)

    def summary(self) -> str:
        parts = [
            f"{len(found)} {word} ({'; '.join(found[:3])})"
            for word, found in (
                ("lost", self.lost),
                ("twice", self.twice),
                ("out of order", self.disorder),
                ("other", self.other),
            )
            if found
        ]
        return ", ".join(parts) or "clean"


async def suffix(database: Database) -> str:
    """The end of the names of a service's living view collections."""
    generations = await database["meta"].find_one({"_id": "generations"})
    live = generations["live"] if generations else 1
    return "" if live == 1 else f".g{live}"


async def compare(world: World, ledger: Ledger) -> Findings:
    """Journals, aggregates, views, feed and reactions against the ledger's subjects."""
    findings = Findings()
    journals: dict[str, dict[str, list[Document]]] = {}
    for service, collection in OWNERS.items():
        subjects = ledger.subjects(service)
        journals[service] = await _journal(world.database(service), subjects)
        aggregates = await world.database(service)[collection].find({"_id": {"$in": subjects}}).to_list()
        _owners(findings, ledger, service, journals[service], {row["_id"]: row for row in aggregates})
    _reactions(findings, ledger, journals)
    everything = {subject: rows for found in journals.values() for subject, rows in found.items()}
    await _views(findings, world.database("dashboard"), everything)
    await _marks(findings, world, journals)
    return findings


async def _journal(database: Database, subjects: Sequence[str]) -> dict[str, list[Document]]:
    rows = await database["journal"].find({"subject": {"$in": subjects}}).to_list()
    found: dict[str, list[Document]] = {subject: [] for subject in subjects}
    for row in rows:
        found[row["subject"]].append(row)
    for events in found.values():
        events.sort(key=lambda row: (row["epoch"], row["sequence"]))
    return found


def _owners(
    findings: Findings,
    ledger: Ledger,
    service: str,
    journal: dict[str, list[Document]],
    aggregates: dict[str, Document],
) -> None:
    answered = ledger.by_subject()
    for subject, rows in journal.items():
        entries = [entry for entry in answered[subject] if entry.service == service]
        versions = {(entry.epoch, entry.version) for entry in entries}
        if len(versions) < len(entries):
            findings.lost.append(f"{subject}: two accepted commands were given the same place")
        places = {(row["epoch"], row["sequence"]) for row in rows}
        findings.lost += [
            f"{e.event} is not in the journal" for e in entries if (e.epoch, e.sequence) not in places
        ]
        findings.twice += [
            f"{row['_id']} ({row['command']}) was stored but never answered"
            for row in rows
            if (row["epoch"], row["version"]) not in versions and not row["client"].startswith("service:")
        ]
        sequences = [row["sequence"] for row in rows]
        if sequences != list(range(1, len(sequences) + 1)):
            findings.other.append(f"{subject}: the journal has the sequences {sequences}")
        elif broken := verify_chain(rows):
            findings.lost.append(f"{broken} does not follow from the event before it: one was replaced")
        findings.other += [f"{row['_id']}: {fault}" for row in rows for fault in event_faults(row)]
        aggregate = aggregates.get(subject)
        if aggregate is None:
            findings.lost.append(f"{subject} is gone")
        elif aggregate["outbox"]:
            findings.other.append(f"{subject}: {len(aggregate['outbox'])} events wait in the outbox")
        elif rows and aggregate["head_hash"] != rows[-1]["hash"]:
            findings.lost.append(f"{subject}: the journal's last event is not the aggregate's")


def _reactions(findings: Findings, ledger: Ledger, journals: dict[str, dict[str, list[Document]]]) -> None:
    """Every event that asks for a reaction has exactly one, and those of one source come in its order."""
    signed_on = ledger.signings
    for agreement, mission in signed_on.items():
        pairs = (("agreements", agreement, "agenda", mission), ("agenda", mission, "agreements", agreement))
        for actor, target, source, cause in pairs:
            expected = [
                event_id(row["subject"], row["epoch"], row["sequence"])
                for row in journals[source].get(cause, [])
                if row["type"] in REACTS_TO[actor]
            ]
            done = [
                row["causation_id"]
                for row in journals[actor].get(target, [])
                if row["client"] == f"service:{actor}"
            ]
            if cause in ledger.services and ledger.services[cause] in ledger.restored:
                done = [one for one in done if one in expected]
            missing = [one for one in expected if one not in done]
            if missing:
                findings.lost.append(f"{target} did not react to {len(missing)} events of {cause}")
            if len(done) > len(set(done)):
                findings.twice.append(f"{target} reacted twice to an event of {cause}")
            elif not missing and done != expected:
                findings.disorder.append(f"{target} reacted to {cause} in another order")


async def _views(findings: Findings, dashboard: Database, journals: dict[str, list[Document]]) -> None:
    end = await suffix(dashboard)
    subjects = list(journals)
    states: dict[str, Document] = {}
    for collection in OWNERS.values():
        rows = await dashboard[collection + end].find({"_id": {"$in": subjects}}, {"mark": 1}).to_list()
        states |= {row["_id"]: row["mark"] for row in rows}
    fed: dict[str, list[tuple[int, int]]] = defaultdict(list)
    query = {"subject": {"$in": subjects}}
    for row in await dashboard["feed" + end].find(query, {"subject": 1, "epoch": 1, "sequence": 1}).to_list():
        fed[row["subject"]].append((row["epoch"], row["sequence"]))
    for subject, rows in journals.items():
        places = [(row["epoch"], row["sequence"]) for row in rows]
        mark = states.get(subject, {"epoch": 0, "sequence": 0})
        shown = (mark["epoch"], mark["sequence"])
        if places and shown < places[-1]:
            findings.lost.append(f"{subject}: the page shows {shown} of {places[-1]}")
        elif places and shown > places[-1]:
            findings.twice.append(f"{subject}: the page shows {shown}, the journal ends at {places[-1]}")
        missing = set(places) - set(fed[subject])
        if missing:
            findings.lost.append(
                f"{subject}: {len(missing)} events are not in the feed, first {min(missing)}"
            )
        if len(fed[subject]) > len(set(fed[subject])) or set(fed[subject]) - set(places):
            findings.twice.append(f"{subject}: the feed has more than the journal")


async def _marks(findings: Findings, world: World, journals: dict[str, dict[str, list[Document]]]) -> None:
    """Every reader has read up to the end: what it still has to ask for would be healed in a later row."""
    readers = [(actor, "inbox", source) for actor, source in FOLLOWS.items()]
    for service, sources in VIEWS.items():
        database = world.database(service)
        marks = "marks" + await suffix(database)
        readers += [(service, marks, source) for source in sources]
        if await database["meta"].find_one({"_id": "generations", "building": {"$exists": True}}):
            findings.other.append(f"{service} is building its views anew")
    for reader, name, source in readers:
        ends = {s: (rows[-1]["epoch"], rows[-1]["sequence"]) for s, rows in journals[source].items() if rows}
        found = await world.database(reader)[name].find({"_id": {"$in": list(ends)}}).to_list()
        read = {row["_id"]: (row["epoch"], row["sequence"]) for row in found}
        findings.other += [
            f"{subject}: {name} of {reader} stands at {read.get(subject)}, the journal ends at {end}"
            for subject, end in ends.items()
            if read.get(subject, (0, 0)) < end
        ]


async def totals(world: World, expected_letters: dict[str, int]) -> list[str]:
    """What has to hold for everything that there ever was: dense numbers, and no letter too many."""
    found: list[str] = []
    dashboard = world.database("dashboard")
    feed = dashboard["feed" + await suffix(dashboard)]
    count = await feed.count_documents({})
    last = await feed.find_one({}, {"number": 1}, sort=[("number", -1)])
    if last is not None and last["number"] != count:
        found.append(f"the feed has {count} entries, numbered up to {last['number']}")
    for service, letters in (await dead_letters(world)).items():
        if letters != expected_letters.get(service, 0):
            found.append(f"{service} has {letters} dead letters, expected {expected_letters.get(service, 0)}")
    return found


async def dead_letters(world: World) -> dict[str, int]:
    """How many messages each service set aside."""
    services = ("dashboard", *OWNERS)
    counts = await asyncio.gather(*(world.database(s)["dead_letters"].count_documents({}) for s in services))
    return dict(zip(services, counts, strict=True))


async def refused(world: World) -> int:
    """Reactions that a rule said no to; none of the load's is of that kind."""
    counts = [await world.database(s)["refused_reactions"].count_documents({}) for s in REACTS_TO]
    return sum(counts)


def disorder(messages: Iterable[Message], ledger: Ledger, *, whole: bool) -> tuple[list[str], int]:
    """Per subject the first occurrences come in order; `whole`: and without a gap. Also the repetitions."""
    first: dict[str, dict[int, str]] = defaultdict(dict)
    repeated = 0
    for message in messages:
        if message.sequence is None or message.subject not in ledger.services:
            continue
        if message.sequence in first[message.subject]:
            repeated += 1
        else:
            first[message.subject][message.sequence] = f"{message.partition.partition}@{message.offset}"
    wrong: list[str] = []
    for subject, places in first.items():
        sequences = list(places)
        expected = list(range(1, len(sequences) + 1)) if whole else sorted(sequences)
        if sequences != expected:
            at = next(
                n for n, (one, other) in enumerate(zip(sequences, expected, strict=True)) if one != other
            )
            told = ", ".join(f"{n} ({places[n]})" for n in sequences[max(0, at - 2) : at + 6])
            wrong.append(f"{subject}: first seen in the log (partition@offset) as ... {told} ...")
    return wrong, repeated
