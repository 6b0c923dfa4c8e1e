"""JSON of anything, for what must be said whatever is in it: log lines and error answers."""

from __future__ import annotations

import json
from typing import Any

import orjson


def to_json(value: Any) -> bytes:
    """One line of JSON; what JSON has no form for becomes text."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # Half a surrogate pair, or a number of more than 64 bits: rare, legal in JSON, refused by orjson.
        return json.dumps(value, default=str).encode()
