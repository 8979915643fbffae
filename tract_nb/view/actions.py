"""Actions: what a person may do to a commit, the line of Python that does it, and what it would change.

What a price depends on is in :mod:`tract_nb.view.foresight`; here are the verbs that move a ref.
"""

from __future__ import annotations

from dataclasses import dataclass

from tract_nb.engine.tokens import context_size
from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN, Row
from tract_nb.model.listing import counted
from tract_nb.operations import compiling, names
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog, refs
from tract_nb.view import figures

MOVES = ("branch", "checkout", "tag", "reset", "undo", "redo", "diff")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action would do.

    Parameters
    ----------
    code : str
        The line of Python that does it.
    before, after : int
        Tokens of the context at HEAD, now and then.
    says : str
        What it means, in one or two sentences.
    asks : str
        The question to ask first, for what rewrites; empty for what does not.
    """

    code: str
    before: int
    after: int
    says: str
    asks: str = ""


def outcome(ws: Workspace, action: str, commits: list[str], name: str = "") -> Outcome:
    """Return what an action that moves a ref would do.

    Parameters
    ----------
    ws : Workspace
        Where.
    action : str
        branch, checkout, tag, reset, undo, redo or diff.
    commits : list of str
        What it is about: one commit, for diff two, for undo and redo none.
    name : str
        Of the branch or the tag.
    """
    tip = ws.tip()
    before = _size(ws, tip)
    if action in ("undo", "redo"):
        return _back(ws, action, before)
    if action == "diff":
        return _difference(ws, commits, before)
    if action not in MOVES or len(commits) != 1:
        raise ContentError(f"{action} takes one commit, not {len(commits)}.", "Select one row.")
    row = names.commit_named(ws, commits[0])
    short = row.hash.hex()[:HASH_TAKEN]
    if action == "branch":
        code = f't.branch({_quoted(name or "NAME")}, at="{short}")'
        return Outcome(code, before, before, f"A new branch that starts here; HEAD stays on {_where(ws)}.")
    if action == "tag":
        code = f't.tag("{short}", {_quoted(name or "NAME")})'
        return Outcome(code, before, before, "A name for this commit. It costs no tokens.")
    after = _size(ws, row.id)
    if action == "checkout":
        branch = standing(ws, row)
        if branch != short:
            return Outcome(f"t.checkout({_quoted(branch)})", before, after, f"HEAD moves to {branch}.")
        says = "HEAD stands here, detached: it reads. Writing here needs a branch."
        return Outcome(f't.checkout("{short}")', before, after, says)
    return _reset(ws, row.id, short, before, after)


def standing(ws: Workspace, row: Row) -> str:
    """Return what to check out for a commit: the branch that stands there, else its hash."""
    heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
    own = (name for name, number in heads.items() if number and _before(ws, number) == row.id)
    return next(own, row.hash.hex()[:HASH_TAKEN])


def _before(ws: Workspace, number: int) -> int:
    """Return the commit that a tip is drawn at: itself, or what a MARK stands on."""
    return objects.unmarked(ws.db, number) or number


def _reset(ws: Workspace, number: int, short: str, before: int, after: int) -> Outcome:
    """Return what moving the branch would leave behind."""
    if ws.branch is None:
        raise RefError("HEAD is detached: there is no branch to move.", "Check out a branch first.")
    leaving = [row for row in ws.snapshot(ws.tip()).beyond(ws.snapshot(number)) if row.is_unit or row.parent2]
    left = (
        f"{counted(len(leaving), 'commit')}, {figures.tokens(sum(row.tokens for row in leaving))} tokens "
        f"leave {ws.branch}. They stay reachable as long as the operation is kept, and undo brings them back."
    )
    return Outcome(
        f't.reset("{short}")', before, after, left, asks=f"Reset {ws.branch} to {short[:HASH_SHOWN]}?"
    )


def _back(ws: Workspace, action: str, before: int) -> Outcome:
    """Return what undo or redo would take back."""
    done = oplog.newest(ws.db, ws.tract, ws.actor, undo=action == "redo")
    if done is None:
        raise RefError(f"There is nothing to {action}.", "Operations lists what was done.")
    after = before
    for move in oplog.moves(ws.db, done.id):
        if move.tract == ws.tract and move.ref == f"{refs.HEADS}{ws.branch}":
            after = _size(ws, move.old or 0)
    what = f"does again what operation {done.id} undid" if action == "redo" else f"takes back {done.verb}"
    return Outcome(f"t.{action}()", before, after, f"{what[0].upper()}{what[1:]}.")


def _difference(ws: Workspace, commits: list[str], before: int) -> Outcome:
    if len(commits) not in (1, 2):
        raise ContentError(f"diff takes two commits, not {len(commits)}.", "Select two rows.")
    rows = sorted(names.commit_named(ws, commit) for commit in commits)
    sides = ", ".join(f'"{row.hash.hex()[:HASH_TAKEN]}"' for row in rows)
    if len(rows) == 1:
        return Outcome(
            f"t.diff({sides})", before, before, "What a model sees here beside what it sees at HEAD."
        )
    return Outcome(f"t.diff({sides})", before, before, "What a model sees at the one beside the other.")


def _size(ws: Workspace, number: int) -> int:
    return compiling.count(ws, number, ws.snapshot(number))[0] if number else context_size(0)


def _where(ws: Workspace) -> str:
    return ws.branch or "this commit"


def _quoted(text: str) -> str:
    """Return a name as Python writes it, in double quotes where it can."""
    return f'"{text}"' if '"' not in text and "\\" not in text and text.isprintable() else repr(text)


def undoable(ws: Workspace) -> tuple[str, str]:
    """Return the verbs that undo and redo would take back; empty where there is nothing."""
    done = oplog.newest(ws.db, ws.tract, ws.actor, undo=False)
    undone = oplog.newest(ws.db, ws.tract, ws.actor, undo=True)
    taken = _undone(ws, undone.undoes) if undone and undone.undoes else ""
    return (done.verb if done else ""), taken


def _undone(ws: Workspace, number: int) -> str:
    found = oplog.operation(ws.db, number)
    return found.verb if found else "undo"
