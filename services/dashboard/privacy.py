"""What the dashboard keeps of people: copies of what the units publish, sessions and last visits."""

from __future__ import annotations

from typing import Final

from shared.contracts import agenda, agreements, dossiers, networks
from shared.privacy.activities import AGREEMENTS, CANDIDACIES, MANDATES, MISSIONS
from shared.privacy.declared import Declarations
from shared.privacy.stored import DASHBOARD, of_views

_EVENTS: Final = (
    (agenda.EVENTS, MISSIONS),
    (agreements.EVENTS, AGREEMENTS),
    (networks.EVENTS, MANDATES),
    (dossiers.EVENTS, CANDIDACIES),
)

DECLARATIONS: Final = Declarations(
    "dashboard",
    stored={
        "missions": of_views([(agenda.Mission, MISSIONS)], "state."),
        "agreements": of_views([(agreements.Agreement, AGREEMENTS)], "state."),
        "memberships": of_views([(networks.Membership, MANDATES)], "state."),
        "candidacies": of_views([(dossiers.Candidacy, CANDIDACIES)], "state."),
        "feed": of_views([(event, activity) for events, activity in _EVENTS for event in events], "data."),
        **DASHBOARD,
    },
)
