"""branch, switch, delete, rename: names for lines of history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tract_nb.errors import RefError
from tract_nb.model.commit import Commit, preview
from tract_nb.model.listing import Status
from tract_nb.operations import names, present
from tract_nb.operations.status import status
from tract_nb.operations.transaction import stepping, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, refs, reviews

#: git's rules (git-check-ref-format): no space, control character, ~ ^ : ? * [ \\, "..", "@{", "//",
#: nothing that begins with "-" or ".", or ends with "/", "." or ".lock"
_FORBIDDEN = re.compile(r"[\x00-\x20\ud800-\udfff\x7f~^:?*\[\\]|\.\.|@\{|//|^[-./]|/\.|[/.]$|\.lock$|\.lock/")


def check_name(name: str, what: str = "branch") -> None:
    """Refuse a name that git would refuse too, or that means HEAD."""
    if not name or name in ("HEAD", "@") or _FORBIDDEN.search(name):
        raise RefError(
            f"{name!r} cannot name a {what}.",
            "Use letters, digits, -, _ and /, as in git: try/shorter-prompt.",
        )


def check_free(ws: Workspace, name: str, what: str) -> None:
    """Refuse a name that something else goes by: a name is looked up among branches, tags, hashes."""
    other = {"branch": refs.TAGS, "tag": refs.HEADS}[what]
    if refs.get(ws.db, ws.tract, other + name) is not None:
        kind = "tag" if what == "branch" else "branch"
        raise RefError(f"There is a {kind} {name} already.", "A name means one thing: choose another.")


def branch(ws: Workspace, name: str, at: Any = None) -> Commit | None:
    """Create a branch; HEAD stays. Returns the commit it stands on, None on an empty tract."""
    check_name(name)
    with transaction(ws, "branch", {"name": name}) as tx:
        check_free(ws, name, "branch")
        start = None if at is None else names.own_commit(ws, at)
        number = start.id if start else ws.tip()
        ref = refs.HEADS + name
        if refs.get(ws.db, ws.tract, ref) is not None:
            raise RefError(f"The branch {name} is there already.", f"t.switch({name!r}) goes to it.")
        tx.move(ref, number)
        return present.written(ws, ws.row(number)) if number else None


def delete(ws: Workspace, name: str, *, force: bool = False) -> Commit | None:
    """Take a branch away; its commits stay while an operation that can be undone names them.

    Returns the commit it stood on, None where there was none.
    """
    name = names.one_name(name)
    with transaction(ws, "delete_branch", {"name": name}) as tx:
        heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
        number = _there(heads, name)
        if name == ws.branch:
            raise RefError(f"HEAD is on {name}: it cannot be deleted.", "Switch to another branch first.")
        others = [tip for other, tip in heads.items() if other != name]
        if not others:
            raise RefError(f"{name} is the last branch: it cannot be deleted.", "Make another one first.")
        if number and not force and not objects.is_behind(ws.db, number, [tip for tip in others if tip]):
            raise RefError(
                f"{name} has commits that no other branch has.",
                "Merge it first, or delete it with force=True.",
            )
        tx.move(refs.HEADS + name, None)
        reviews.drop_branch(ws.db, ws.tract, name)
        open_elsewhere(ws, name, ws.branch or next(other for other in heads if other != name))
        return present.written(ws, ws.row(number)) if number else None


def rename(ws: Workspace, name: str, new: str) -> Commit | None:
    """Give a branch another name; who stands on it stands on it still. Returns its commit."""
    name = names.one_name(name)
    check_name(new)
    with transaction(ws, "rename_branch", {"from": name, "to": new}) as tx:
        heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
        number = _there(heads, name)
        if new != name:
            check_free(ws, new, "branch")
            if new in heads:
                raise RefError(f"The branch {new} is there already.", "Choose another name.")
            tx.move(refs.HEADS + name, None)
            tx.move(refs.HEADS + new, number)
            reviews.move_branch(ws.db, ws.tract, name, new)
            open_elsewhere(ws, name, new)
            follow(ws, name, new)
        return present.written(ws, ws.row(number)) if number else None


def follow(ws: Workspace, name: str, new: str) -> None:
    """Let the handle stand on a branch by its new name."""
    ws.branch = new if ws.branch == name else ws.branch
    ws.previous = new if ws.previous == name else ws.previous


def open_elsewhere(ws: Workspace, name: str, other: str) -> None:
    """Let the tract open on another branch where it would open on one that is gone."""
    found = refs.tract_named(ws.db, ws.name)
    if found is not None and found.open_branch == name:
        refs.set_open_branch(ws.db, ws.tract, other)


def _there(heads: Mapping[str, int], name: str) -> int:
    if name not in heads:
        raise RefError(f"There is no branch {name}.", f"It has {preview(', '.join(heads), 200)}.")
    return heads[name]


def switch(ws: Workspace, name: str) -> Status:
    """Stand on a branch; ``-`` is the one before."""
    if name == "-":
        if ws.previous is None:
            raise RefError("There is no branch to go back to.", "Name one: t.switch('main').")
        name = ws.previous
    name = names.one_name(name)
    number = _tip_of(ws, name)
    if name == ws.branch:
        with ws.db.read():
            return status(ws)
    ws.snapshot(number)  # resolved before the lock is taken: nobody waits for it
    if ws.db.read_only:
        with stepping(ws):
            ws.stand((name, 0, ws.branch, _tip_of(ws, name)))
            return status(ws)
    with transaction(ws, "switch", {"to": name, "from": ws.branch}) as tx:
        tx.listed = True
        refs.set_open_branch(ws.db, ws.tract, name)
        ws.stand((name, 0, ws.branch, _tip_of(ws, name)))
        return status(ws)


def _tip_of(ws: Workspace, name: str) -> int:
    """Return what a branch stands on; 0 without a commit."""
    number = refs.get(ws.db, ws.tract, refs.HEADS + name)
    if number is None:
        names.commit_named(ws, name)  # a better error where it is no commit either
        raise RefError(
            f"{name} is a commit, not a branch.", f"Make one there: t.branch('NAME', at={name!r})."
        )
    return number
