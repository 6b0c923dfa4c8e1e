"""Makes everything that a fresh clone needs: `.venv`, the locked packages, the engines, the page's assets.

    python3 tools/setup.py run     what `make run` needs
    python3 tools/setup.py dev     and what tests, linters and types need

It may be interrupted at any point and run again: each finished step leaves a stamp made from what went into
it, and a step whose stamp still fits is passed over. The packages are installed by uv, itself a locked one
(side by side on one line: pip 24 s, uv 7 s, its own installation included).

This file is run by the machine's own Python, so it may use nothing but the standard library, and its syntax
stays readable for a Python from 3.7 on, because it is the place that says that one is too old.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ROOT / "requirements"
OLDEST = (3, 11)


class SetupFailed(Exception):
    """One sentence for the person at the terminal."""


def say(text: str) -> None:
    """Print a line of progress."""
    print("set-up: " + text, flush=True)


def digest(*parts: Path | str) -> str:
    """Return one hash over files and texts."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        total.update(b"\0")
    return total.hexdigest()


@contextlib.contextmanager
def step(name: str, text: str, *inputs: Path | str) -> Iterator[bool]:
    """Run the body unless its stamp shows that it was finished with these very inputs.

    Yields True when there is work. The stamp is written only when the body came to its end.
    """
    stamp = VENV / (".done-" + name)
    wanted = digest(sys.version, *inputs)
    if stamp.is_file() and stamp.read_text() == wanted:
        yield False
        return
    say(text)
    started = time.monotonic()
    yield True
    stamp.write_text(wanted)
    say(f"{text}: done in {time.monotonic() - started:.1f} s")


def call(command: list[str], sentence: str) -> None:
    """Run a command with its own progress on the terminal; its failure becomes one sentence."""
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never", VIRTUAL_ENV=str(VENV))
    code = subprocess.run(command, cwd=str(ROOT), env=environment, check=False).returncode
    if code:
        raise SetupFailed(f"{sentence} (its own message is above; exit status {code}).")


def make_venv() -> None:
    """Make `.venv` with the Python that runs this file."""
    made_by = VENV / ".done-venv"
    wanted = digest(sys.version, str(Path(sys.executable).resolve()))
    if PYTHON.exists() and made_by.is_file() and made_by.read_text() == wanted:
        return
    say("making .venv with Python " + sys.version.split()[0])
    try:
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=True).create(str(VENV))
    except (OSError, subprocess.CalledProcessError):
        raise SetupFailed(
            "This Python cannot make a virtual environment: on Debian and Ubuntu install python3-venv."
        ) from None
    made_by.write_text(wanted)


def install(level: str) -> None:
    """Install the locked packages, every file checked against its hash."""
    tools = LOCKS / "tools.lock"
    unreachable = "The Python packages could not be installed; is the package registry reachable?"
    with step("tools", "installing the installer", tools) as work:
        if work:
            pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            call([*pip, "--require-hashes", "-r", str(tools)], unreachable)

    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
    first = [LOCKS / "run.lock", LOCKS / "engines.lock"]
    with step("run", "installing the services' packages and the engines", *first) as work:
        if work:
            # Byte code is made once here, or five services would compile everything at their first start.
            command = [*uv, "--require-hashes", "--compile-bytecode"]
            call([*command, *(f"--requirements={lock}" for lock in first)], unreachable)
    if level == "dev":
        every = [*first, LOCKS / "dev.lock"]
        with step("dev", "installing the packages of the tests and linters", *every) as work:
            if work:
                call([*uv, "--require-hashes", *(f"--requirements={lock}" for lock in every)], unreachable)
    with step("ponte", "installing the ponte command", ROOT / "pyproject.toml", str(ROOT)) as work:
        if work:
            options = ["--quiet", "--no-deps", "--no-build-isolation", "--offline"]
            call([*uv, *options, "--editable", str(ROOT)], "The ponte command could not be installed")


def fetch(level: str) -> None:
    """Fetch the broker's jars, the tests' Keycloak and the page's packages, unless they are there."""
    call([str(PYTHON), "-m", "shared.local.fetch"], "The engines could not be fetched")
    if level == "dev":
        call([str(PYTHON), "-m", "shared.local.distribution"], "Keycloak could not be fetched")
    if (ROOT / "services" / "dashboard" / "assets.py").is_file():
        try:
            call([str(PYTHON), "-m", "services.dashboard.assets"], "no assets")
        except SetupFailed:
            say("the page's front-end packages could not be had; the APIs run without them.")


def main(arguments: list[str]) -> int:
    """Run every step in order; return the exit status."""
    level = arguments[0] if arguments else "dev"
    if level not in ("run", "dev"):
        print("usage: python3 tools/setup.py [run|dev]", file=sys.stderr)
        return 2
    if sys.version_info < OLDEST:
        version = sys.version.split()[0]
        print(
            f"Ponte needs Python 3.11 or newer and python3 on PATH is {version}; "
            "name another with make PYTHON=...",
            file=sys.stderr,
        )
        return 1
    (ROOT / ".ponte").mkdir(exist_ok=True)
    try:
        with (ROOT / ".ponte" / "setup.lock").open("w") as lock:
            # Two makes at once: the second waits and then finds everything done.
            fcntl.flock(lock, fcntl.LOCK_EX)
            make_venv()
            install(level)
            fetch(level)
    except SetupFailed as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: interrupted; the next run goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
