"""Who may do what: one table, which an officer can read aloud.

Every route names the action that it carries out, and this table says which roles may. It is data only:
whoever wants to change a right changes it here, and the services, the tests and `docs/rights.md` follow.

A person may do what one of their roles may. A program (the role ``integration``) may do what stands for it
here *and* is named by the scopes of its token, so that a token for the calendar cannot sign an agreement.
What depends on the single record (a reserved mission, a membership of another unit) is decided by the service
that owns it, with the actions of this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.identity.roles import Role


class Action(StrEnum):
    """What a caller may want to do: the unit's word, and what kind of thing it is. Also the OAuth scope."""

    AGENDA_READ = "agenda.read"
    AGENDA_READ_RESERVED = "agenda.read-reserved"
    AGENDA_WRITE = "agenda.write"
    AGENDA_IMPORT = "agenda.import"
    AGENDA_LEND = "agenda.lend"
    AGENDA_READ_SUBSTITUTIONS = "agenda.read-substitutions"
    AGENDA_END_ANY_SUBSTITUTION = "agenda.end-any-substitution"

    AGREEMENTS_READ = "agreements.read"
    AGREEMENTS_WRITE = "agreements.write"
    AGREEMENTS_SIGN = "agreements.sign"
    AGREEMENTS_CHANGE_STATUS = "agreements.change-status"
    AGREEMENTS_IMPORT = "agreements.import"

    NETWORKS_READ = "networks.read"
    NETWORKS_WRITE_CITY = "networks.write-city"
    NETWORKS_WRITE_EUROPEAN = "networks.write-european"
    NETWORKS_WRITE_PARTNERSHIPS = "networks.write-partnerships"
    NETWORKS_IMPORT = "networks.import"

    DOSSIERS_READ = "dossiers.read"
    DOSSIERS_WRITE = "dossiers.write"
    DOSSIERS_SUBMIT = "dossiers.submit"
    DOSSIERS_DECIDE = "dossiers.decide"
    DOSSIERS_IMPORT = "dossiers.import"

    FEED_READ = "feed.read"
    OVERVIEW_READ = "overview.read"
    PAGES_READ = "pages.read"
    PAGES_SIGN_OUT = "pages.sign-out"

    PEOPLE_EXPORT = "people.export"
    PEOPLE_REGISTER = "people.register"
    PEOPLE_ERASE = "people.erase"

    SYSTEM_HAND_OVER = "system.hand-over"
    SYSTEM_REFUSED_REACTIONS = "system.refused-reactions"

    AUDIT_READ = "audit.read"


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table. ``may`` completes the sentence "who has one of ``roles`` may ...".

    ``without_role``: so may whoever is signed in at all, even if the provider names no role that exists.
    """

    may: str
    roles: frozenset[Role]
    without_role: bool = False


def _to(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


ROLES: Final[Mapping[Role, str]] = {
    Role.DIRECTOR: "the Director of the Area",
    Role.OFFICER_CITY: "officers of City Relations and Cooperation",
    Role.OFFICER_EUROPEAN: "officers of European Affairs",
    Role.OFFICER_PARTNERSHIPS: "officers of International Partnerships",
    Role.PROTOCOL: "the protocol office (cerimoniale)",
    Role.CABINET: "the Mayor's cabinet and the delegates",
    Role.CONTRIBUTOR: "other Departments and Directorates",
    Role.AUDITOR: "auditors",
    Role.INTEGRATION: "other programs",
}
"""Who stands behind each role."""

DIRECTOR: Final = Role.DIRECTOR
CITY: Final = Role.OFFICER_CITY
EUROPEAN: Final = Role.OFFICER_EUROPEAN
PARTNERSHIPS: Final = Role.OFFICER_PARTNERSHIPS
PROTOCOL: Final = Role.PROTOCOL
CABINET: Final = Role.CABINET
CONTRIBUTOR: Final = Role.CONTRIBUTOR
AUDITOR: Final = Role.AUDITOR
PROGRAM: Final = Role.INTEGRATION

PEOPLE: Final = frozenset(Role) - {PROGRAM}
EVERYBODY: Final = frozenset(Role)

RIGHTS: Final[Mapping[Action, Right]] = {
    # The agenda belongs to City Relations and Cooperation; the cabinet keeps the Mayor's part of it.
    Action.AGENDA_READ: Right(
        "see missions as they are published: of a reserved one, that somebody is busy", EVERYBODY
    ),
    # The Director answers for them, the unit and the cabinet plan them, the protocol office prepares their
    # ceremonies, the auditor sees everything. A program sees them only if its token says so: the calendar of
    # the cabinet needs it, a public one does not.
    Action.AGENDA_READ_RESERVED: Right(
        "see the whole of reserved missions", _to(DIRECTOR, CITY, PROTOCOL, CABINET, AUDITOR, PROGRAM)
    ),
    # Who writes a reserved mission also needs the right to see it. The protocol office asks the unit.
    Action.AGENDA_WRITE: Right(
        "propose, schedule, move, cancel, complete and correct missions",
        _to(DIRECTOR, CITY, CABINET, PROGRAM),
    ),
    Action.AGENDA_IMPORT: Right("import missions from a file", _to(DIRECTOR, CITY, CABINET, PROGRAM)),
    # Who decides in Ponte may be away. Contributors, the protocol office and auditors decide nothing here,
    # and nobody stands in for a program.
    Action.AGENDA_LEND: Right(
        "lend their roles to somebody who acts for them", _to(DIRECTOR, CITY, EUROPEAN, PARTNERSHIPS, CABINET)
    ),
    # Everybody sees what they lent or were lent.
    Action.AGENDA_READ_SUBSTITUTIONS: Right("see who acts for whom", _to(DIRECTOR, AUDITOR)),
    Action.AGENDA_END_ANY_SUBSTITUTION: Right("end what somebody else has lent", _to(DIRECTOR)),
    # Whoever works with the Area reads the register; its unit writes it.
    Action.AGREEMENTS_READ: Right("see agreements and what happened to them", EVERYBODY),
    Action.AGREEMENTS_WRITE: Right(
        "draft, register and correct agreements, and confirm their status", _to(DIRECTOR, CITY, PROGRAM)
    ),
    Action.AGREEMENTS_SIGN: Right(
        "schedule and reopen signings, record the signature and the entry into force",
        _to(DIRECTOR, CITY, PROGRAM),
    ),
    Action.AGREEMENTS_CHANGE_STATUS: Right(
        "suspend, resume, renew and end agreements", _to(DIRECTOR, CITY, PROGRAM)
    ),
    Action.AGREEMENTS_IMPORT: Right("import agreements from a file", _to(DIRECTOR, CITY, PROGRAM)),
    # Each membership belongs to one unit, whose officers write it.
    Action.NETWORKS_READ: Right("see memberships of networks", EVERYBODY),
    # City Relations and Cooperation runs no network; what is entered in its name is the Director's.
    Action.NETWORKS_WRITE_CITY: Right(
        "write memberships of City Relations and Cooperation", _to(DIRECTOR, PROGRAM)
    ),
    Action.NETWORKS_WRITE_EUROPEAN: Right(
        "write memberships of European Affairs", _to(DIRECTOR, EUROPEAN, PROGRAM)
    ),
    Action.NETWORKS_WRITE_PARTNERSHIPS: Right(
        "write memberships of International Partnerships", _to(DIRECTOR, PARTNERSHIPS, PROGRAM)
    ),
    # A table holds rows of several units.
    Action.NETWORKS_IMPORT: Right("import memberships from a file", _to(DIRECTOR, PROGRAM)),
    # Candidacies are International Partnerships' own.
    Action.DOSSIERS_READ: Right("see candidacies", EVERYBODY),
    Action.DOSSIERS_WRITE: Right(
        "register, prepare and correct candidacies, and move their deadlines",
        _to(DIRECTOR, PARTNERSHIPS, PROGRAM),
    ),
    Action.DOSSIERS_SUBMIT: Right("submit and withdraw candidacies", _to(DIRECTOR, PARTNERSHIPS, PROGRAM)),
    Action.DOSSIERS_DECIDE: Right("record how a candidacy was decided", _to(DIRECTOR, PARTNERSHIPS, PROGRAM)),
    Action.DOSSIERS_IMPORT: Right("import candidacies from a file", _to(DIRECTOR, PARTNERSHIPS, PROGRAM)),
    # The read side shows what units publish; nothing reserved is in it.
    Action.FEED_READ: Right("read the feed of what happened", EVERYBODY),
    Action.OVERVIEW_READ: Right("read the overview of how things stand", EVERYBODY),
    # Programs have the two lists above.
    Action.PAGES_READ: Right("open the pages", PEOPLE),
    # Also somebody whose role was withdrawn while they were signed in.
    Action.PAGES_SIGN_OUT: Right("sign out", PEOPLE, without_role=True),
    # The controller's duties towards people. The Director answers for them, with the data protection officer.
    Action.PEOPLE_EXPORT: Right("have everything that is kept about a person told", _to(DIRECTOR)),
    Action.PEOPLE_REGISTER: Right(
        "see what personal data is kept, for what and for how long", _to(DIRECTOR, AUDITOR)
    ),
    # Nobody undoes it, and a refusal is answered for before the supervisory authority.
    Action.PEOPLE_ERASE: Right("erase people, or refuse their request", _to(DIRECTOR)),
    # Also of reserved missions and of other units' records, so it is nobody else's.
    Action.SYSTEM_HAND_OVER: Right(
        "pass on everything that somebody who leaves answers for, and end their substitutions", _to(DIRECTOR)
    ),
    # An officer decides what becomes of them. Other Directorates and the protocol office run no unit.
    Action.SYSTEM_REFUSED_REACTIONS: Right(
        "see what a unit could not follow of another unit's events",
        _to(DIRECTOR, CITY, EUROPEAN, PARTNERSHIPS, CABINET, AUDITOR, PROGRAM),
    ),
    # It shows everything, what is reserved too, and who looked. No program needs that.
    Action.AUDIT_READ: Right(
        "see who changed what and why, who was refused and who has read what is reserved",
        _to(DIRECTOR, AUDITOR),
    ),
}
"""Every action with who may. A test holds that no action is missing."""

SCOPES: Final = frozenset(action for action, right in RIGHTS.items() if PROGRAM in right.roles)
"""What the token of a program may name in its scopes; other words there mean nothing."""
