"""What a person does to units on a page: the verb, and what to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tract_nb.errors import CommandError
from tract_nb.model.commit import HASH_SHOWN
from tract_nb.model.listing import counted
from tract_nb.tract import Tract
from tract_nb.view.foresight import PRIORITIES

DONE = {
    "skip": "Skipped",
    "unmark": "Unmarked",
    "important": "Marked important",
    "pin": "Pinned",
    "restore": "Restored",
    "edit": "Edited",
}
SO_ALREADY = {
    "skip": "skipped",
    "unmark": "unmarked",
    "important": "important",
    "pin": "pinned",
    "restore": "restored",
    "edit": "so worded",
}


class Done(NamedTuple):
    """What to say of an action, and whether there is anything to take back."""

    said: str
    can_undo: bool


def named(commits: Sequence[str]) -> str:
    """Return one commit by the start of its hash, several by their number."""
    return commits[0][:HASH_SHOWN] if len(commits) == 1 else counted(len(commits), "unit")


def on_units(tract: Tract, action: str, commits: list[str], text: str | None = None) -> Done:
    """Pin, skip, mark, restore or edit units.

    Raises
    ------
    CommandError
        If there is no such action.
    """
    before = tract.revision
    if action in PRIORITIES:
        tract.annotate(commits, PRIORITIES[action])
    elif action == "restore":
        tract.restore(commits)
    elif action == "edit" and text is not None:
        tract.edit(commits, text)
    else:
        raise CommandError(f"There is no action {action!r}.", "Run the cell again.")
    if tract.revision != before:
        return Done(f"{DONE[action]} {named(commits)}", can_undo=True)
    verb = "is" if len(commits) == 1 else "are"
    said = f"{named(commits)} {verb} {SO_ALREADY[action]} already. Nothing was written"
    return Done(said, can_undo=False)


def back(tract: Tract, action: str) -> Done:
    """Undo, or redo."""
    done = tract.undo()[0] if action == "undo" else tract.redo()[0]
    said = "Undone" if action == "undo" else "Done again"
    return Done(f"{said}: {done.reason or done.verb}", can_undo=action == "redo")
