"""A load generator with a ledger of its own, outside all services."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Send = Callable[["Ledger", str, int], Awaitable[None]]
DEFINITE = range(200, 500)
RETRY = {408, 425, 429}


@dataclass
class Ledger:
    """What was answered: per subject every sequence that a receipt named."""

    sequences: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    commands: int = 0
    retries: int = 0

    def note(self, receipt: dict[str, Any]) -> None:
        self.commands += 1
        self.sequences[receipt["subject"]].append(receipt["sequence"])


class Caller:
    """Sends a command again, with the same key, until it has a definite answer."""

    def __init__(self, client: httpx.AsyncClient, ledger: Ledger) -> None:
        self.client = client
        self.ledger = ledger
        self.number = itertools.count()

    async def post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """The receipt. Raises `AssertionError` where the definite answer is a refusal."""
        while True:
            try:
                answer = await self.client.post(path, json=body, headers={"idempotency-key": key})
            except httpx.TransportError:
                self.ledger.retries += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code not in DEFINITE or answer.status_code in RETRY:
                self.ledger.retries += 1
                await asyncio.sleep(0.1)
                continue
            assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
            receipt: dict[str, Any] = answer.json()
            self.ledger.note(receipt)
            return receipt
