"""What a person does to units on a page: the verb, and what to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tract_nb.errors import CommandError, HeadMovedError
from tract_nb.model.commit import HASH_SHOWN
from tract_nb.model.compression import NOTHING
from tract_nb.model.group import Group
from tract_nb.model.listing import counted
from tract_nb.tract import Tract
from tract_nb.view.imagining import COMPRESSIONS, PRIORITIES

DONE = {
    "skip": "Skipped",
    "unmark": "Unmarked",
    "important": "Marked important",
    "pin": "Pinned",
    "restore": "Restored",
    "edit": "Edited",
    "mask": "Masked",
    "structural": "Compressed",
}
SO_ALREADY = {
    "skip": "skipped",
    "unmark": "unmarked",
    "important": "important",
    "pin": "pinned",
    "restore": "restored",
    "edit": "so worded",
}
LOST = 12  # names of a draft that are listed, of those that it no longer has


class Done(NamedTuple):
    """What to say of an action, and whether there is anything to take back."""

    said: str
    can_undo: bool


def named(commits: Sequence[str]) -> str:
    """Return one commit by the start of its hash, several by their number."""
    return commits[0][:HASH_SHOWN] if len(commits) == 1 else counted(len(commits), "unit")


def on_units(tract: Tract, action: str, commits: list[str], text: str | None = None) -> Done:
    """Pin, skip, mark, restore, edit, mask or compress units.

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
    elif action in COMPRESSIONS:
        return _compressed(tract, action, commits)
    else:
        raise CommandError(f"There is no action {action!r}.", "Run the cell again.")
    if tract.revision != before:
        return Done(f"{DONE[action]} {named(commits)}", can_undo=True)
    verb = "is" if len(commits) == 1 else "are"
    said = f"{named(commits)} {verb} {SO_ALREADY[action]} already. Nothing was written"
    return Done(said, can_undo=False)


def check_wording(tract: Tract, commits: list[str], was: str) -> None:
    """Refuse to write over what somebody else wrote while an editor was open.

    Raises
    ------
    HeadMovedError
        If a unit's text is not of the commit ``was`` any more.
    """
    for commit in commits:
        now = tract.describe(commit, count=0).wording
        if now != was:
            raise HeadMovedError(
                f"{named([commit])} was edited while you wrote: its text is that of {named([now])} now. "
                "Nothing was written.",
                "Copy what you wrote, close the editor and open it again: it shows the text as it is.",
            )


def _compressed(tract: Tract, strategy: str, commits: list[str]) -> Done:
    """Compress some units, or without any all that ``compress`` takes by itself."""
    done = tract.compress(commits=commits or None, strategy=strategy)
    if done.state == NOTHING:
        why = done.notes[0] if done.notes else "a line in their place would be no shorter"
        return Done(f"Nothing was written: {why}", can_undo=False)
    said = f"{DONE[strategy]} {counted(sum(len(group.units) for group in done.groups), 'unit')}"
    return Done("; ".join([said, *done.notes[:1]]), can_undo=True)


def drafted(tract: Tract, commits: list[str]) -> dict[str, Any]:
    """Return what would stand for some units, or for all that ``compress`` takes, before it is written.

    What needs no model. Where a person and a model write it together, in a review (``mode="collaborative"``),
    that begins here too, as another way.
    """
    found = tract.compress(commits=commits or None, strategy="structural", dry_run=True)
    return {"groups": [_group(group) for group in found.groups], "notes": list(found.notes)}


def _group(group: Group) -> dict[str, Any]:
    lost = list(dict.fromkeys(group.lost))
    return {
        "text": group.draft,
        "units": len(group.units),
        "before": group.tokens_before,
        "after": group.tokens_after,
        "lost": lost[:LOST],
        "more": max(len(lost) - LOST, 0),
    }


def back(tract: Tract, action: str) -> Done:
    """Undo, or redo."""
    done = tract.undo()[0] if action == "undo" else tract.redo()[0]
    said = "Undone" if action == "undo" else "Done again"
    return Done(f"{said}: {done.reason or done.verb}", can_undo=action == "redo")
