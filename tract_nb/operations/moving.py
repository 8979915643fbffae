"""reset, checkout, tag: standing elsewhere, and naming a place."""

from __future__ import annotations

from typing import Any

from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import Commit
from tract_nb.model.listing import Status
from tract_nb.operations import branches, names, present
from tract_nb.operations.archive import refuse_collected
from tract_nb.operations.status import status
from tract_nb.operations.transaction import stepping, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs

MODES = ("soft", "hard")


def reset(ws: Workspace, target: Any, mode: str = "soft") -> Status:
    """Move the branch to a commit; what came after it is not on the branch any more.

    ``soft`` protects what was dropped as long as the operation is kept; ``hard`` leaves it to the
    next gc. Both can be undone until then.
    """
    if mode not in MODES:
        raise ContentError(f"Unknown mode {mode!r}.", "It is 'soft' or 'hard'.")
    with transaction(ws, "reset", {"mode": mode}) as tx:
        head = tx.head()  # refuses where HEAD is detached, or another writer moved the branch
        row = names.own_commit(ws, target)
        refuse_collected(ws, head.id if head else 0, row.id)
        tx.move(f"{refs.HEADS}{ws.branch}", row.id)
        return status(ws)


def checkout(ws: Workspace, target: Any) -> Status:
    """Stand on a branch, or on a commit (detached: it reads, and does not write)."""
    name = names.one_name(target)
    if name == "-" or refs.get(ws.db, ws.tract, refs.HEADS + name) is not None:
        return branches.switch(ws, name)
    with stepping(ws):
        row = names.own_commit(ws, target)
        ws.stand((None, row.id, ws.branch or ws.previous, ws.seen))
        ws.say(f"HEAD is detached at {row.hash.hex()[:8]}; a branch there: t.branch('NAME').")
        return status(ws)


def tag(ws: Workspace, target: Any, name: str) -> Commit:
    """Name a commit; a tag that is there stays where it is."""
    branches.check_name(name, "tag")
    with transaction(ws, "tag", {"name": name}) as tx:
        branches.check_free(ws, name, "tag")
        row = names.own_commit(ws, target)
        there = refs.get(ws.db, ws.tract, refs.TAGS + name)
        if there == row.id:
            return present.written(ws, row)
        if there is not None:
            raise RefError(
                f"The tag {name} is there already, at {ws.row(there).hash.hex()[:8]}.", "Choose another name."
            )
        tx.move(refs.TAGS + name, row.id)
        return present.written(ws, row)
