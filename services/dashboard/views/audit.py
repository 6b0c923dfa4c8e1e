"""The auditor's page: each entry of the trail in words, by days of the city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from services.dashboard.views.audit_changes import ERASED, Difference, differences
from services.dashboard.views.audit_commands import command_words
from services.dashboard.views.audit_search import KINDS, SERVICES, Search
from services.dashboard.views.feed import kind_of
from services.dashboard.views.frame import Frame

SHOWN: Final = 6
SHOWN_NEW: Final = 3
"""Differences that stand open, of a change and of what is new; the rest is one press away."""
OBJECTS: Final = 3
"""Objects of one request that stand open."""
_SHORT: Final = 10
_CHAIN: Final = 6
_AUTOMATIC: Final = "service:"
_FLOOD: Final = "flood-"
"""How the trail calls the one entry that stands for so many refusals."""
_CODES: Final = {"agenda": "u-city", "agreements": "u-city", "dossiers": "u-part"}
_ICONS: Final = {"change": "pencil", "refusal": "ban", "reading": "password-visible"}


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody's opaque id, or a unit that acted by itself; ``href`` looks for that one alone.

    Without a name: the id was erased.
    """

    name: str
    href: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What an entry is about, and its place in its chain with its hash."""

    key: str
    subject: str
    subject_href: str
    place: str
    version: str
    hash: str
    hash_short: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; or what somebody read with one request, which has an entry for each object."""

    key: str
    kind: str
    kind_word: str
    icon: str
    time: str
    zone: str
    iso: str
    title: str
    command: str
    route: str
    unit: str
    unit_code: str
    proofs: list[Proof]
    who: Who | None
    behalf: Who | None
    client: str
    origin: str
    reason: str
    differences: list[Difference] = field(default_factory=list)
    untold: str = ""

    @property
    def first(self) -> list[Proof]:
        """The objects that stand open."""
        return self.proofs if len(self.proofs) <= OBJECTS + 1 else self.proofs[:OBJECTS]

    @property
    def others(self) -> list[Proof]:
        """The other objects of the same request."""
        return self.proofs[len(self.first) :]

    @property
    def shown(self) -> list[Difference]:
        """The differences that stand open."""
        most = SHOWN_NEW if all(each.before.kind == "none" for each in self.differences) else SHOWN
        return self.differences if len(self.differences) <= most + 1 else self.differences[:most]

    @property
    def rest(self) -> list[Difference]:
        """The others."""
        return self.differences[len(self.shown) :]


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day of the city."""

    title: str
    lines: list[Line]


def by_days(entries: Sequence[Any], search: Search, frame: Frame) -> list[Day]:
    """The entries, newest first, under their days."""
    told = {_save(entry): entry.sequence for entry in entries if entry.changes}
    days: list[Day] = []
    before: tuple[Any, ...] = ()
    for entry in entries:
        title = frame.f.day(frame.f.local(entry.at).date())
        if not days or days[-1].title != title:
            days.append(Day(title, []))
        request = _request(entry)
        if request and request == before and days[-1].lines:
            days[-1].lines[-1].proofs.append(_proof(entry, search, frame))
        else:
            days[-1].lines.append(line(entry, search, frame, beside=told))
        before = request
    return days


def _request(entry: Any) -> tuple[Any, ...]:
    """What all readings of one request have in common; nothing for any other entry."""
    if entry.kind != "reading":
        return ()
    who = entry.actor, entry.on_behalf_of, entry.client, entry.origin
    return (entry.at.replace(microsecond=0), entry.service, entry.action, entry.route, entry.method, *who)


def _key(entry: Any) -> str:
    return f"t-{entry.service}-{entry.id}".replace("/", "-").replace(":", "-")


def _proof(entry: Any, search: Search, frame: Frame) -> Proof:
    subject = entry.subject if entry.subject != ERASED else ""
    return Proof(
        key=_key(entry),
        subject=subject or "",
        subject_href=search.address(subject=subject, service=entry.service) if subject else "",
        place=_place(entry, frame),
        version=frame.t("audit.version", version=entry.version) if entry.version is not None else "",
        hash=entry.hash or "",
        hash_short=f"{entry.hash[:_SHORT]}…" if entry.hash else "",
    )


def line(entry: Any, search: Search, frame: Frame, *, beside: Mapping[Save, int] | None = None) -> Line:
    """One entry in words; ``beside`` are the entries that tell the values of their save."""
    local = frame.f.local(entry.at)
    t = frame.t
    changed = entry.kind == "change"
    told = entry.changes
    return Line(
        key=_key(entry),
        kind=entry.kind,
        kind_word=t(f"audit.kind.{entry.kind}"),
        icon=_ICONS[entry.kind],
        time=f"{local:%H:%M:%S}",
        zone=local.tzname() or "",
        iso=entry.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        title=_title(entry, frame),
        command=command_words(entry.command, frame) if changed and entry.command else "",
        route="" if changed else _route(entry),
        unit=t(f"audit.service.{entry.service}"),
        unit_code=_CODES.get(entry.service, ""),
        proofs=[_proof(entry, search, frame)],
        who=_who(entry.actor, "actor", search, frame),
        behalf=_who(entry.on_behalf_of, "on_behalf_of", search, frame),
        client=_client(entry, frame),
        origin=entry.origin or "",
        reason=_reason(entry, frame),
        differences=differences(told, frame, subject=entry.subject),
        untold=_untold(entry, beside, frame) if changed and not told else "",
    )


Save = tuple[str | None, int | None, int | None]


def _save(entry: Any) -> Save:
    return entry.subject, entry.epoch, entry.version


def _untold(entry: Any, beside: Mapping[Save, int] | None, frame: Frame) -> str:
    """A save's values stand with its last event; an event from before there was a trail has none."""
    sequence = (beside or {}).get(_save(entry))
    return frame.t("audit.told-with", sequence=sequence) if sequence else frame.t("audit.untold")


