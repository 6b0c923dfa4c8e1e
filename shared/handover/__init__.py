"""Handing over: what somebody answers for is passed on in one step, in each service that owns records."""

from shared.handover.passing import Handover, Share, share_of
from shared.handover.responsible import by_responsible, responsible_for
from shared.handover.router import handover_router

__all__ = [
    "Handover",
    "Share",
    "by_responsible",
    "handover_router",
    "responsible_for",
    "share_of",
]
