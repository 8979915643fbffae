"""branch, switch, delete: names for lines of history."""

from __future__ import annotations

import re
from typing import Any

from tract_nb.errors import RefError
from tract_nb.model.commit import Commit
from tract_nb.model.listing import Status
from tract_nb.operations import names, present
from tract_nb.operations.status import status
from tract_nb.operations.transaction import stepping, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs

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
