"""How long the holders of mandates are kept: from the end of the mandate."""

from __future__ import annotations

from datetime import date

from services.networks.domain.state import MembershipState
from shared.contracts.networks import Mandate
from shared.contracts.partial_dates import parse_partial_date
from shared.domain.retention import is_over


def counts_from(mandate: Mandate) -> date | None:
    """The last day on which the mandate may have ended; null: it is running, or nobody knows its end."""
    return None if mandate.until is None else parse_partial_date(mandate.until)[1]


def kept_too_long(state: MembershipState, *, months: int, today: date) -> tuple[str, ...]:
    """Where in the membership's state holders stand who may be kept no longer, as paths; each by itself.

    Somebody whose first mandate is long over and whose second is running stays in the second.
    """
    return tuple(
        f"membership.mandates.{number}.holder"
        for number, mandate in enumerate(state.membership.mandates)
        if (mandate.holder.name or mandate.holder.person_id)
        and is_over(counts_from(mandate), months=months, today=today)
    )
