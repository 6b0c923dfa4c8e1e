"""What somebody has to look at: alerts in three gravities, each concluded from facts by a readable rule.

Nothing is stored: when the facts change, the alert goes. The rules stand in ``alerts_*.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain

from services.dashboard.domain import alerts_agenda, alerts_agreements, alerts_networks
from services.dashboard.domain.alert import Alert, Gravity
from services.dashboard.domain.picture import Clock, Picture

Rule = Callable[[Picture, Clock], Iterator[Alert]]
RULES: tuple[Rule, ...] = (*alerts_agenda.RULES, *alerts_agreements.RULES, *alerts_networks.RULES)
_ORDER = {gravity: place for place, gravity in enumerate(Gravity)}


def find_alerts(picture: Picture, clock: Clock) -> list[Alert]:
    """Every alert that the facts give, most grave first, then the earliest."""
    found = chain.from_iterable(rule(picture, clock) for rule in RULES)
    return sorted(found, key=lambda alert: (_ORDER[alert.gravity], alert.due or date.max, alert.key))
