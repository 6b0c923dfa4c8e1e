"""The commands of the units in words, and as somebody chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.dashboard.views.audit_search import Search
from services.dashboard.views.frame import Frame

COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "agenda": (
        "propose",
        "schedule",
        "reschedule",
        "cancel",
        "complete",
        "correct",
        "note-signature",
        "grant-substitution",
        "end-substitution",
    ),
    "agreements": (
        "draft",
        "register",
        "schedule-signing",
        "reopen-signing",
        "sign",
        "enter-into-force",
        "suspend",
        "resume",
        "renew",
        "note-term-over",
        "end",
        "confirm-status",
        "correct",
    ),
    "networks": (
        "register-membership",
        "record-mandate",
        "end-mandate",
        "set-duty",
        "mark-duty-done",
        "correct-membership",
    ),
    "dossiers": (
        "register-candidacy",
        "start-preparation",
        "move-deadline",
        "submit",
        "shortlist",
        "win",
        "lose",
        "end-as-finalist",
        "withdraw",
        "correct-candidacy",
    ),
    "": ("import", "hand-over", "erase-person"),
}
"""What may be looked for by name, by unit; another command can be typed into the address."""


def command_words(command: str, frame: Frame) -> str:
    """What the command is called; one that nobody has words for keeps its own name."""
    return frame.t.get(f"audit.command.{command}", command)


def command_groups(frame: Frame, search: Search) -> list[tuple[str, list[tuple[str, str]]]]:
    """The commands to choose from, under the units that have them; the one in the address is always there."""
    groups = [
        (frame.t(f"audit.service.{service}") if service else "", _named(commands, frame))
        for service, commands in COMMANDS.items()
        if not service or not search.service or service == search.service
    ]
    known = {command for _, commands in groups for command, _ in commands}
    if search.command and search.command not in known:
        groups.append(("", _named((search.command,), frame)))
    return groups


def _named(commands: Sequence[str], frame: Frame) -> list[tuple[str, str]]:
    return [(command, command_words(command, frame)) for command in commands]
