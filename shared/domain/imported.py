"""The last imported row of a record, as its unit keeps it."""

from __future__ import annotations

from typing import Annotated

from shared.contracts.base import MayName

ImportedCells = Annotated[dict[str, str], MayName()]
"""Its cells by column, as they came: whoever stands in them is named here too. Never published."""
