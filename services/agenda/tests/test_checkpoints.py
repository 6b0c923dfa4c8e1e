"""The agenda as it runs secures its journal: a service that stops leaves a signed checkpoint."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.agenda.app import build_app
from services.agenda.settings import Settings
from services.agenda.tests.test_api import MEETING
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store import close, connect
from shared.store.checkpoints import CHECKPOINTS, checkpoint_faults, read_public_keys
from shared.store.trail import AUDIT_ENTRIES
from shared.testing.serving import serving, surroundings


async def test_a_service_that_stops_leaves_a_signed_checkpoint(
    mongod: Mongod, kafka: Kafka, tmp_path: Path
) -> None:
    async with surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path) as around:
        async with serving(around, build_app, Settings) as agenda, agenda.client("director") as director:
            answer = await director.post("/v1/missions", json=MEETING)
            assert answer.is_success, answer.text
            subject, name = answer.json()["subject"], agenda.database.name
            async with agenda.client("auditor") as auditor:
                assert (await auditor.post("/v1/missions", json=MEETING)).status_code == 403
        client = connect(mongod.uri)
        [checkpoint] = await client[name][CHECKPOINTS].find({}).to_list()
        await close(client)
        keys = read_public_keys(around.keys.audit_key_file)
        assert checkpoint_faults(checkpoint, None, service="agenda", keys=keys) == []
        # The refusal of a moment ago is in the trail, and its chain is noted, too.
        chain, mission = checkpoint["heads"]
        assert (chain[0].partition("/")[0], chain[1:3]) == (AUDIT_ENTRIES, [0, 1])
        assert mission[:3] == [subject, 1, 1]
        assert checkpoint["key"] in keys
        (tmp_path / "no-key.pem").write_text("nonsense")
        with pytest.raises(ValidationError, match=r"no-key\.pem is not a private key"):
            Settings.model_validate(
                {**around.settings(Settings).model_dump(), "audit_key_file": tmp_path / "no-key.pem"}
            )
