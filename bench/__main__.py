"""`make bench`: measure, write ``bench/results/*.json`` and the README's figures, print tables.

``ARGS="end_to_end relay"`` chooses, ``--short`` tries everything out in little time (its results are shown
and not kept), ``--rounds 5`` repeats more often, ``--profile`` writes where the time of each process goes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from bench import behind, end_to_end, growth, memory, profiles, reader, readme, rebuild, relay, tables
from bench.machine import load, machine
from bench.options import Options

RESULTS = Path(__file__).parent / "results"
BUSY = 0.7
BENCHES = {
    "end_to_end": end_to_end.run,
    "relay": relay.run,
    "reader": reader.run,
    "behind": behind.run,
    "rebuild": rebuild.run,
    "memory": memory.run,
    "growth": growth.run,
}


def main() -> None:
    """Run what was chosen."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; none: all")
    parser.add_argument("--short", action="store_true", help="one quick round; no result file is written")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, help="write the result files there and leave the README")
    parser.add_argument("--long", action="store_true", help="a million events where it matters")
    parser.add_argument("--profile", action="store_true", help="profile Ponte's processes instead")
    chosen = parser.parse_args()
    for name in chosen.names:
        if name not in BENCHES:
            parser.error(f"{name!r} is none of {', '.join(BENCHES)}")
    if chosen.profile:
        _profile()
        return
    # It calls a topic's first second an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options = Options(rounds=1 if chosen.short else chosen.rounds, short=chosen.short, long=chosen.long)
    console = Console() if sys.stdout.isatty() else Console(width=140)
    busy = load()
    if busy > BUSY:
        console.print(f"[yellow]Others keep this machine busy (load {busy:g}): the figures will scatter.")
    for name in chosen.names or BENCHES:
        began = time.monotonic()
        result = _run(name, options)
        console.print(f"{name}: {time.monotonic() - began:.0f} s")
        tables.show(name, result, console)
        if chosen.results is not None:
            _keep(chosen.results, name, {"machine": machine(busy), **result})
        elif not options.short:
            _keep(RESULTS, name, {"machine": machine(busy), **result})
            readme.write(RESULTS)


def _keep(folder: Path, name: str, result: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _run(name: str, options: Options) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="ponte-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(BENCHES[name](Path(folder), options))


def _profile() -> None:
    profiles.program()
    with tempfile.TemporaryDirectory(prefix="ponte-bench-") as folder:
        text = asyncio.run(profiles.run(Path(folder)))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "profile.txt").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
