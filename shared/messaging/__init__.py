"""The event flow: relay, reader, dead letters. Only ``ServiceRuntime`` is needed to wire a service."""

from shared.messaging.envelope import Received
from shared.messaging.reacting import Reaction
from shared.messaging.runtime import ServiceRuntime
from shared.messaging.viewing import Projection

__all__ = ["Projection", "Reaction", "Received", "ServiceRuntime"]
