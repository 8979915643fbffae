"""Names: what a person writes, and the commit or unit it means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import RefError
from tract_nb.model.commit import HASH_SHOWN, Commit, Kind, Row, preview
from tract_nb.model.table import Table
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog, refs

_REF = re.compile(r"(?P<base>[^~^]*?)(?:@\{(?P<back>\d+)\})?(?P<steps>(?:~\d*|\^)*)")
_HEX = re.compile(r"[0-9a-fA-F]{4,64}")
FULL = 64  # hexadecimal digits of a whole hash
CANDIDATES = 5


def commit_named(ws: Workspace, target: Any) -> Row:
    """Return the commit that a name means; a :class:`Commit` is taken for its hash.

    HEAD, a branch, a tag, a whole hash, a prefix of 4 or more digits, the first that fits; then
    ``@{n}`` (the branch before its n-th last operation) and ``~n`` (along first parents).

    Raises
    ------
    RefError
        If it means none, or more than one.
    """
    name = one_name(target)
    number, _ = _numbered(ws, name)
    if not number:
        raise RefError(
            f"{name} has no commit: nothing is committed there yet.", 'Add a message with t.user("...").'
        )
    return ws.row(number)


def _numbered(ws: Workspace, name: str) -> tuple[int, bool]:
    """Return a commit's number, and whether it was named by its own hash."""
    found = _REF.fullmatch(name.strip())
    if found is None or not found[0]:
        raise RefError(f"{name!r} is no name of a commit.", "Write HEAD, a branch, a tag or a hash, then ~2.")
    number, by_hash = _base(ws, found["base"] or "HEAD", found["back"])
    for step in re.findall(r"~\d*|\^", found["steps"]):
        steps = int(step[1:] or 1)
        by_hash = False
        if steps:
            before = objects.listed_parent(ws.db, number, steps)
            if before is None:
                raise RefError(
                    f"{name} goes back beyond the first commit.", "Run log to see how many there are."
                )
            number = before
    return number, by_hash


def _base(ws: Workspace, base: str, back: str | None) -> tuple[int, bool]:
    head = base in ("HEAD", "@")
    if back is not None:
        if head:
            ws.tip()  # a branch that is gone is stepped off first
        branch = ws.branch if head else base
        return _earlier(ws, branch, int(back)), False
    if head:
        return ws.tip(), False
    for prefix in (refs.HEADS, refs.TAGS):
        number = refs.get(ws.db, ws.tract, prefix + base)
        if number is not None:
            return number, False
    return _by_hash(ws, base), True


def _earlier(ws: Workspace, branch: str | None, back: int) -> int:
    """Return what a branch stood on before its ``back``-th last operation."""
    if branch is None:
        raise RefError("HEAD is detached, so it has no operations of its own.", "Name a branch: main@{1}.")
    ref = refs.HEADS + branch
    if back == 0:
        number = refs.get(ws.db, ws.tract, ref)
    else:
        moves = oplog.moves_of(ws.db, ws.tract, ref, back)
        number = moves[back - 1].old if len(moves) >= back else None
    if number is None:
        raise RefError(f"{branch} has no state {back} operations ago.", "Run operations to see them.")
    return number


def _by_hash(ws: Workspace, text: str) -> int:
    if not _HEX.fullmatch(text):
        raise _unknown(ws, text)
    found = objects.hashes_from(ws.db, text.lower(), CANDIDATES + 1)
    if not found:
        raise _unknown(ws, text)
    if len(found) > 1:
        shown = ", ".join(_described(ws, digest) for digest in found[:CANDIDATES])
        raise RefError(f"{text!r} begins more than one hash: {shown}.", "Give more digits.")
    row = objects.row_by_hash(ws.db, found[0])
    assert row is not None
    return row.id


def _described(ws: Workspace, digest: bytes) -> str:
    row = objects.row_by_hash(ws.db, digest)
    what = f" ({row.role} {row.type})" if row and row.role else ""
    return f"{digest.hex()[: HASH_SHOWN + 4]}{what}"


def _unknown(ws: Workspace, name: str) -> RefError:
    heads = [*refs.all_of(ws.db, ws.tract, refs.HEADS), *refs.all_of(ws.db, ws.tract, refs.TAGS), "HEAD"]
    close = get_close_matches(name, heads, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Branches and tags: {preview(', '.join(heads), 200)}."
    return RefError(f"{name!r} is no branch, tag or hash here.", hint)


def own_commit(ws: Workspace, target: Any) -> Row:
    """Return the commit that a name means, if it belongs to this tract.

    Commits are shared by the database; one is this tract's where a branch, a tag or an operation of
    it has led to it.
    """
    row = commit_named(ws, target)
    ends = set(refs.all_of(ws.db, ws.tract, "").values()) | oplog.ends(ws.db, ws.tract)
    if row.id not in ends and not objects.is_behind(ws.db, row.id, ends):
        raise RefError(
            f"{target} is a commit of another tract of this database.",
            "Name one of this tract's own: see log.",
        )
    return row


def names_in(target: Any) -> list[str]:
    """Return what a verb was given as names: one, a list, a Series, or a table with a ``commit`` column."""
    if isinstance(target, str):
        return [clean_text(target)]
    if isinstance(target, Commit):
        return [target.hash]
    if isinstance(target, Table):
        names = [column.name for column in target.columns]
        target = [row[names.index("commit")] for row in target.rows] if "commit" in names else target
    if hasattr(target, "columns"):  # a DataFrame, told without importing pandas
        if "commit" not in target.columns:
            raise RefError("This frame has no column 'commit'.", "Select rows of log(), or give hashes.")
        target = target["commit"]
    if not isinstance(target, Iterable):
        raise RefError(
            f"{target!r} ({type(target).__name__}) names no commit.", "Give a name, a hash or a list of them."
        )
    return [name for item in target for name in names_in(item)]


def one_name(target: Any) -> str:
    """Return the name of the one commit that a verb was given."""
    found = names_in(target)
    if len(found) != 1:
        raise RefError(f"This takes one commit, not {len(found)}.", "Name one.")
    return found[0]


def unit_named(ws: Workspace, history: Snapshot, name: str) -> Unit:
    """Return the unit that a name means: a MARK is stepped over, an EDIT means its unit.

    Raises
    ------
    RefError
        If it is not in ``history``, or is a commit that stands for no unit.
    """
    number, by_hash = _numbered(ws, name)
    if number and not by_hash:
        number = objects.unmarked(ws.db, number)
    if not number:
        raise RefError(f"{name} has no unit: nothing is committed there yet.", 'Add one with t.user("...").')
    row = ws.row(number)
    if row.kind == Kind.MARK:
        raise RefError(f"{name} is a MARK, which has no text.", "Name the unit that it marks.")
    if row.kind == Kind.MERGE:
        raise RefError(f"{name} is a MERGE, which has no text.", "Name one of the units it joined.")
    identity = row.targets[0] if row.kind == Kind.EDIT else row.identity
    unit = history.find(identity)
    if unit is None:
        where = f"branch {ws.branch}" if ws.branch else "HEAD"
        raise RefError(f"{name} is not in the history of {where}.", "Switch to a branch that has it.")
    return unit
