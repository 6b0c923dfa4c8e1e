"""Dead letters as text. Whatever bytes they hold, a terminal takes no harm."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

MOST_SHOWN = 8192
"""Bytes of a value that are shown; ``--raw`` gives all."""
_COLUMNS = ("SERVICE", "ID", "STORED (UTC)", "STATUS", "REASON", "TRIES", "SUBJECT", "PLACE")


def table(found: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """One line a letter, under a heading."""
    rows = [_COLUMNS, *(_row(service, letter) for service, letter in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_json(found: Iterable[tuple[str, dict[str, Any]]]) -> str:
    """All of it as one JSON array; bytes are text where they are UTF-8, else ``{"hex": ...}``."""
    return json.dumps(
        [
            {
                "service": service,
                "id": letter["_id"],
                **{name: _plain(value) for name, value in letter.items() if name != "_id"},
            }
            for service, letter in found
        ],
        indent=2,
        ensure_ascii=False,
    )


def whole(service: str, letter: dict[str, Any]) -> str:
    """Everything about one letter."""
    place = "/".join(str(letter.get(part, "?")) for part in ("epoch", "sequence"))
    about = {
        "service": service,
        "id": letter["_id"],
        "status": letter["status"],
        "reason": letter["reason"],
        "error": letter["error"],
        "tries": letter["attempts"],
        "stored": _time(letter["stored_at"]),
        "requeued": _time(letter.get("requeued_at")),
        "failed again": _time(letter.get("failed_at")),
        "closed": _time(letter.get("resolved_at")),
        "why": letter.get("why"),
        "type": letter.get("type"),
        "subject": letter.get("subject"),
        "epoch/sequence": place,
    }
    lines = [f"{name + ':':16}{visible(str(value))}" for name, value in about.items() if value is not None]
    lines.append(f"{'key:':16}{_shown(letter['key'])}")
    lines.append("headers:")
    lines.extend(f"  {visible(name)}: {_shown(raw)}" for name, raw in letter["headers"])
    value = letter["value"]
    size = len(value or b"")
    lines.append(f"value, {size} bytes{_form(value)}:")
    lines.append(_shown(value, MOST_SHOWN))
    if size > MOST_SHOWN:
        lines.append(f"... {size - MOST_SHOWN} bytes more; --raw writes all of them")
    return "\n".join(lines)


def visible(text: str) -> str:
    """The text with every character that a terminal would act upon written out."""
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )


def _row(service: str, letter: dict[str, Any]) -> tuple[str, ...]:
    place = (letter.get("epoch"), letter.get("sequence"))
    return (
        service,
        letter["_id"],
        _time(letter["stored_at"]) or "",
        letter["status"],
        letter["reason"],
        str(letter["attempts"]),
        visible(letter.get("subject") or "-").replace("\n", " "),
        "-" if None in place else f"{place[0]}/{place[1]}",
    )


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _form(raw: bytes | None) -> str:
    return "" if raw is None or _text(bytes(raw)) is not None else " (not UTF-8, in hexadecimal)"


def _shown(raw: bytes | None, most: int = 2000) -> str:
    if raw is None:
        return "(none)"
    text = _text(bytes(raw))
    if text is not None:
        return visible(text[:most])
    return "hex " + bytes(raw)[:most].hex(" ")


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        text = _text(bytes(value))
        return {"hex": bytes(value).hex()} if text is None else text
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
