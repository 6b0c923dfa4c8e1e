"""What the dashboard keeps of people: copies of what the units publish, sessions and last visits."""

from __future__ import annotations

from typing import Final

from shared.contracts import agenda, agreements, dossiers, networks, substitutions
from shared.privacy.activities import AGREEMENTS, CANDIDACIES, MANDATES, MISSIONS, SUBSTITUTIONS
from shared.privacy.declared import Declarations
from shared.privacy.stored import DASHBOARD, of_views

_EVENTS: Final = (
    # Who acts for whom is no news, and not in the feed.
    ([event for event in agenda.EVENTS if event not in substitutions.EVENTS], MISSIONS),
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
        "substitutions": of_views([(substitutions.Substitution, SUBSTITUTIONS)], "state."),
        "feed": of_views([(event, activity) for events, activity in _EVENTS for event in events], "data."),
        **DASHBOARD,
    },
)
