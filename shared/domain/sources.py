"""Who says so where an officer names no other source."""

from __future__ import annotations

from typing import Final

from shared.contracts.base import Source, SourceKind

THE_OFFICE: Final = Source(title="Area Relazioni Internazionali", kind=SourceKind.OFFICE)
