"""`ponte backup` and `ponte restore` as an operator gives them, on real engines."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.contracts.agenda import Mission
from shared.messaging.envelope import to_message
from shared.messaging.producer import Producer
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import JOURNAL, Database, Repository, close, connect, prepare
from shared.testing.builders import a_command, a_mission, scheduled

ROOT = Path(__file__).parents[3]


class Operator:
    """Somebody at a terminal, and the agenda's database that the commands are about."""

    def __init__(self, environment: dict[str, str], database: Database) -> None:
        self.environment = environment
        self.database = database

    def ponte(
        self, *arguments: str, answer: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "shared.cli.main", *arguments],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "300", **self.environment, **environment},
            input=answer,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    async def put(self, title: str) -> None:
        epoch = await prepare(self.database, ["missions"])
        missions = Repository(
            self.database["missions"], self.database[JOURNAL], Mission, epoch=epoch, what="mission_id"
        )
        await missions.put("mission-1", a_command(), lambda _: scheduled(a_mission(title=title)))

    async def title(self) -> str:
        document = await self.database["missions"].find_one({"_id": "mission-1"})
        assert document is not None
        return str(document["state"]["title"])


@pytest.fixture
async def operator(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], topic_prefix: str
) -> AsyncIterator[Operator]:
    client = connect(mongodb_uri)
    environment = {
        "PONTE_MONGODB_URI": mongodb_uri,
        "PONTE_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "PONTE_DATABASE_PREFIX": database_name(""),
        "PONTE_TOPIC_PREFIX": f"{topic_prefix}.",
    }
    yield Operator(environment, client[database_name("agenda")])
    await close(client)


async def test_a_backup_and_back(operator: Operator, tmp_path: Path, kafka_bootstrap: str) -> None:
    await operator.put("then")
    made = operator.ponte("backup", str(tmp_path / "monday"))
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("agenda: ")
    assert "epoch 1" in made.stdout
    assert "agreements: has never been started, nothing to back up" in made.stderr
    again = operator.ponte("backup", str(tmp_path / "monday"), "--service", "agenda")
    assert again.stdout == ""
    assert "agenda: is whole already" in again.stderr

    await operator.put("now")
    document = await operator.database["missions"].find_one({"_id": "mission-1"})
    assert document is not None
    # The topic has seen epoch 5, whatever the database says.
    topic = f"{operator.environment['PONTE_TOPIC_PREFIX']}ponte.agenda"
    await ensure_topics(kafka_bootstrap, [topic_of(topic)])
    producer = Producer(kafka_bootstrap, client_id="test")
    event = {**document["outbox"][-1], "epoch": 5}
    await producer.send(topic, [to_message(event, "/ponte/agenda")])
    await producer.stop()

    refused = operator.ponte("restore", str(tmp_path / "monday"), answer="n\n")
    assert refused.returncode == 1
    assert refused.stderr.endswith("ponte: Nothing was changed.\n")
    assert await operator.title() == "now"

    back = operator.ponte("restore", str(tmp_path / "monday"), "--yes")
    assert back.returncode == 0, back.stderr
    assert "now epoch 6" in back.stdout
    assert await operator.title() == "then"


async def test_without_kafka_only_when_told(operator: Operator, tmp_path: Path) -> None:
    await operator.put("then")
    operator.ponte("backup", str(tmp_path))
    await operator.put("now")
    refused = operator.ponte("restore", str(tmp_path), "--yes", PONTE_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")
    assert refused.returncode == 1
    assert refused.stderr.startswith("ponte: Kafka does not answer at 127.0.0.1:9")
    assert "--without-kafka" in refused.stderr
    assert await operator.title() == "now"
    back = operator.ponte(
        "restore", str(tmp_path), "--yes", "--without-kafka", PONTE_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9"
    )
    assert back.returncode == 0, back.stderr
    assert "now epoch 2" in back.stdout
    assert await operator.title() == "then"


async def test_what_cannot_be_done_is_one_sentence(operator: Operator, tmp_path: Path) -> None:
    nothing = operator.ponte("restore", str(tmp_path), "--yes")
    assert (nothing.returncode, nothing.stderr) == (1, f"ponte: There is no whole backup in {tmp_path}.\n")
    wrong = operator.ponte("backup", str(tmp_path), "--service", "agendas")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("ponte: --service is 'agendas'; it is one of agenda, ")
    never = operator.ponte("backup", str(tmp_path), "--service", "agenda")
    assert never.returncode == 1
    assert "is not the database of a service that has ever started" in never.stderr
    (tmp_path / "file").write_text("")
    blocked = operator.ponte("backup", str(tmp_path / "file"))
    assert blocked.returncode == 1
    assert "cannot be made" in blocked.stderr
