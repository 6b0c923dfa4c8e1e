"""The page about the fault suite's rounds: every row once, its runs added up, what is late named."""

from typing import Any

from tools.checks.faults_page import page


def run(row: str, round_: int, **told: Any) -> dict[str, Any]:
    return {
        "row": row,
        "round": round_,
        "at": "2026-11-30T21:00:00+00:00",
        "fault": f"what {row} is",
        "commands": 1000,
        "lost": 0,
        "twice": 0,
        "disorder": 0,
        "healed": 0,
        "repeated": 4,
        "recovered_s": 2.0,
        "target_s": 5.0,
        "passed": True,
        **told,
    }


def test_the_runs_of_a_row_are_one_line() -> None:
    rounds = [
        run("kafka-kill", 1),
        run("without-w1", 1, lost=60, recovered_s=None),
        run("kafka-kill", 2, recovered_s=7.04),
        run("kafka-kill", 3, recovered_s=3.0, lost=1, passed=False),
    ]
    told = page({"revision": "0123456789ab", "outcomes": rounds})
    assert "| `kafka-kill`: what kafka-kill is | 3 | 2 | 3,000 | 1 | 0 | 0 | 0 | 12 |" in told
    assert "| 3.0 s, 7.0 s (1 over 5 s) |" in told
    assert "`0123456789ab`" in told
    assert "4 runs, 3 passed" in told
    assert "3,000 commands were accepted; 1 were lost" in told, "a safety removed is no loss of the product"


def test_a_removed_safety_stands_apart() -> None:
    told = page({"revision": "0123456789ab", "outcomes": [run("without-w1", 1, lost=60, recovered_s=None)]})
    faults, removals = told.split("## With a safety removed")
    assert "without-w1" not in faults
    assert "| `without-w1`: what without-w1 is | 1 | 1 | 1,000 | 60 | 0 | 0 |" in removals
