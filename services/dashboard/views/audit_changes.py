"""What a save changed, field by field, in words: before and after, and what was erased."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.dashboard.views.frame import Frame

ERASED: Final = "[…]"
"""What a unit tells of a value that was erased; within a text, of the part that was."""

_PARTS: Final = frozenset({"mission", "agreement", "membership", "candidacy"})
"""The public part of a record's state: its name would stand before every field."""
_PLACE: Final = frozenset({"city", "city_it", "time_zone"})
_PERSON: Final = frozenset({"name", "function", "person_id"})
"""A person has a function, and nothing but these."""
_SOURCE: Final = frozenset({"title", "kind"})
_DATED: Final = frozenset({"date", "source"})
_DEADLINE: Final = frozenset({"local", "time_zone"})
_DEEP: Final = 6
_LONG: Final = 600
_STATUSES: Final = ("mission-status", "agreement-status", "candidacy.status")
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "status": _STATUSES,
    "kind": ("agreement-kind", "audit.candidacy-kind", "audit.source-kind"),
    "role": ("membership-role",),
    "purpose": ("audit.purpose",),
}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DAY: Final = re.compile(r"\d{4}-\d\d(-\d\d)?")


@dataclass(frozen=True, slots=True)
class Value:
    """``kind``: ``text``, ``none`` (there was no value) or ``erased``. ``cut``: the text goes on."""

    kind: str
    text: str = ""
    cut: bool = False

    @property
    def pieces(self) -> list[str]:
        """The text without what was erased of it, which stands between each two pieces."""
        return self.text.split(ERASED)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field with its name in words, and the path by which the record's own format calls it."""

    label: str
    path: str
    before: Value
    after: Value


def differences(changes: Sequence[Any], frame: Frame, *, subject: str | None = None) -> list[Difference]:
    """The fields that differ, as deep as both sides have them; ``changes`` have field, before, after.

    That a new record has its own id (``subject``) is not told.
    """
    order = {name: place for place, name in enumerate(frame.t.table("audit.field"))}
    found = [
        leaf
        for change in changes
        for leaf in _leaves(tuple(change.field.split(".")), change.before, change.after)
        if not (subject and leaf[0][-1].endswith("_id") and leaf[2] == subject)
    ]
    # Units write their fields by the alphabet; people think of a beginning before its end.
    found.sort(key=lambda leaf: [_rank(part, order) for part in _within(leaf[0])])
    return [
        Difference(
            label=_label(path, frame),
            path=".".join(path),
            before=_value(path[-1], before, frame),
            after=_value(path[-1], after, frame),
        )
        for path, before, after in found
    ]


def _rank(part: str, order: Mapping[str, int]) -> tuple[int, str]:
    if part.isdigit():
        return int(part), ""
    return order.get(part.replace("_", "-"), len(order)), part


Leaf = tuple[tuple[str, ...], Any, Any]


def _leaves(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Leaf]:
    """The innermost places that differ. An erased value has no inside: it is shown as a whole."""
    sides = [side for side in (before, after) if not _nothing(side)]
    if (
        len(path) > _DEEP
        or not sides
        or ERASED in (before, after)
        or any(isinstance(side, Mapping) and _said_as_one(side) for side in sides)
    ):
        yield path, before, after
    elif all(isinstance(side, Mapping) for side in sides):
        then, now = before or {}, after or {}
        names = [*now, *(name for name in then if name not in now)]
        for name in names:
            yield from _inner((*path, str(name)), then.get(name), now.get(name))
    elif all(_of_mappings(side) for side in sides):
        then, now = before or [], after or []
        for number in range(max(len(then), len(now))):
            yield from _inner((*path, str(number + 1)), _at(then, number), _at(now, number))
    else:
        yield path, before, after


def _inner(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Leaf]:
    """As above; what is equal or empty on both sides is no difference."""
    if before != after and not (_nothing(before) and _nothing(after)):
        yield from _leaves(path, before, after)


