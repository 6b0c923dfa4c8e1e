"""What the API of networks takes and answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.networks.domain import MembershipState
from shared.contracts.base import Id, LongText, PartialDate, Person, Source, Text, Unit
from shared.contracts.exactly import EXACTLY
from shared.contracts.networks import DatedCount, Membership, MembershipRole
from shared.contracts.substitutions import UserId
from shared.web import Accepted, Body

_SOURCE: JsonDict = {"title": "Area Relazioni Internazionali", "kind": "office"}


def _example(example: JsonDict) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class MembershipIn(Body):
    """A membership as it enters the register; its mandates and duties follow."""

    model_config = _example(
        {
            "network": "EUROCITIES",
            "network_it": "EUROCITIES",
            "unit": "european",
            "role": "member",
            "since": "1989",
            "source": _SOURCE,
            "as_of": "2026-05",
        }
    )

    network: Text
    network_it: Text
    unit: Unit
    role: MembershipRole
    since: PartialDate | None = None
    counts: Annotated[tuple[DatedCount, ...], EXACTLY] = ()
    note: LongText | None = None
    note_it: LongText | None = None
    source: Annotated[Source, EXACTLY]
    as_of: PartialDate = Field(description="When the source said so")
    sample: bool = False


class MembershipOut(Membership):
    """A membership, and who answers for it."""

    responsible: UserId | None = Field(default=None, description="An opaque id")

    @classmethod
    def of(cls, state: MembershipState) -> MembershipOut:
        """What everybody who is signed in may see."""
        return cls(**dict(state.membership), responsible=state.responsible)


class MandateIn(Body):
    """Who holds which office of which body."""

    model_config = _example(
        {
            "office": "Chair",
            "office_it": "Presidente",
            "body": "Working group on food",
            "body_it": "Gruppo di lavoro sul cibo",
            "holder": {"function": "Councillor for Food Policies"},
            "since": "2025",
            "source": _SOURCE,
            "as_of": "2026-05",
        }
    )

    office: Text
    office_it: Text
    body: Text
    body_it: Text
    holder: Annotated[Person, EXACTLY]
    since: PartialDate | None = None
    until: PartialDate | None = None
    several: bool = Field(default=False, description="The office may be held by several at once")
    note: LongText | None = None
    note_it: LongText | None = None
    source: Annotated[Source, EXACTLY]
    as_of: PartialDate


class EndIn(Body):
    """When the mandate ended or will end."""

    model_config = _example({"until": "2027-06-30"})

    until: PartialDate


class DutyIn(Body):
    """What the membership demands, and by when."""

    model_config = _example({"what": "Annual fee", "what_it": "Quota annuale", "due_on": "2026-12-31"})

    what: Text
    what_it: Text
    due_on: date
    sample: bool = False


class DoneIn(Body):
    """When the duty was done; today if left out."""

    model_config = _example({"done_on": "2026-11-20"})

    done_on: date | None = None


class MandateAccepted(Accepted):
    """The answer to a new mandate."""

    mandate_id: Id


class DutyAccepted(Accepted):
    """The answer to a new duty."""

    duty_id: Id
