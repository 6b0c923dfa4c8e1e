"""Runs every check of `make check`, all of them even when one fails, with the time that each took.

Of a check that passed only the lines are shown that begin with `note:`: what it could not look at.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def checks() -> list[tuple[str, list[str]]]:
    """Return name and command of each check; every script in `tools/checks/` is one of them."""
    typed = [name for name in ("services", "shared", "tests", "bench", "tools") if (ROOT / name).is_dir()]
    own = [
        ("ruff check", [str(BIN / "ruff"), "check", "."]),
        ("ruff format", [str(BIN / "ruff"), "format", "--check", "."]),
        ("mypy", [str(BIN / "mypy"), *typed]),
        ("import rules", [str(BIN / "lint-imports"), "--no-logo"]),
    ]
    extra = sorted((ROOT / "tools" / "checks").glob("*.py"))
    return own + [(path.stem.replace("_", " "), [sys.executable, str(path)]) for path in extra]


def notes(output: str) -> str:
    """The lines of a check that passed which say what it could not look at, set in below its own line."""
    return "".join(f"     {line}\n" for line in output.splitlines() if line.startswith("note:"))


def main() -> int:
    """Run all checks and return 1 if any failed."""
    failed = []
    for name, command in checks():
        started = time.monotonic()
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        print(f"{'ok  ' if result.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - started:.1f} s)")
        if result.returncode:
            failed.append(name)
            print(result.stdout + result.stderr)
        else:
            print(notes(result.stdout), end="")
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all passed'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