def _said_as_one(value: Mapping[str, Any]) -> bool:
    """A place, a person, a source, a date with its source, a deadline: people say them as one thing."""
    return _is_person(value) or any(names <= value.keys() for names in (_PLACE, _SOURCE, _DATED, _DEADLINE))


def _is_person(value: Mapping[str, Any]) -> bool:
    return "function" in value and value.keys() <= _PERSON


def _of_mappings(side: Any) -> bool:
    return isinstance(side, list) and bool(side) and all(isinstance(each, Mapping) for each in side)


def _at(values: Sequence[Any], number: int) -> Any:
    return values[number] if number < len(values) else None


def _nothing(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _within(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path within the record itself."""
    return path[1:] if path[0] in _PARTS and len(path) > 1 else path


def _label(path: tuple[str, ...], frame: Frame) -> str:
    names: list[str] = []
    for part in _within(path):
        if part.isdigit() and names:
            names[-1] = f"{names[-1]} {part}"  # the second leg: "Tappa 2"
        else:
            names.append(_name(part, frame))
    # A claim about the status has the status itself within: one word says both.
    return " › ".join(name for place, name in enumerate(names) if place == 0 or names[place - 1] != name)


def _name(part: str, frame: Frame) -> str:
    return frame.t.get(f"audit.field.{part.replace('_', '-')}", part.replace("_", " "))


def _value(name: str, value: Any, frame: Frame) -> Value:
    if value == ERASED:
        return Value("erased")
    if _nothing(value):
        return Value("none")
    text = words(name, value, frame)
    return Value("text", text[:_LONG], len(text) > _LONG)


def words(name: str, value: Any, frame: Frame) -> str:
    """A value as one text; what nobody has words for stays as it is."""
    if isinstance(value, bool):
        return frame.t("audit.yes" if value else "audit.no")
    if isinstance(value, str):
        return _text(name, value, frame)
    if isinstance(value, Mapping) and _said_as_one(value):
        return _one(value, frame)
    if isinstance(value, Mapping):
        inner = ((key, each) for key, each in value.items() if not _nothing(each))
        return "; ".join(f"{_name(str(key), frame)}: {words(str(key), each, frame)}" for key, each in inner)
    if isinstance(value, list | tuple):
        return ", ".join(words(name, each, frame) for each in value)
    return "" if value is None else str(value)


def _one(value: Mapping[str, Any], frame: Frame) -> str:
    if value.keys() >= _PLACE:
        city = frame.pick(value.get("city"), value.get("city_it"))
        return f"{city}, {frame.f.country(str(value.get('country')))}"
    if _is_person(value):
        name, function = value.get("name"), frame.function(str(value.get("function") or ""))
        return f"{name}, {function}" if name else function
    if value.keys() >= _DATED:
        return f"{_text('date', str(value['date']), frame)}, {words('source', value['source'], frame)}"
    if value.keys() >= _DEADLINE:
        place = frame.f.zone_city(str(value["time_zone"]))
        return frame.t("there", time=_moment(str(value["local"]), frame), place=place)
    return f"{value['title']} ({_text('kind', str(value['kind']), frame)})"


def _text(name: str, text: str, frame: Frame) -> str:
    if name == "function":
        return frame.function(text)
    if name == "unit":
        return frame.t.get(f"unit.{text}.short", text)
    for table in _TABLES.get(name, ()):
        if said := frame.t.get(f"{table}.{text}", ""):
            return said
    if _MOMENT.match(text):
        return _moment(text, frame)
    if _DAY.fullmatch(text):
        return _day(text, frame)
    return text


def _moment(text: str, frame: Frame) -> str:
    """A moment on the city's clock, with its zone; a wall-clock time without one stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    local = moment if moment.tzinfo is None else frame.f.local(moment)
    said = f"{frame.f.partial_short(local.date().isoformat())} {local:%H:%M}"
    return f"{said} {local.tzname()}" if local.tzinfo else said


def _day(text: str, frame: Frame) -> str:
    try:
        date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        return text
    return frame.f.partial_short(text)