def choices(frame: Frame) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The units and the kinds of entry to choose from, with their names."""
    t = frame.t
    return (
        [(service, t(f"audit.service.{service}")) for service in SERVICES],
        [(kind, t(f"audit.kinds.{kind}")) for kind in KINDS],
    )


def read_at(now: datetime, frame: Frame) -> str:
    """When the list was read: ``10:42:05``."""
    return f"{frame.f.local(now):%H:%M:%S}"


def _title(entry: Any, frame: Frame) -> str:
    if entry.kind == "change":
        kind = kind_of(entry.type or "").replace(".", "-")
        return frame.t.get(f"kind.{kind}.title", "") or frame.t.get(f"audit.event.{kind}", entry.type or "")
    if _flood(entry):
        return frame.t("audit.flood")
    if not entry.action:
        return frame.t("audit.without-right")
    names = [_action(action, frame) for action in entry.action.replace(" and ", " or ").split(" or ")]
    return " / ".join(dict.fromkeys(names))


def _reason(entry: Any, frame: Frame) -> str:
    """As it was given; of a refusal the rule that refused, which the trail keeps as a stable word."""
    if entry.kind == "change":
        # Of a reason that was erased the field itself says so.
        return entry.reason if entry.reason and ERASED not in entry.reason else ""
    if entry.kind == "reading" or not entry.reason:
        return ""
    if _flood(entry):
        return frame.t("audit.why.flood", n=entry.reason.removeprefix(_FLOOD))
    return frame.t.get(f"audit.why.{entry.reason}", entry.reason)


def _flood(entry: Any) -> bool:
    return entry.kind == "refusal" and (entry.reason or "").startswith(_FLOOD)


def _action(action: str, frame: Frame) -> str:
    return frame.t.get(f"audit.action.{action.replace('.', '-')}", action)


def _route(entry: Any) -> str:
    route = " ".join(part for part in (entry.method, entry.route) if part)
    status = str(entry.status) if entry.status is not None and entry.kind == "refusal" else ""
    return " → ".join(part for part in (route, status) if part)


def _who(subject: str | None, name: str, search: Search, frame: Frame) -> Who | None:
    if not subject:
        return None
    if subject == ERASED:
        return Who("", "")
    if subject.startswith(_AUTOMATIC):
        unit = subject.removeprefix(_AUTOMATIC)
        word = frame.t.get(f"audit.service.{unit}", unit)
        return Who(frame.t("audit.automatic", unit=word), search.address(actor=subject), automatic=True)
    return Who(subject, search.address(**{name: subject}))


def _client(entry: Any, frame: Frame) -> str:
    """The program; nothing where a unit acted by itself, or the person's own id stands for it."""
    client = (entry.client or "").partition("/")[0]
    if not client or client == ERASED or client.startswith(_AUTOMATIC) or client == entry.actor:
        return ""
    return frame.t.get(f"audit.program.{client}", client)


def _place(entry: Any, frame: Frame) -> str:
    if entry.kind == "change":
        return frame.t("audit.place", epoch=entry.epoch, sequence=entry.sequence)
    chain, _, number = entry.id.rpartition("/")
    return frame.t("audit.chain", chain=chain[:_CHAIN], number=number)
