"""status, branches, operations, tracts: where things stand."""

from __future__ import annotations

from collections.abc import Iterable

from tract_nb.engine.tokens import context_size
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN, Row, from_us, preview
from tract_nb.model.listing import Branches, Operations, Status, Tags, Tracts
from tract_nb.operations import history, present
from tract_nb.operations.compiling import count
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog, refs
from tract_nb.store.ancestry import Ancestry
from tract_nb.store.database import Database
from tract_nb.store.oplog import Move

RECENT = 5
APART_KEPT = 4096  # pairs of commits


def status(ws: Workspace) -> Status:
    """Return where the handle stands."""
    tip = ws.tip()
    snapshot = ws.snapshot(tip)
    tokens, source = count(ws, tip, snapshot)
    counts = snapshot.counts
    return Status(
        database=ws.db.name,
        tract=ws.name,
        branch=ws.branch,
        head=ws.row(tip).hash.hex() if tip else None,
        commits=snapshot.listed,
        tokens=tokens,
        token_source=source,
        max_tokens=ws.budget.max_tokens if ws.budget else None,
        pinned=counts.pinned,
        skipped=counts.skipped,
        covered=counts.covered,
        recent=history.log(ws, RECENT),
    )


def branches(ws: Workspace) -> Branches:
    """Return the tract's branches by name, with how far each has gone from HEAD."""
    head = ws.tip()
    heads, rows, says = _named(ws, refs.HEADS)
    apart = _apart(ws, head, heads.values())
    active = oplog.last_moves(ws.db, ws.tract)
    return Branches(
        tuple(
            (
                name,
                name == ws.branch,
                rows[tip].hash.hex()[:HASH_TAKEN] if tip else None,
                context_size(rows[tip].context) if tip else 0,
                *apart[tip],
                from_us(rows[tip].author_us) if tip else None,
                from_us(active[refs.HEADS + name]) if refs.HEADS + name in active else None,
                says.get(tip, ""),
            )
            for name, tip in heads.items()
        )
    )


def _apart(ws: Workspace, head: int, tips: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return how far tips are ahead of a commit, and behind it; what was worked out once is kept."""
    ancestry = Ancestry(ws.db)
    if len(ws.apart) > APART_KEPT:
        ws.apart.clear()
    for tip in tips:
        if (tip, head) not in ws.apart:
            ws.apart[tip, head] = ancestry.apart(tip, head)
    return {tip: ws.apart[tip, head] for tip in tips}


def tags(ws: Workspace) -> Tags:
    """Return the tract's tags by name."""
    named, rows, says = _named(ws, refs.TAGS)
    return Tags(
        tuple(
            (
                name,
                False,
                rows[tip].hash.hex()[:HASH_TAKEN],
                context_size(rows[tip].context),
                from_us(rows[tip].author_us),
                says.get(tip, ""),
            )
            for name, tip in named.items()
        )
    )


def _named(ws: Workspace, prefix: str) -> tuple[dict[str, int], dict[int, Row], dict[int, str]]:
    """Return refs by name, and of what they stand on the commits and what these say."""
    named = refs.all_of(ws.db, ws.tract, prefix)
    rows = objects.rows(ws.db, [tip for tip in named.values() if tip])
    # a MARK says nothing: the preview is of what stands before it
    said = {tip: ws.row(number) for tip in rows if (number := objects.unmarked(ws.db, tip))}
    shown = list(said.values())
    found, joins = present.contents(ws, shown), present.joined(ws, shown)
    previews = {tip: preview(present.says(row, found, lambda _: None, joins)) for tip, row in said.items()}
    return named, rows, previews


def all_tracts(db: Database) -> Tracts:
    """Return the tracts of a database, in the order they were made."""
    known = refs.tracts(db)
    names = {tract.id: tract.name for tract in known}
    listed = []
    for tract in known:
        tip = refs.get(db, tract.id, refs.HEADS + tract.open_branch)
        row = objects.row(db, tip) if tip else None
        listed.append(
            (
                tract.name,
                tract.open_branch,
                row.hash.hex()[:HASH_TAKEN] if row else None,
                context_size(row.context) if row else 0,
                names.get(tract.parent) if tract.parent else None,
                tract.parent_commit.hex()[:HASH_TAKEN] if tract.parent_commit else None,
            )
        )
    return Tracts(tuple(listed))


def operations(ws: Workspace, limit: int | None = None) -> Operations:
    """Return the tract's operations, newest first."""
    found = oplog.operations(ws.db, ws.tract, limit)
    undone = oplog.taken_back(ws.db, ws.tract)
    moves = oplog.moves_by_op(ws.db, [op.id for op in found])
    rows = objects.rows(
        ws.db,
        {number for of_op in moves.values() for move in of_op for number in (move.old, move.new) if number},
    )

    def shown(number: int | None) -> str:
        if number is None:
            return "gone"
        if not number:
            return "empty"
        return rows[number].hash.hex()[:HASH_SHOWN] if number in rows else "collected"

    def moved(move: Move) -> str:
        before = "new" if move.old is None else shown(move.old)
        own = "" if move.tract == ws.tract else f"{names[move.tract]}:"
        return f"{own}{move.ref.partition('/')[2]} {before} → {shown(move.new)}"

    names = {tract.id: tract.name for tract in refs.tracts(ws.db)}
    return Operations(
        tuple(
            (
                op.id,
                from_us(op.at),
                op.verb,
                op.actor,
                ", ".join(map(moved, moves.get(op.id, ()))),
                op.reason,
                op.id in undone,
            )
            for op in found
        )
    )
