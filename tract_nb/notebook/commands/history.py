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


def branch(desk: Desk, name: str, *, at: str | None = None) -> Status:
    """Create a branch; HEAD stays where it is.

    Parameters
    ----------
    name
        As in git: letters, digits, - _ and /.
    at
        At which commit; HEAD without one.
    """
    t = desk.tract
    there = {row[0]: row[2] for row in t.branches()}
    if desk.in_notebook and name in there:
        desk.say(f"{name} is there already, at {there[name] or 'no commit yet'}")
    else:
        made = t.branch(name, at)
        desk.say(f"{name} stands at {made.short if made else 'no commit yet'}; switch {name} goes there")
    return t.status()


def branches(t: Tract) -> pd.DataFrame:
    """List the branches: tip, tokens, time."""
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
