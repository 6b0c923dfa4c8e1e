"""The committed JSON Schemas and example messages of every event.

``python -m shared.contracts.published`` writes them anew from the models and the examples; it refuses a
change that would break a reader of what is committed (then the change wants a new version of the event).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from shared.contracts.base import EventData
from shared.contracts.compatibility import breaches
from shared.contracts.examples import EXAMPLES
from shared.contracts.registry import BY_TYPE

FOLDER = Path(__file__).parent / "schemas"


def schema_of(model: type[EventData]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the event's data as it is published."""
    schema = model.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{model.TYPE}", **schema}


def schema_path(event_type: str) -> Path:
    """``schemas/agenda/mission.scheduled.v1.schema.json``."""
    _, service, name = event_type.split(".", 2)
    return FOLDER / service / f"{name}.schema.json"


def example_path(event_type: str) -> Path:
    """``schemas/agenda/mission.scheduled.v1.example.json``."""
    return schema_path(event_type).with_suffix("").with_suffix(".example.json")


def committed(path: Path) -> dict[str, Any] | None:
    """The file's content; null if there is none yet."""
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_all() -> list[str]:
    """Write every schema and example that breaks nothing; the breaches that were refused."""
    refused: list[str] = []
    for event_type, model in BY_TYPE.items():
        path, current = schema_path(event_type), schema_of(model)
        before = committed(path)
        found = breaches(before, current) if before is not None else []
        if found:
            refused += [f"{event_type}: {breach}" for breach in found]
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, current)
        _write(example_path(event_type), EXAMPLES[model].model_dump(mode="json"))
    return refused


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if problems := write_all():
        sys.exit("Refused, a new version of the event is needed:\n" + "\n".join(problems))
