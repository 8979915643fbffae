"""What bringing another branch in would do: merge, rebase, pick, and taking a branch away."""

from __future__ import annotations

from tract_nb.engine.tokens import context_size
from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import HASH_TAKEN, Kind, Row
from tract_nb.model.listing import counted
from tract_nb.operations import joining, names
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, refs
from tract_nb.view import actions
from tract_nb.view.actions import Outcome

JOINS = ("merge", "rebase", "pick", "delete")


def outcome(ws: Workspace, action: str, commits: list[str]) -> Outcome:
    """Return what an action on commits of another branch would do.

    Parameters
    ----------
    ws : Workspace
        Where.
    action : str
        merge, rebase, pick or delete.
    commits : list of str
        For pick any number, else one: the tip of the branch, or any commit to merge or rebase onto.
    """
    if ws.branch is None:
        raise RefError("HEAD is detached: there is no branch to bring it into.", "Check out a branch first.")
    if action == "pick":
        return _pick(ws, commits)
    if len(commits) != 1:
        raise ContentError(f"{action} takes one commit, not {len(commits)}.", "Select one row.")
    row = names.commit_named(ws, commits[0])
    name = actions.standing(ws, row)
    return _delete(ws, name, row) if action == "delete" else _join(ws, action, name, row)


def _join(ws: Workspace, action: str, name: str, theirs: Row) -> Outcome:
    """Return what merging a branch in, or standing on it, would compile to and ask."""
    tip = ws.tip()
    one, two = ws.snapshot(tip), ws.snapshot(theirs.id)
    before = context_size(one.size)
    if one.has(theirs.id):
        raise RefError(f"All of {name} is in {ws.branch} already.", "Select a commit of another branch.")
    coming = sum(row.kind != Kind.MARK for row in two.beyond(one))
    own = sum(row.kind != Kind.MARK for row in one.beyond(two))
    after, open_ones = context_size(two.size), 0
    if own:
        joint = joining.joint(ws, one, two, {})
        after, open_ones = context_size(joining.size_after(ws, joint.plan)), len(joint.unanswered)
    decide = f" {counted(open_ones, 'conflict')} to decide first, by %tract review." if open_ones else ""
    quoted = f'"{name}"'
    if action == "merge":
        how = "joined" if own else "taken as they are"
        return Outcome(
            f"t.merge({quoted})",
            before,
            after,
            f"{counted(coming, 'commit')} of {name} {how}.{decide}",
            asks=f"Merge {name} into {ws.branch}?",
        )
    return Outcome(
        f"t.rebase({quoted})",
        before,
        after,
        f"{counted(own, 'commit')} of {ws.branch} copied onto {name}.{decide}",
        asks=f"Rebase {ws.branch} onto {name}?",
    )


def _pick(ws: Workspace, commits: list[str]) -> Outcome:
    """Return what copying commits here would do, by what they cost where they are."""
    rows = [names.commit_named(ws, commit) for commit in commits]
    history = ws.snapshot(ws.tip())
    new = [row for row in rows if not history.has(row.id)]
    if not new:
        raise RefError(f"What is selected is in {ws.branch} already.", "Select commits of another branch.")
    given = ", ".join(f'"{row.hash.hex()[:HASH_TAKEN]}"' for row in new)
    before = context_size(history.size)
    after = before + sum(row.tokens for row in new if row.is_unit)
    says = f"{counted(len(new), 'commit')} copied onto {ws.branch}; they win here. The size is an estimate."
    return Outcome(f"t.cherry_pick({given})", before, after, says)


def _delete(ws: Workspace, name: str, row: Row) -> Outcome:
    """Return what taking a branch away would leave without a name."""
    heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
    if name not in heads:
        raise RefError("No branch stands here.", "Select the tip of the branch to delete.")
    if name == ws.branch:
        raise RefError(f"HEAD is on {name}: it cannot be deleted.", "Check out another branch first.")
    size = context_size(ws.snapshot(ws.tip()).size)
    others = [tip for other, tip in heads.items() if other != name and tip]
    safe = objects.is_behind(ws.db, row.id, others)
    says = "All of it is on another branch too." if safe else "It has commits that no other branch has."
    forced = "" if safe else ", force=True"
    return Outcome(
        f't.delete_branch("{name}"{forced})',
        size,
        size,
        f"{says} Undo brings it back.",
        asks=f"Delete {name}?",
    )
