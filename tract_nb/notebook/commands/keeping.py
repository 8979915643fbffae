"""Commands on what the database keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tract_nb.errors import CommandError
from tract_nb.model.collection import Forgotten, Room
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd

Switch = Annotated[bool, Parameter(negative=())]


def gc(
    desk: Desk,
    *,
    keep_days: float = 7,
    archive_days: float = 30,
    branch: str | None = None,
    vacuum: Switch = False,
    yes: Switch = False,
) -> pd.DataFrame:
    """List what nothing leads to any more, and with --yes take it away.

    Parameters
    ----------
    keep_days
        How old an operation must be before what it moved a branch from may go.
    archive_days
        How old a summary must be before the texts that it stands for go.
    branch
        Only what this branch left behind.
    vacuum
        Write the file anew, so that it becomes smaller.
    yes
        Do it; it cannot be undone.
    """
    t = desk.tract
    found = t.gc(keep_days=keep_days, archive_days=archive_days, branch=branch, dry_run=True)
    if found.rows and desk.agreed(f"{found.says}. Take it away for good?", yes=yes):
        found = t.gc(keep_days=keep_days, archive_days=archive_days, branch=branch, vacuum=vacuum)
    desk.say(found.says if found.done or not found.rows else f"{found.says}; gc --yes takes it away")
    return found.to_frame()


def forget(desk: Desk, ref: str, *, reason: str, yes: Switch = False) -> Forgotten:
    """Take one text away for good: a secret that got in.

    Parameters
    ----------
    ref
        The commit that holds it.
    reason
        Why, for the operation log.
    yes
        Do it; it cannot be undone.
    """
    t = desk.tract
    said = repr(t.show(ref))
    if not desk.agreed(f"Forget {said} for good?", yes=yes):
        raise CommandError(f"This would forget {said} for good.", "Nothing was changed; --yes does it.")
    return t.forget(ref, reason)


def optimize(t: Tract) -> Room:
    """Write the file anew, as small as it can be."""
    return t.optimize()
