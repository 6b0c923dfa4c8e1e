"""Whether the models keep what was published, and whether the committed schemas and examples are theirs.

The files of the working copy are compared with the models, and with the last commit, so that nobody mends a
breach by editing or removing a schema.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from shared.contracts.compatibility import breaches  # noqa: E402
from shared.contracts.published import FOLDER, committed, example_path, schema_of, schema_path  # noqa: E402
from shared.contracts.registry import BY_TYPE  # noqa: E402
from shared.contracts.upcasts import UPCASTS, problems  # noqa: E402

WRITE = "run `python -m shared.contracts.published`"


def last_commit(path: Path) -> dict[str, Any] | None:
    """The file as it was committed last; null where it was not, or where there is no git."""
    name = path.relative_to(ROOT).as_posix()
    try:
        shown = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, check=False)
    except OSError:
        return None
    if shown.returncode:
        return None
    content: dict[str, Any] = json.loads(shown.stdout)
    return content


def main() -> int:
    """Print every breach; 1 if there is one."""
    found = problems(UPCASTS, set(BY_TYPE), lambda old: example_path(old).exists())
    for event_type, model in BY_TYPE.items():
        path, current = schema_path(event_type), schema_of(model)
        published = committed(path)
        if published is None or committed(example_path(event_type)) is None:
            found.append(f"{event_type} has no committed schema or example: {WRITE}.")
            continue
        for before in (published, last_commit(path)):
            found += [f"{event_type}: {breach}." for breach in breaches(before or published, current)]
        if published != current:
            found.append(f"{event_type} has grown: {WRITE}.")
    for path in sorted(FOLDER.rglob("*.schema.json")):
        event_type = f"ponte.{path.parent.name}.{path.name.removesuffix('.schema.json')}"
        if event_type not in BY_TYPE and event_type not in UPCASTS:
            found.append(f"{event_type} was published and has neither a model nor an upcast.")
    for line in dict.fromkeys(found):
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
