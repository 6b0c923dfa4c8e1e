"""The processing activities of Ponte, as the register shows them.

Months are what a city starts with; its own plan of preservation and discarding goes before, by the settings.
"""

from __future__ import annotations

from typing import Final

from shared.privacy import laws
from shared.privacy.declared import Activity, Kept, Words

_AREA: Final = Words(
    "within the administration, by role: see docs/rights.md",
    "nell'amministrazione, per ruolo: docs/rights.md",
)
_TEN_YEARS: Final = 120
"""The ordinary limitation period (Civil Code, art. 2946), within which somebody may ask what was done."""

_ON_REQUEST: Final = Words(
    "as long as the record itself, which belongs to the archive: it names people only by chance, "
    "and whoever is named can have the name taken out",
    "quanto l'atto stesso, che appartiene all'archivio: nomina persone solo occasionalmente, "
    "e chi vi è nominato può farne togliere il nome",
)
_PEOPLE_NAMED: Final = Words(
    "whoever an officer or a source names in a text", "chiunque un ufficio o una fonte nomini in un testo"
)

MISSIONS: Final = Activity(
    key="missions",
    name=Words("Missions of the Mayor and the delegates", "Missioni del Sindaco e dei delegati"),
    purpose=Words(
        "to plan, carry out and account for missions abroad and meetings with partners",
        "programmare, svolgere e rendicontare missioni all'estero e incontri con i partner",
    ),
    bases=(
        laws.PUBLIC_TASK,
        laws.ITALIAN_BASIS,
        laws.FOREIGN_ACTIVITY,
        laws.MUNICIPALITY,
        laws.TRANSPARENCY,
        laws.RECORDS,
    ),
    people=Words(
        "the Mayor, delegates, members of delegations, hosts and counterparts in a public function",
        "Sindaco, delegati, componenti delle delegazioni, ospiti e controparti in funzione pubblica",
    ),
    recipients=_AREA,
    kept=Kept(
        counts_from=Words(
            "the city's day on which the mission ended or would have, once it is completed or cancelled",
            "il giorno, nella città, in cui la missione è finita o sarebbe finita, se completata o annullata",
        ),
        months=_TEN_YEARS,
        setting="PONTE_RETENTION_MONTHS_MISSIONS",
    ),
)

MANDATES: Final = Activity(
    key="mandates",
    name=Words("Who sits where in city networks", "Chi siede negli organi delle reti di città"),
    purpose=Words(
        "to know who represents the city in a network, from when until when",
        "sapere chi rappresenta la città in una rete, da quando e fino a quando",
    ),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS, laws.FOREIGN_ACTIVITY, laws.MUNICIPALITY, laws.RECORDS),
    people=Words(
        "holders of offices in networks and their bodies",
        "titolari di incarichi nelle reti e nei loro organi",
    ),
    recipients=_AREA,
    kept=Kept(
        counts_from=Words(
            "the last day on which the mandate may have ended; one without an end is running",
            "l'ultimo giorno in cui il mandato può essere finito; senza data di fine è in corso",
        ),
        months=_TEN_YEARS,
        setting="PONTE_RETENTION_MONTHS_MANDATES",
    ),
)

AGREEMENTS: Final = Activity(
    key="agreements",
    name=Words("Register of agreements", "Registro degli accordi"),
    purpose=Words(
        "to keep what was agreed with other cities, with its sources",
        "conservare quanto concordato con altre città, con le fonti",
    ),
    bases=(
        laws.PUBLIC_TASK,
        laws.ITALIAN_BASIS,
        laws.FOREIGN_ACTIVITY,
        laws.RECORDS,
        laws.ARCHIVES,
        laws.LONGER_FOR_ARCHIVES,
    ),
    people=_PEOPLE_NAMED,
    recipients=_AREA,
    kept=Kept(
        counts_from=Words("the registration", "la registrazione"),
        why=_ON_REQUEST,
    ),
)

CANDIDACIES: Final = Activity(
    key="candidacies",
    name=Words("Candidacies for seats, events and prizes", "Candidature a sedi, eventi e premi"),
    purpose=Words(
        "to prepare candidacies and to keep how they were decided",
        "preparare le candidature e conservarne l'esito",
    ),
    bases=(
        laws.PUBLIC_TASK,
        laws.ITALIAN_BASIS,
        laws.FOREIGN_ACTIVITY,
        laws.RECORDS,
        laws.ARCHIVES,
        laws.LONGER_FOR_ARCHIVES,
    ),
    people=_PEOPLE_NAMED,
    recipients=_AREA,
    kept=Kept(
        counts_from=Words("the registration", "la registrazione"),
        why=_ON_REQUEST,
    ),
)

JOURNAL: Final = Activity(
    key="journal",
    name=Words("Journal: who did what", "Registro delle operazioni: chi ha fatto cosa"),
    purpose=Words(
        "to show for every record who changed it, on whose behalf, when and why",
        "mostrare per ogni atto chi l'ha modificato, per conto di chi, quando e perché",
    ),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS, laws.RECORDS, laws.SECURITY),
    people=Words("people who work with Ponte", "chi lavora con Ponte"),
    recipients=Words(
        "auditors, the Director, judicial authorities", "revisori, Direzione, autorità giudiziaria"
    ),
    kept=Kept(
        counts_from=Words("the operation", "l'operazione"),
        why=Words(
            "as long as the record that was changed: an opaque id; the single sign-on knows whose it is",
            "quanto l'atto modificato: un identificativo opaco; di chi sia lo sa solo l'accesso unico",
        ),
    ),
)

