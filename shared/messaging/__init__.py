"""The event flow: relay, reader, dead letters. Only ``ServiceRuntime`` is needed to wire a service."""

from shared.messaging.delivery import Projection, Reaction
from shared.messaging.envelope import Received
from shared.messaging.runtime import ServiceRuntime

__all__ = ["Projection", "Reaction", "Received", "ServiceRuntime"]
