"""How each system names the same fact in the answer to a command and in an entry of its page's stream."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Key = tuple[str, int]

_ENTRY = re.compile(rb'data-subject="([^"]+)"[^>]*? data-sequence="(\d+)"')


def _receipt(answer: dict[str, Any]) -> Key:
    return str(answer["subject"]), int(answer["sequence"])


def _ponte_entry(name: str, data: bytes) -> list[Key]:
    if name != "entry":
        return []
    return [(subject.decode(), int(sequence)) for subject, sequence in _ENTRY.findall(data)]


def _json_entry(name: str, data: bytes) -> list[Key]:
    return [_receipt(json.loads(data))] if name == "entry" else []


KEYS: dict[str, Callable[[dict[str, Any]], Key]] = {
    "ponte": _receipt,
    "baseline": _receipt,
}
EVENT_OF: dict[str, Callable[[str, bytes], list[Key]]] = {
    "ponte": _ponte_entry,
    "baseline": _json_entry,
}
