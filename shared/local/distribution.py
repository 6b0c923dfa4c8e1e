"""Keycloak's distribution for the tests of signing in: fetched, checked, unpacked and built once.

`python -m shared.local.distribution` makes it ready and is quick when it is. `keycloak.lock` holds the
archive's SHA-256 sum and no address.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

from shared.local.engine import FOREIGN
from shared.local.errors import EngineMissing, LocalError
from shared.local.fetch import Progress, java_program, maven_context, say, sha256_of
from shared.local.paths import engines_folder

LOCK = Path(__file__).with_name("keycloak.lock")
BUILD = ("build", "--db=dev-mem")
"""A database in memory: each start begins with an empty one, and the realm is imported anew."""
BUILD_WITHIN = 300
SUMS = "SHA256SUMS"


class Archive(NamedTuple):
    """The line of the lock file."""

    group: str
    artifact: str
    version: str
    packaging: str
    sha256: str


def locked_archive(lock: Path = LOCK) -> Archive:
    """Read the lock file."""
    line = next(line for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    sha256, coordinates = line.split()
    group, artifact, version, packaging = coordinates.split(":")
    return Archive(group, artifact, version, packaging, sha256)


def keycloak_home(progress: Progress | None = None) -> Path:
    """Return the folder of Keycloak, built for a database in memory, every file as it was after the build.

    A folder that differs in anything is removed whole and made again.

    Raises:
        EngineMissing: the archive could not be fetched or has another content than was locked, or the build
            failed.
    """
    archive = locked_archive()
    folder = engines_folder() / f"keycloak-{archive.version}"
    if is_whole(folder, archive):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "fetch-keycloak.lock").open("w") as lock:
        # Two runs that find the same fault: the second waits, looks again and finds it healed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_whole(folder, archive):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        packed = _fetch(archive, folder.parent, progress)
        partial = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        say(progress, "Keycloak: unpacking and building it, once")
        with tarfile.open(packed) as tar:
            tar.extractall(partial, filter="data")
        unpacked = next(partial.iterdir())
        _build(unpacked)
        (unpacked / SUMS).write_text(f"{archive.sha256}\n{_sums(unpacked)}")
        unpacked.rename(folder)
        partial.rmdir()
        packed.unlink()
    return folder


def is_whole(folder: Path, archive: Archive) -> bool:
    """Tell whether the folder came from this archive and has not changed in any file since."""
    sums = folder / SUMS
    return sums.is_file() and sums.read_text() == f"{archive.sha256}\n{_sums(folder)}"


def _sums(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{sha256_of(path)}  {path.relative_to(folder)}\n" for path in files)


def _fetch(archive: Archive, folder: Path, progress: Progress | None) -> Path:
    """Fetch the archive; what an interrupted try has brought is kept and gone on from."""
    name = f"{archive.artifact}-{archive.version}.{archive.packaging}"
    packed, partial = folder / name, folder / f"{name}.part"
    if packed.is_file() and sha256_of(packed) == archive.sha256:
        return packed
    context = maven_context(folder / ".maven")
    try:
        download(context, archive, partial, progress)
    # The resolver lets every error of its HTTP library through, so there is no narrower class to name.
    except Exception as error:
        raise EngineMissing(
            f"Keycloak {archive.version} could not be fetched ({type(error).__name__}); is the Maven "
            "registry reachable? `make setup` goes on from where it stopped."
        ) from error
    finally:
        shutil.rmtree(folder / ".maven", ignore_errors=True)
    if sha256_of(partial) != archive.sha256:
        partial.unlink()
        raise EngineMissing(
            f"{name} came with another content than the lock file says; nothing of it is kept."
        )
    partial.rename(packed)
    return packed


def download(context: Any, archive: Archive, partial: Path, progress: Progress | None) -> None:
    """Bring ``partial`` to its end, from the first of the resolver's repositories that has it."""
    # The resolver's own download begins a file of 160 MB anew after each interruption.
    from jgo.util import http

    component = context.project(archive.group, archive.artifact).at_version(archive.version)
    artifact = component.artifact(packaging=archive.packaging)
    for repository in context.remote_repos.values():
        there = partial.stat().st_size if partial.exists() else 0
        answer = http.get(
            f"{repository}/{component.path_prefix.as_posix()}/{artifact.filename}",
            headers={"Range": f"bytes={there}-"} if there else {},
            stream=True,
            timeout=60,
        )
        if answer.status_code == 416:  # nothing is left to fetch
            return
        if answer.status_code not in {200, 206}:
            continue
        resumed = answer.status_code == 206
        total = int(answer.headers.get("Content-Length", 0)) + (there if resumed else 0)
        with partial.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_content(1 << 20):
                file.write(chunk)
                say(progress, f"Keycloak: {file.tell() >> 20} of {total >> 20} MiB", passing=True)
        return
    raise FileNotFoundError(archive.artifact)


def _build(folder: Path) -> None:
    """Let Keycloak fix its build options, as its own manual has it: later starts are then quick."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment["JAVA_HOME"] = str(java_program().parent.parent)
    try:
        done = subprocess.run(
            [str(folder / "bin" / "kc.sh"), *BUILD],
            env=environment,
            capture_output=True,
            text=True,
            timeout=BUILD_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineMissing(f"Keycloak's build was not done within {BUILD_WITHIN} s.") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["nothing"]
        raise EngineMissing(f"Keycloak could not be built; it says: {said[0]}")


def write_lock(progress: Progress | None = None) -> None:
    """Fetch the archive of the locked version and write its sum into the lock file."""
    old = locked_archive()
    folder = engines_folder() / "resolve-keycloak"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        packed = folder / "archive"
        download(maven_context(folder / ".maven"), old, packed, progress)
        sha256 = sha256_of(packed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    head = LOCK.read_text().splitlines()[0]
    LOCK.write_text(f"{head}\n{sha256}  {':'.join(old[:4])}\n")


def main() -> int:
    """Make Keycloak ready, or with `--lock` write the lock file; one sentence and 1 on failure."""

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        if "--lock" in sys.argv[1:]:
            write_lock(show)
        keycloak_home(show)
    except LocalError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    say(show, "keycloak: ready\n" if sys.stdout.isatty() else "keycloak: ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
