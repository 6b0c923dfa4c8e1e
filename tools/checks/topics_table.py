"""The table of docs/topics.md says the same as the code, for every topic that exists."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from shared.contracts.registry import BY_TOPIC  # noqa: E402 - the clone is put on the path first
from shared.messaging.topics import DAY_MS, DEAD_LETTERS, HEADS, REPUBLISH, replay_topic, topic_of  # noqa: E402

READERS = ("agenda", "agreements", "networks", "dossiers", "dashboard")
CONTROL = (HEADS, REPUBLISH, DEAD_LETTERS, *map(replay_topic, READERS))
ROW = re.compile(r"^\| `(ponte\.[a-z.-]+)` \| (\d+) \| (\d+) days \|", re.MULTILINE)


def main() -> int:
    """Print each difference and return 1 if there is any."""
    told = {
        name: (int(partitions), int(days))
        for name, partitions, days in ROW.findall((ROOT / "docs" / "topics.md").read_text())
    }
    made = {
        name: (topic.partitions, topic.retention_ms // DAY_MS)
        for name, topic in ((name, topic_of(name)) for name in (*BY_TOPIC, *CONTROL))
    }
    for name in sorted(told.keys() | made.keys()):
        if told.get(name) != made.get(name):
            print(f"{name}: docs/topics.md says {told.get(name)}, the code {made.get(name)}")
    return 0 if told == made else 1


if __name__ == "__main__":
    sys.exit(main())
