"""Commands on branches and operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tract_nb.model.commit import Commit
from tract_nb.model.listing import Status
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

if TYPE_CHECKING:
    import pandas as pd


def branch(
    desk: Desk,
    name: str,
    *,
    at: str | None = None,
    rename: str | None = None,
    delete: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> Status:
    """Create a branch, rename or delete one; HEAD stays where it is.

    Parameters
    ----------
    name
        As in git: letters, digits, - _ and /.
    at
        At which commit; HEAD without one.
    rename
        The name that the branch shall have instead.
    delete
        Take the branch away; undo brings it back.
    force
        Delete it also where no other branch has its commits.
    """
    t = desk.tract
    there = {row[0]: row[2] for row in t.branches()}
    if rename is not None:
        _rename(desk, name, rename, set(there))
    elif delete:
        _delete(desk, name, set(there), force=force)
    elif desk.in_notebook and name in there:
        desk.say(f"{name} is there already, at {there[name] or 'no commit yet'}")
    else:
        made = t.branch(name, at)
        desk.say(f"{name} stands at {made.short if made else 'no commit yet'}; switch {name} goes there")
    return t.status()


def _rename(desk: Desk, name: str, new: str, there: set[str]) -> None:
    if desk.in_notebook and name not in there and new in there:
        desk.say(f"{name} is called {new} already")
        return
    desk.tract.rename_branch(name, new)
    desk.say(f"{name} is called {new} now")


def _delete(desk: Desk, name: str, there: set[str], *, force: bool) -> None:
    if desk.in_notebook and name not in there:
        desk.say(f"there is no branch {name} any more")
        return
    stood = desk.tract.delete_branch(name, force=force)
    desk.say(
        f"{name} is deleted; it stood at {stood.short if stood else 'no commit yet'}, undo brings it back"
    )


def branches(t: Tract) -> pd.DataFrame:
    """List the branches: tip, tokens, how far ahead of HEAD and behind, times."""
    return t.branches().to_frame()


def switch(t: Tract, name: str) -> Status:
    """Stand on a branch.

    Parameters
    ----------
    name
        The branch; ``-`` is the one before.
    """
    return t.switch(name)


def checkout(t: Tract, target: str) -> Status:
    """Stand on a branch, or on any commit: detached, to read.

    Parameters
    ----------
    target
        A branch, a tag, a hash, HEAD~3.
    """
    return t.checkout(target)


def reset(t: Tract, target: str, *, hard: Annotated[bool, Parameter(negative=())] = False) -> Status:
    """Move the branch to a commit; what came after it is not on it any more.

    Parameters
    ----------
    target
        Any name of a commit: HEAD~1 takes the last one off.
    hard
        Leave what is dropped to the next gc; else it is kept as long as the operation is.
    """
    return t.reset(target, "hard" if hard else "soft")


def tag(t: Tract, name: str, target: str = "HEAD") -> Commit:
    """Name a commit.

    Parameters
    ----------
    name
        As in git: letters, digits, - _ and /.
    target
        The commit.
    """
    return t.tag(target, name)


def tags(t: Tract) -> pd.DataFrame:
    """List the tags: commit, tokens, time."""
    return t.tags().to_frame()


def redo(t: Tract) -> pd.DataFrame:
    """Take back your newest undo."""
    return t.redo().to_frame()


def undo(t: Tract) -> pd.DataFrame:
    """Take back your newest operation that moved a branch or tag; again, the one before."""
    return t.undo().to_frame()


def operations(
    t: Tract, *, limit: Annotated[int | None, Parameter(name=["--limit", "-n"])] = None
) -> pd.DataFrame:
    """List what was done to this tract, newest first.

    Parameters
    ----------
    limit
        The most rows.
    """
    return t.operations(limit).to_frame()