SUBSTITUTIONS: Final = Activity(
    key="substitutions",
    name=Words("Acting for somebody", "Sostituzioni e deleghe"),
    purpose=Words(
        "to know who may act for whom, within which days", "sapere chi può agire per chi e in quali giorni"
    ),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS, laws.RECORDS, laws.SECURITY),
    people=Words("people who work with Ponte", "chi lavora con Ponte"),
    recipients=_AREA,
    kept=Kept(
        counts_from=Words("the last day", "l'ultimo giorno"),
        why=Words(
            "as long as what was done in that time: it tells by what right it was done",
            "quanto ciò che è stato fatto in quel periodo: dice con quale titolo è stato fatto",
        ),
    ),
)

AUDIT: Final = Activity(
    key="audit",
    name=Words("Audit trail: from where, refusals, readings", "Tracciamento: provenienza, rifiuti, letture"),
    purpose=Words(
        "to find misuse: from where something was changed, what was refused, who read what is reserved",
        "individuare gli abusi: da dove si è operato, cosa è stato rifiutato, chi ha letto atti riservati",
    ),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS, laws.SECURITY),
    people=Words(
        "people who work with Ponte, and who tries to without a right",
        "chi lavora con Ponte e chi tenta di farlo senza diritto",
    ),
    recipients=Words(
        "auditors, the Director, judicial authorities", "revisori, Direzione, autorità giudiziaria"
    ),
    kept=Kept(
        counts_from=Words("the entry", "la registrazione"),
        months=24,
        setting="PONTE_RETENTION_MONTHS_AUDIT",
    ),
)

MESSAGES: Final = Activity(
    key="messages",
    name=Words("Messages set aside", "Messaggi accantonati"),
    purpose=Words(
        "to lose no event that a service could not use, until somebody has settled it",
        "non perdere un evento che un servizio non ha potuto usare, finché qualcuno non lo ha risolto",
    ),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS, laws.SECURITY),
    people=Words("whoever is named in an event", "chiunque sia nominato in un evento"),
    recipients=Words("those who operate the services", "chi gestisce i servizi"),
    kept=Kept(
        counts_from=Words(
            "the day on which it was settled (resolved, discarded, refused by a rule); an open one is a task",
            "il giorno in cui è stato chiuso (risolto, scartato o rifiutato); uno aperto è un compito",
        ),
        months=6,
        setting="PONTE_RETENTION_MONTHS_MESSAGES",
    ),
)

SESSIONS: Final = Activity(
    key="sessions",
    name=Words("Sessions at the pages", "Sessioni delle pagine"),
    purpose=Words(
        "to know who is signed in, and what is new since the last visit",
        "sapere chi ha effettuato l'accesso e che cosa c'è di nuovo dall'ultima visita",
    ),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS, laws.SECURITY),
    people=Words("people who work with Ponte", "chi lavora con Ponte"),
    recipients=Words("nobody", "nessuno"),
    kept=Kept(
        counts_from=Words("the signing in", "l'accesso"),
        why=Words(
            "until the session ends: PONTE_SESSION_IDLE_MINUTES without a request, "
            "PONTE_SESSION_HOURS at most",
            "fino alla fine della sessione: PONTE_SESSION_IDLE_MINUTES senza richieste, al massimo "
            "PONTE_SESSION_HOURS",
        ),
    ),
)

VISITS: Final = Activity(
    key="visits",
    name=Words("Last visit to the pages", "Ultima visita alle pagine"),
    purpose=Words("to show what is new since the last visit", "mostrare le novità dall'ultima visita"),
    bases=(laws.PUBLIC_TASK, laws.ITALIAN_BASIS),
    people=Words("people who work with Ponte", "chi lavora con Ponte"),
    recipients=Words("nobody", "nessuno"),
    kept=Kept(
        counts_from=Words("the last visit", "l'ultima visita"),
        months=12,
        setting="PONTE_RETENTION_MONTHS_VISITS",
    ),
)

REQUESTS: Final = Activity(
    key="requests",
    name=Words("Requests of the persons concerned", "Richieste degli interessati"),
    purpose=Words(
        "to answer requests, to show that they were answered, and to apply an erasure again after a restore",
        "rispondere alle richieste, dimostrarlo e riapplicare una cancellazione dopo un ripristino",
    ),
    bases=(laws.LEGAL_OBLIGATION, laws.RIGHTS_OF_PEOPLE, laws.SECURITY),
    people=Words("who has asked, and who carried it out", "chi ha chiesto e chi ha provveduto"),
    recipients=Words(
        "the data protection officer, auditors", "responsabile della protezione dei dati, revisori"
    ),
    kept=Kept(
        counts_from=Words("the request", "la richiesta"),
        why=Words(
            "as long as a backup from before it may exist: a name is kept only in a form that recognises it "
            "and does not tell it",
            "finché può esistere una copia di sicurezza anteriore: del nome resta solo una forma che lo "
            "riconosce senza rivelarlo",
        ),
    ),
)

ALL: Final = (
    MISSIONS,
    MANDATES,
    AGREEMENTS,
    CANDIDACIES,
    JOURNAL,
    SUBSTITUTIONS,
    AUDIT,
    MESSAGES,
    SESSIONS,
    VISITS,
    REQUESTS,
)
