"""What the agenda does when agreements tell something.

What a rule of the mission refuses (no such mission, cancelled, another agreement) is kept for an officer by
the runner. A repeated event changes nothing: the mission knows the highest one that it answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from services.agenda import commands
from services.agenda.commands import Missions
from shared.contracts.agenda import Signature
from shared.contracts.agreements import AgreementSigned
from shared.messaging import Reaction, Received


def reactions(missions: Callable[[], Missions]) -> Mapping[str, Reaction]:
    """By event type. Every other event of agreements is none of the agenda's business."""

    async def signed(event: Received[AgreementSigned]) -> None:
        """The signature is noted on the mission that the agreement was signed on."""
        mission_id = event.data.mission_id
        if mission_id is None:
            return
        signature = Signature(agreement_id=event.data.agreement.agreement_id, signed_on=event.data.signed_on)
        command = event.command("note-signature", service="agenda", at=datetime.now(UTC))
        await commands.note_signature(missions(), command, mission_id, signature)

    return {AgreementSigned.TYPE: signed}
