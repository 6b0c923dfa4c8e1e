"""The jars: locked, checked, and healed when they are not as locked."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from shared.local import fetch
from shared.local.errors import EngineMissing


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of jars like the fetched one, in a place of the test's own."""
    whole = fetch.kafka_jars()
    monkeypatch.setenv("PONTE_ENGINES", str(tmp_path))
    return Path(shutil.copytree(whole, tmp_path / whole.name))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers from the jars that are here already, and notes what was asked for."""
    whole, asked = fetch.kafka_jars(), []

    def fetch_one(context: Any, jar: fetch.Jar, place: Path) -> None:
        asked.append(jar.name)
        shutil.copy(whole / jar.name, place / jar.name)

    monkeypatch.setattr(fetch, "_fetch_one", fetch_one)
    return asked


def test_the_lock_names_no_address_and_one_version_of_kafka() -> None:
    text = fetch.LOCK.read_text()
    assert "://" not in text
    jars = fetch.locked_jars()
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {fetch.KAFKA_VERSION}
    assert all(len(jar.sha256) == 64 for jar in jars)


def test_mixed_versions_of_kafka_are_refused(tmp_path: Path) -> None:
    lock = tmp_path / "kafka.lock"
    lock.write_text(fetch.LOCK.read_text().replace("kafka-clients:4.4.0", "kafka-clients:3.8.0"))
    with pytest.raises(EngineMissing, match=r"3\.8\.0, 4\.4\.0"):
        fetch.locked_jars(lock)


def test_whole_jars_are_left_alone(registry: list[str], folder: Path) -> None:
    assert fetch.kafka_jars() == folder
    assert registry == []


@pytest.mark.parametrize("damage", ["changed", "missing", "foreign"])
def test_damage_is_healed_by_fetching_the_whole_folder_again(
    registry: list[str], folder: Path, damage: str
) -> None:
    jar = next(folder.glob("kafka-clients-*.jar"))
    match damage:
        case "changed":
            jar.write_bytes(jar.read_bytes()[:-1] + b"x")
        case "missing":
            jar.unlink()
        case _:
            (folder / "kafka-clients-3.8.0.jar").write_bytes(b"another one on the class path")
    assert fetch.kafka_jars() == folder
    assert fetch.differences(folder, fetch.locked_jars()) == []
    assert len(registry) == len(fetch.locked_jars())


def test_an_interrupted_fetch_goes_on_where_it_stopped(registry: list[str], folder: Path) -> None:
    partial = folder.rename(folder.with_name(f"{folder.name}.part"))
    gone = sorted(partial.glob("*.jar"))[:3]
    for jar in gone:
        jar.unlink()
    assert fetch.kafka_jars() == folder
    assert sorted(registry) == [jar.name for jar in gone]


def test_a_jar_from_the_registry_must_be_the_locked_one(tmp_path: Path) -> None:
    fetched = tmp_path / "fetched.jar"
    fetched.write_bytes(b"something else")

    class Registry:
        def __getattr__(self, name: str) -> Any:
            return (lambda: str(fetched)) if name == "resolve" else lambda *_: self

    with pytest.raises(EngineMissing, match="another content"):
        fetch._fetch_one(Registry(), fetch.locked_jars()[0], tmp_path)
    assert not fetched.exists()


def test_an_unreachable_registry_is_one_sentence(tmp_path: Path) -> None:
    class Registry:
        def __getattr__(self, name: str) -> Any:
            if name == "resolve":
                raise ConnectionError
            return lambda *_: self

    with pytest.raises(EngineMissing, match="is the Maven registry reachable"):
        fetch._fetch_one(Registry(), fetch.locked_jars()[0], tmp_path)


def test_a_mongod_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "mongod"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch.mongod_program() == own
