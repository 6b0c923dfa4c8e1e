"""One example of every event, complete enough to show each field that a reader may meet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.contracts import agenda, agreements, dossiers, networks, substitutions
from shared.contracts.base import EventData, Person, Source, SourceKind

_LYON: dict[str, Any] = {
    "city": "Lyon",
    "city_it": "Lione",
    "country": "FR",
    "time_zone": "Europe/Paris",
    "latitude": 45.75,
    "longitude": 4.85,
}
_CITY_PAGE = Source(title="Comune, pagina dei gemellaggi", kind=SourceKind.OFFICIAL)
_START, _END = "2026-12-02T09:00:00.000Z", "2026-12-03T16:00:00.000Z"
_BRUSSELS_CLOSING = dossiers.Deadline(
    local="2027-03-18T17:00", time_zone="Europe/Brussels", at=datetime(2027, 3, 18, 16, tzinfo=UTC)
)

_MISSION = agenda.Mission.model_validate(
    {
        "mission_id": "mission-0f3a",
        "status": "scheduled",
        "title": "Lione, firma del programma di lavoro",
        "purpose": "sign-agreement",
        "holder": Person(person_id="person-1", name="Anna Rossi", function="Delegate for networks"),
        "delegation": [Person(person_id="person-2", name="Luca Bianchi", function="Protocol officer")],
        "legs": [{"place": _LYON, "starts_at": _START, "ends_at": _END}],
        "starts_at": _START,
        "ends_at": _END,
        "agreement_id": "agreement-7b21",
        "signature": {"agreement_id": "agreement-7b21", "signed_on": "2026-12-02"},
        "reason": "Shown here because every field is shown",
        "sample": True,
    }
)

_SUBSTITUTION = substitutions.Substitution.model_validate(
    {
        "substitution_id": "substitution-2d71",
        "principal": "5f0c2b1e-0f6c-4d7e-9a51-7a3c7f1d2e90",
        "substitute": "b81e6a34-6d0b-4f0e-8f0d-2b9c1f4a7d55",
        "roles": ["cabinet"],
        "starts_on": "2026-12-01",
        "ends_on": "2026-12-23",
        "ended_at": "2026-12-18T10:30:00.000Z",
    }
)

_AGREEMENT = agreements.Agreement.model_validate(
    {
        "agreement_id": "agreement-7b21",
        "kind": "twinning",
        "title": "Milano - Lione",
        "counterpart": {"name": "Lyon", "name_it": "Lione", "place": _LYON},
        "status": {"status": "in-force", "source": _CITY_PAGE, "as_of": "2025-10", "confirmed": True},
        "other_statuses": [
            {"status": "suspended", "source": _CITY_PAGE, "as_of": "2012-11-22", "confirmed": False}
        ],
        "kind_claims": [
            {"said": "partner", "source": {"title": "City of Lyon", "kind": "counterpart"}},
        ],
        "signed": [{"date": "1967-09-22", "source": _CITY_PAGE}],
        "approved": [{"date": "1967", "source": _CITY_PAGE}],
        "renewed": [{"date": "2017-04", "source": _CITY_PAGE}],
        "term_months": 24,
        "signing": {"mission_id": "mission-0f3a", "on": _START, "place": _LYON},
        "note": "Shown here because every field is shown",
        "sample": True,
    }
)

_MEMBERSHIP = networks.Membership.model_validate(
    {
        "membership_id": "membership-5c44",
        "network": "EUROCITIES",
        "network_it": "EUROCITIES",
        "unit": "european",
        "role": "founder",
        "since": "1986",
        "mandates": [
            {
                "mandate_id": "mandate-1",
                "office": "Elected city",
                "office_it": "Città eletta",
                "body": "Executive committee",
                "body_it": "Comitato esecutivo",
                "holder": Person(function="City of Milan"),
                "since": "2014",
                "until": "2017",
                "note": "Elected with 67 votes",
                "note_it": "Eletta con 67 voti",
                "source": _CITY_PAGE,
                "as_of": "2014",
            }
        ],
        "duties": [
            {
                "duty_id": "duty-1",
                "what": "Annual fee",
                "what_it": "Quota annuale",
                "due_on": "2027-01-31",
                "done_on": "2027-01-15",
                "sample": True,
            }
        ],
        "counts": [
            {
                "what": "Member cities",
                "what_it": "Città aderenti",
                "value": 200,
                "at_least": True,
                "as_of": "2023",
                "source": _CITY_PAGE,
            }
        ],
        "note": "Grew out of a conference of eleven cities",
        "note_it": "Nata da una conferenza di undici città",
        "source": _CITY_PAGE,
        "as_of": "2023-11-27",
    }
)

_CANDIDACY = dossiers.Candidacy.model_validate(
    {
        "candidacy_id": "candidacy-9e10",
        "kind": "seat",
        "what_for": "Seat of the European Medicines Agency",
        "what_for_it": "Sede dell'Agenzia europea per i medicinali",
        "applicant": "Italy",
        "applicant_it": "Italia",
        "issuer": "Council of the European Union",
        "edition_year": 2017,
        "deadline": _BRUSSELS_CLOSING,
        "status": "lost",
        "outcome": {
            "decided_on": "2017-11-20",
            "method": "Drawing of lots",
            "method_it": "Sorteggio",
            "rounds": [{"number": 1, "result": "25 points", "result_it": "25 punti"}],
            "note": "Tied at 13 to 13 in the third round",
            "note_it": "Parità a 13 nel terzo turno",
        },
        "note": "The bids were the Member States'",
        "source": _CITY_PAGE,
        "as_of": "2017-11-20",
    }
)


def _erased(path: str) -> dict[str, Any]:
    scrubbed = {"epoch": 1, "sequence": 1, "path": path}
    return {"erasure_id": "erasure-4d71", "scrubbed": [scrubbed]}


_EXTRAS: dict[type[EventData], dict[str, Any]] = {
    agenda.MissionCorrected: {"fields": ["title"]},
    agenda.MissionPersonErased: _erased("mission.title"),
    substitutions.SubstitutionPersonErased: {"erasure_id": "erasure-4d71"},
    agreements.AgreementPersonErased: _erased("agreement.note"),
    networks.MembershipPersonErased: _erased("membership.mandates.0.holder.name"),
    dossiers.CandidacyPersonErased: _erased("candidacy.note"),
    agreements.SigningReopened: {"reason": "The mission was cancelled"},
    agreements.AgreementSigned: {"signed_on": "2026-12-02", "mission_id": "mission-0f3a"},
    agreements.AgreementSuspended: {"reason": "Motion of the Council"},
    agreements.AgreementTermOver: {"term_ended_by": "2028-12-02"},
    agreements.AgreementEnded: {"reason": "Not renewed by either side"},
    agreements.AgreementCorrected: {"fields": ["signed"]},
    networks.MandateRecorded: {"mandate_id": "mandate-1"},
    networks.MandateEnded: {"mandate_id": "mandate-1"},
    networks.DutySet: {"duty_id": "duty-1"},
    networks.DutyDone: {"duty_id": "duty-1"},
    networks.MembershipCorrected: {"fields": ["counts"]},
    dossiers.DeadlineMoved: {"before": _BRUSSELS_CLOSING},
    dossiers.CandidacyWithdrawn: {"reason": "The formal applicant withdrew"},
    dossiers.CandidacyCorrected: {"fields": ["outcome"]},
}

_STATES: dict[str, tuple[tuple[type[EventData], ...], dict[str, Any]]] = {
    agenda.TOPIC: (agenda.EVENTS, {"mission": _MISSION, "substitution": _SUBSTITUTION}),
    agreements.TOPIC: (agreements.EVENTS, {"agreement": _AGREEMENT}),
    networks.TOPIC: (networks.EVENTS, {"membership": _MEMBERSHIP}),
    dossiers.TOPIC: (dossiers.EVENTS, {"candidacy": _CANDIDACY}),
}

EXAMPLES: dict[type[EventData], EventData] = {
    model: model.model_validate({**state, **_EXTRAS.get(model, {})})
    for models, state in _STATES.values()
    for model in models
}
