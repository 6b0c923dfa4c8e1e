"""The auditor's page: each entry of the trail in words, by days of the city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from services.dashboard.views.audit_changes import Difference, differences
from services.dashboard.views.audit_search import KINDS, SERVICES, Search
from services.dashboard.views.feed import kind_of
from services.dashboard.views.frame import Frame

SHOWN: Final = 6
"""Differences that stand open; the rest is one press away."""
_SHORT: Final = 10
_AUTOMATIC: Final = "service:"
_CODES: Final = {"agenda": "u-city", "agreements": "u-city", "dossiers": "u-part"}
_ICONS: Final = {"change": "pencil", "refusal": "ban", "reading": "password-visible"}
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "agenda": (
        "propose",
        "schedule",
        "reschedule",
        "cancel",
        "complete",
        "correct",
        "note-signature",
    ),
    "agreements": (
        "draft",
        "register",
        "schedule-signing",
        "reopen-signing",
        "sign",
        "enter-into-force",
        "suspend",
        "resume",
        "renew",
        "note-term-over",
        "end",
        "confirm-status",
        "correct",
    ),
    "networks": (
        "register-membership",
        "record-mandate",
        "end-mandate",
        "set-duty",
        "mark-duty-done",
        "correct-membership",
    ),
    "dossiers": (
        "register-candidacy",
        "start-preparation",
        "move-deadline",
        "submit",
        "shortlist",
        "win",
        "lose",
        "end-as-finalist",
        "withdraw",
        "correct-candidacy",
    ),
    "": ("import",),
}
"""What may be looked for by name, by unit; another command can be typed into the address."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody's opaque id, or a unit that acted by itself; ``href`` looks for that one alone."""

    name: str
    href: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One entry."""

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
    subject: str
    subject_href: str
    who: Who | None
    behalf: Who | None
    client: str
    origin: str
    reason: str
    place: str
    version: str
    hash: str
    hash_short: str
    differences: list[Difference] = field(default_factory=list)
    untold: str = ""

    @property
    def shown(self) -> list[Difference]:
        """The differences that stand open."""
        return self.differences if len(self.differences) <= SHOWN + 1 else self.differences[:SHOWN]

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
    for entry in entries:
        title = frame.f.day(frame.f.local(entry.at).date())
        if not days or days[-1].title != title:
            days.append(Day(title, []))
        days[-1].lines.append(line(entry, search, frame, beside=told))
    return days


def line(entry: Any, search: Search, frame: Frame, *, beside: Mapping[Save, int] | None = None) -> Line:
    """One entry in words; ``beside`` are the entries that tell the values of their save."""
    local = frame.f.local(entry.at)
    t = frame.t
    changed = entry.kind == "change"
    told = entry.changes
    return Line(
        key=f"t-{entry.service}-{entry.id}".replace("/", "-").replace(":", "-"),
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
        subject=entry.subject or "",
        subject_href=search.address(subject=entry.subject, service=entry.service) if entry.subject else "",
        who=_who(entry.actor, "actor", search, frame),
        behalf=_who(entry.on_behalf_of, "on_behalf_of", search, frame),
        client=_client(entry, frame),
        origin=entry.origin or "",
        reason=entry.reason or "",
        place=_place(entry, frame),
        version=t("audit.version", version=entry.version) if entry.version is not None else "",
        hash=entry.hash or "",
        hash_short=f"{entry.hash[:_SHORT]}…" if entry.hash else "",
        differences=differences(told, frame),
        untold=_untold(entry, beside, frame) if changed and not told else "",
    )


Save = tuple[str | None, int | None, int | None]


def _save(entry: Any) -> Save:
    return entry.subject, entry.epoch, entry.version


def _untold(entry: Any, beside: Mapping[Save, int] | None, frame: Frame) -> str:
    """A save's values stand with its last event; an event from before there was a trail has none."""
    sequence = (beside or {}).get(_save(entry))
    return frame.t("audit.told-with", sequence=sequence) if sequence else frame.t("audit.untold")


def command_words(command: str, frame: Frame) -> str:
    """What the command is called; one that nobody has words for keeps its own name."""
    return frame.t.get(f"audit.command.{command}", command)


def command_groups(frame: Frame, search: Search) -> list[tuple[str, list[tuple[str, str]]]]:
    """The commands to choose from, under the units that have them; the one in the address is always there."""
    groups = [
        (frame.t(f"audit.service.{service}") if service else "", _named(commands, frame))
        for service, commands in COMMANDS.items()
        if not service or not search.service or service == search.service
    ]
    known = {command for _, commands in groups for command, _ in commands}
    if search.command and search.command not in known:
        groups.append(("", _named((search.command,), frame)))
    return groups


def _named(commands: Sequence[str], frame: Frame) -> list[tuple[str, str]]:
    return [(command, command_words(command, frame)) for command in commands]


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
        return frame.t.get(f"kind.{kind_of(entry.type or '').replace('.', '-')}.title", entry.type or "")
    if not entry.action:
        return frame.t("audit.without-right")
    names = [_action(action, frame) for action in entry.action.replace(" and ", " or ").split(" or ")]
    return " / ".join(dict.fromkeys(names))


def _action(action: str, frame: Frame) -> str:
    return frame.t.get(f"audit.action.{action.replace('.', '-')}", action)


def _route(entry: Any) -> str:
    route = " ".join(part for part in (entry.method, entry.route) if part)
    status = str(entry.status) if entry.status is not None and entry.kind == "refusal" else ""
    return " → ".join(part for part in (route, status) if part)


def _who(subject: str | None, name: str, search: Search, frame: Frame) -> Who | None:
    if not subject:
        return None
    if subject.startswith(_AUTOMATIC):
        unit = subject.removeprefix(_AUTOMATIC)
        word = frame.t.get(f"audit.service.{unit}", unit)
        return Who(frame.t("audit.automatic", unit=word), search.address(actor=subject), automatic=True)
    return Who(subject, search.address(**{name: subject}))


def _client(entry: Any, frame: Frame) -> str:
    """The program; nothing where a unit acted by itself, or the person's own id stands for it."""
    client = (entry.client or "").partition("/")[0]
    if not client or client.startswith(_AUTOMATIC) or client == entry.actor:
        return ""
    return frame.t.get(f"audit.program.{client}", client)


def _place(entry: Any, frame: Frame) -> str:
    if entry.kind == "change":
        return frame.t("audit.place", epoch=entry.epoch, sequence=entry.sequence)
    chain, _, number = entry.id.rpartition("/")
    return frame.t("audit.chain", chain=chain[:_SHORT], number=number)
