"""The rules that the register cites, each with its article. Whoever answers for the data checks them."""

from __future__ import annotations

from typing import Final

from shared.privacy.declared import Basis, Words

PUBLIC_TASK: Final = Basis(
    "Regulation (EU) 2016/679, art. 6(1)(e) and 6(3)",
    Words(
        "a task carried out in the public interest, laid down by law",
        "compito di interesse pubblico, previsto dalla legge",
    ),
)
LEGAL_OBLIGATION: Final = Basis(
    "Regulation (EU) 2016/679, art. 6(1)(c)",
    Words("a legal obligation of the controller", "obbligo legale del titolare"),
)
ITALIAN_BASIS: Final = Basis(
    "Legislative Decree 196/2003, art. 2-ter",
    Words(
        "law, regulation or general administrative act as the basis of a public task",
        "legge, regolamento o atto amministrativo generale come base del compito pubblico",
    ),
)
FOREIGN_ACTIVITY: Final = Basis(
    "Law 131/2003, art. 6(7)",
    Words(
        "municipalities' activities of merely international relevance",
        "attività di mero rilievo internazionale dei Comuni",
    ),
)
MUNICIPALITY: Final = Basis(
    "Legislative Decree 267/2000, art. 13 and 50",
    Words(
        "functions of the municipality; the Mayor represents it",
        "funzioni del Comune; il Sindaco lo rappresenta",
    ),
)
TRANSPARENCY: Final = Basis(
    "Legislative Decree 33/2013, art. 14",
    Words(
        "publication about holders of political office, missions paid from public funds among it",
        "pubblicazione sui titolari di incarichi politici, fra cui le missioni pagate con fondi pubblici",
    ),
)
RECORDS: Final = Basis(
    "Presidential Decree 445/2000, art. 67-69",
    Words("archives of the administration", "archivi delle amministrazioni"),
)
ARCHIVES: Final = Basis(
    "Legislative Decree 42/2004, art. 10(2)(b), 21(1)(d) and 30(4)",
    Words(
        "public bodies' archives are kept in order; discarding needs an authorisation",
        "gli archivi pubblici si conservano ordinati; lo scarto è soggetto ad autorizzazione",
    ),
)
LONGER_FOR_ARCHIVES: Final = Basis(
    "Regulation (EU) 2016/679, art. 5(1)(e) and 89(1)",
    Words(
        "longer storage for archiving in the public interest, with safeguards",
        "conservazione più lunga per l'archiviazione nel pubblico interesse, con garanzie",
    ),
)
SECURITY: Final = Basis(
    "Regulation (EU) 2016/679, art. 5(1)(f), 5(2) and 32",
    Words(
        "security of the processing, and being able to show it",
        "sicurezza del trattamento e sua dimostrabilità",
    ),
)
RIGHTS_OF_PEOPLE: Final = Basis(
    "Regulation (EU) 2016/679, art. 12, 15, 17 and 21",
    Words("requests of the persons concerned", "richieste degli interessati"),
)
