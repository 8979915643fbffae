"""branch, switch, delete: names for lines of history."""

from __future__ import annotations

import re
from typing import Any

from tract_nb.errors import RefError
from tract_nb.model.commit import Row
from tract_nb.operations import names
from tract_nb.operations.transaction import transaction
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


def branch(ws: Workspace, name: str, at: Any = None) -> Row | None:
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
        return ws.row(number) if number else None


def switch(ws: Workspace, name: str) -> int:
    """Stand on a branch; ``-`` is the one before. Returns the number of its commit, 0 without one."""
    if name == "-":
        if ws.previous is None:
            raise RefError("There is no branch to go back to.", "Name one: t.switch('main').")
        name = ws.previous
    name = names.one_name(name)
    number = refs.get(ws.db, ws.tract, refs.HEADS + name)
    if number is None:
        names.commit_named(ws, name)  # a better error where it is no commit either
        raise RefError(
            f"{name} is a commit, not a branch.", f"Make one there: t.branch('NAME', at={name!r})."
        )
    if name == ws.branch:
        return number
    if not ws.db.read_only:
        with transaction(ws, "switch", {"to": name, "from": ws.branch}) as tx:
            tx.listed = True
            refs.set_open_branch(ws.db, ws.tract, name)
    ws.previous, ws.branch, ws.detached, ws.seen = ws.branch, name, 0, number
    return number
