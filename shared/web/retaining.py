"""Retention of one service, as its settings say, for as long as it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.privacy.expiring import Expiring, of_every_service
from shared.privacy.retention import Look, Retention
from shared.web.settings import ServiceSettings


@asynccontextmanager
async def retained(
    runtime: ServiceRuntime,
    settings: ServiceSettings,
    *,
    records: Look | None = None,
    why: str = "",
    more: Sequence[Expiring] = (),
) -> AsyncIterator[Retention]:
    """What may be kept no longer is taken out on each day, while the block runs.

    ``records`` tells the service's records with people who have been kept long enough, ``why`` is what the
    ledger says of their erasure; ``more`` are things of this service that go by their age.
    """
    common = of_every_service(
        audit_months=settings.retention_months_audit, messages_months=settings.retention_months_messages
    )
    retention = Retention(
        runtime.database,
        runtime.name,
        CityDay(settings.city),
        erasures=runtime.erasures,
        expiring=[*common, *more],
        records=records,
        why=why,
    )
    retention.start()
    try:
        yield retention
    finally:
        await retention.stop()
