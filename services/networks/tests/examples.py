"""Examples that the tests of networks share."""

from datetime import date
from typing import Any

from services.networks.domain import MembershipState, register
from shared.contracts.base import Person, Source, SourceKind, Unit
from shared.contracts.networks import Duty, Mandate, Membership, MembershipRole

TODAY = date(2026, 11, 26)
COMUNE = Source(title="Comune di Milano", kind=SourceKind.OFFICIAL)


def membership(**changes: Any) -> Membership:
    values: dict[str, Any] = {
        "membership_id": "membership-eurocities",
        "network": "EUROCITIES",
        "network_it": "EUROCITIES",
        "unit": Unit.EUROPEAN,
        "role": MembershipRole.FOUNDER,
        "since": "1986",
        "source": COMUNE,
        "as_of": "2023-11-27",
    }
    return Membership(**{**values, **changes})


def mandate(mandate_id: str = "mandate-1", holder: str = "Ada Bianchi", **changes: Any) -> Mandate:
    values: dict[str, Any] = {
        "mandate_id": mandate_id,
        "office": "Chair",
        "office_it": "Presidente",
        "body": "Mobility working group",
        "body_it": "Gruppo di lavoro mobilità",
        "holder": Person(name=holder, function="Councillor"),
        "source": COMUNE,
        "as_of": "2023-11-27",
    }
    return Mandate(**{**values, **changes})


def duty(duty_id: str = "duty-1", **changes: Any) -> Duty:
    values: dict[str, Any] = {
        "duty_id": duty_id,
        "what": "Annual fee",
        "what_it": "Quota annuale",
        "due_on": date(2026, 12, 31),
    }
    return Duty(**{**values, **changes})


def registered(**changes: Any) -> MembershipState:
    return register(membership(**changes), today=TODAY).state
