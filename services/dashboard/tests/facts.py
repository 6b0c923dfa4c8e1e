"""Real facts and a few invented ones, as small as the tests of the page need them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.dashboard.domain.picture import Clock, Picture
from services.dashboard.views.frame import City, Frame
from services.dashboard.views.lens import Lens
from shared.contracts.agenda import Mission
from shared.contracts.agreements import Agreement
from shared.contracts.base import Place, Source, SourcedDate, SourceKind
from shared.contracts.dossiers import Candidacy
from shared.contracts.networks import Membership

NOW = datetime(2026, 11, 26, 9, 42, tzinfo=UTC)  # 10:42 in Milan, a Thursday
ROME = ZoneInfo("Europe/Rome")
CLOCK = Clock(NOW, ROME)
MILAN = City(
    names={"it": "Milano", "en": "Milan"},
    area={"it": "Area Relazioni Internazionali", "en": "International Relations Area"},
    zone=ROME,
    holidays="IT-MI",
)
RELEASE = Source(title="Comunicato stampa del 14/01/2009", kind=SourceKind.SECONDARY)
CITY_PAGE = Source(title="Pagina del Comune", kind=SourceKind.OFFICIAL)
OTHER_SIDE = Source(title="frankfurt.de", kind=SourceKind.COUNTERPART)

PLACES = {
    "Dakar": Place(city="Dakar", city_it="Dakar", country="SN", time_zone="Africa/Dakar"),
    "Lyon": Place(city="Lyon", city_it="Lione", country="FR", time_zone="Europe/Paris"),
    "Frankfurt": Place(city="Frankfurt", city_it="Francoforte", country="DE", time_zone="Europe/Berlin"),
    "Chicago": Place(city="Chicago", city_it="Chicago", country="US", time_zone="America/Chicago"),
    "Toronto": Place(city="Toronto", city_it="Toronto", country="CA", time_zone="America/Toronto"),
    "Riga": Place(city="Riga", city_it="Riga", country="LV", time_zone="Europe/Riga"),
    "Daegu": Place(city="Daegu", city_it="Daegu", country="KR", time_zone="Asia/Seoul"),
    "Saint Petersburg": Place(
        city="Saint Petersburg", city_it="San Pietroburgo", country="RU", time_zone="Europe/Moscow"
    ),
}


def a_frame(language: str = "it", *, now: datetime = NOW, **lens: Any) -> Frame:
    """The circumstances of a rendering at ``NOW`` in Milan."""
    return Frame(Lens(language, **lens), Clock(now, ROME), MILAN)


def dated(text: str, source: Source = CITY_PAGE) -> SourcedDate:
    return SourcedDate(date=text, source=source)


def a_twinning(city: str = "Lyon", **changes: Any) -> Agreement:
    """In force, as nobody has confirmed since 2009."""
    place = PLACES[city]
    fields: dict[str, Any] = {
        "agreement_id": f"twinning-{city.lower().replace(' ', '-')}",
        "kind": "twinning",
        "title": f"Twinning with {city}",
        "counterpart": {"name": place.city, "name_it": place.city_it, "place": place},
        "status": {"status": "in-force", "source": RELEASE, "as_of": "2009-01-14", "confirmed": False},
        "signed": [dated("1967-09-22")],
        "permanent": True,
    }
    return Agreement.model_validate({**fields, **changes})


def a_collaboration(city: str = "Riga", **changes: Any) -> Agreement:
    """Two years from 2018: their end has passed."""
    return a_twinning(
        city,
        **{
            "agreement_id": f"collaboration-{city.lower()}",
            "kind": "collaboration",
            "permanent": False,
            "term_months": 24,
            "signed": [dated("2018-02-02")],
            **changes,
        },
    )


def a_mission(mission_id: str = "mission-1", *, days: float = 0, hours: float = 2, **changes: Any) -> Mission:
    """Of the Mayor to Lyon, beginning ``days`` from now."""
    starts = NOW + timedelta(days=days)
    ends = starts + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "mission_id": mission_id,
        "status": "scheduled",
        "title": "Lione: mense",
        "holder": {"function": "Sindaco"},
        "legs": [{"place": PLACES["Lyon"], "starts_at": starts, "ends_at": ends}],
        "starts_at": starts,
        "ends_at": ends,
    }
    return Mission.model_validate({**fields, **changes})


def a_membership(**changes: Any) -> Membership:
    """C40: two votes, neither with an end."""
    fields: dict[str, Any] = {
        "membership_id": "c40",
        "network": "C40",
        "network_it": "C40",
        "unit": "partnerships",
        "role": "member",
        "mandates": [a_mandate("c40-2016", since="2016"), a_mandate("c40-2022", since="2022")],
        "source": CITY_PAGE,
        "as_of": "2023-11-27",
    }
    return Membership.model_validate({**fields, **changes})


def a_mandate(mandate_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "mandate_id": mandate_id,
        "office": "Vice-chair",
        "office_it": "Vicepresidenza",
        "body": "Steering committee",
        "body_it": "Comitato direttivo",
        "holder": {"function": "Sindaco di Milano"},
        "source": CITY_PAGE,
        "as_of": "2022",
        **changes,
    }


def a_duty(due_on: date, **changes: Any) -> dict[str, Any]:
    return {"duty_id": "fee", "what": "Fee", "what_it": "Quota", "due_on": due_on, **changes}


def a_candidacy(**changes: Any) -> Candidacy:
    """In preparation, closing at 17:00 in Brussels on 15 December."""
    fields: dict[str, Any] = {
        "candidacy_id": "icapital",
        "kind": "prize",
        "what_for": "European Capital of Innovation",
        "what_for_it": "Capitale europea dell'innovazione",
        "applicant": "City of Milan",
        "applicant_it": "Comune di Milano",
        "edition_year": 2027,
        "deadline": a_deadline("2026-12-15T17:00", "Europe/Brussels"),
        "status": "preparing",
        "source": CITY_PAGE,
        "as_of": "2026-11",
    }
    return Candidacy.model_validate({**fields, **changes})


def a_deadline(local: str, zone: str) -> dict[str, Any]:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    return {"local": local, "time_zone": zone, "at": moment}


def ema() -> Candidacy:
    """Lost by lots after three rounds."""
    return a_candidacy(
        candidacy_id="ema",
        what_for="European Medicines Agency",
        what_for_it="Agenzia europea dei medicinali",
        edition_year=None,
        deadline=None,
        status="lost",
        outcome={
            "decided_on": "2017-11-20",
            "method": "by lots",
            "method_it": "al sorteggio",
            "rounds": [
                {"number": 1, "result": "25 points", "result_it": "25 punti"},
                {"number": 2, "result": "12–9–5", "result_it": "12–9–5"},
                {"number": 3, "result": "13–13", "result_it": "13–13"},
            ],
        },
    )


def a_picture() -> Picture:
    """A little of everything, with a clash, a late duty and sources that disagree."""
    return Picture(
        missions=(
            a_mission("mission-dakar", days=-0.1, hours=6, title="Dakar: incontro con la Città"),
            a_mission("mission-daegu", days=5, hours=48, title="Daegu"),
            a_mission("mission-c40", days=6, hours=4, title="C40, comitato"),
            a_mission("mission-busy", days=9, title=None, legs=(), reserved=True, status="proposed"),
            a_mission("mission-past", days=-20, title="Riga, mai chiusa"),
        ),
        agreements=(
            a_twinning("Lyon"),
            a_twinning("Frankfurt", signed=[dated("1969-10-21", RELEASE), dated("1970-10-20", OTHER_SIDE)]),
            a_twinning("Toronto", kind_claims=[{"said": "partner", "source": OTHER_SIDE}]),
            a_collaboration("Riga"),
        ),
        memberships=(a_membership(duties=[a_duty(date(2026, 11, 20))]),),
        candidacies=(a_candidacy(), ema()),
    )
