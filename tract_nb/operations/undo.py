"""undo and redo: take back an operation by a new one that sets its refs back."""

from __future__ import annotations

from tract_nb.errors import RefError
from tract_nb.model.listing import Operations
from tract_nb.operations import branches, status
from tract_nb.operations.archive import refuse_collected
from tract_nb.operations.transaction import Transaction, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import oplog, refs, reviews
from tract_nb.store.oplog import OpRow


def undo(ws: Workspace) -> Operations:
    """Take back this actor's newest operation on this tract that moved a ref; return the one that does.

    Raises
    ------
    RefError
        If there is none, or if a ref is not where that operation put it.
    """
    done = oplog.newest(ws.db, ws.tract, ws.actor, undo=False)
    if done is None:
        raise RefError(
            f"There is nothing to undo: no move by {ws.actor} is in effect.", "Run operations to see all."
        )
    return _take_back(ws, "undo", done, f"takes back {done.verb}, operation {done.id}")


def redo(ws: Workspace) -> Operations:
    """Take back this actor's newest undo that is in effect; return the operation that does.

    Raises
    ------
    RefError
        If there is none, or if something moved a ref since.
    """
    undone = oplog.newest(ws.db, ws.tract, ws.actor, undo=True)
    if undone is None:
        raise RefError(f"There is nothing to redo: no undo by {ws.actor} is in effect.", "See operations.")
    return _take_back(ws, "redo", undone, f"does again what operation {undone.id} undid")


def _take_back(ws: Workspace, verb: str, done: OpRow, reason: str) -> Operations:
    with transaction(ws, verb, reason=reason, undoes=done.id) as tx:
        if done.id in oplog.taken_back(ws.db, ws.tract):
            raise RefError(f"The operation {done.id} was taken back meanwhile.", "Call t.refresh() and look.")
        for move in oplog.moves(ws.db, done.id):
            _check(tx, done, move)
            if move.old:
                refuse_collected(ws, move.new or 0, ws.row(move.old).id)
            tx.move(move.ref, move.old, tract=move.tract)
        renamed = _renamed_back(ws, oplog.moves(ws.db, done.id))
        if renamed is not None:
            reviews.move_branch(ws.db, ws.tract, *renamed)
            branches.open_elsewhere(ws, *renamed)
            branches.follow(ws, *renamed)
        _open_where_one_is(ws)
        ws.look()
        tx.log()
        return status.operations(ws, 1)


def _renamed_back(ws: Workspace, moves: list[oplog.Move]) -> tuple[str, str] | None:
    """Return the name that a branch loses and the one it gets, where a renaming is taken back."""
    own = [move for move in moves if move.tract == ws.tract and move.ref.startswith(refs.HEADS)]
    gone = [move.ref.removeprefix(refs.HEADS) for move in own if move.old is None and move.new is not None]
    back = [move.ref.removeprefix(refs.HEADS) for move in own if move.new is None and move.old is not None]
    return (gone[0], back[0]) if len(own) == 2 and gone and back else None


def _open_where_one_is(ws: Workspace) -> None:
    """Let the tract open on a branch that is there: the one it would open on may have been taken back."""
    heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
    found = refs.tract_named(ws.db, ws.name)
    if heads and found is not None and found.open_branch not in heads:
        refs.set_open_branch(ws.db, ws.tract, ws.branch if ws.branch in heads else next(iter(heads)))


def _check(tx: Transaction, done: OpRow, move: oplog.Move) -> None:
    """Refuse where a ref is not where the operation put it."""
    if refs.get(tx.db, move.tract, move.ref) == move.new:
        return
    by = oplog.last_mover(tx.db, move.tract, move.ref)
    who = f"{by.actor} ({by.verb}, operation {by.id})" if by else "another writer"
    raise RefError(
        f"{move.ref.partition('/')[2]} was moved since, by {who}: {done.verb} is not taken back.",
        "What came after it must be taken back first.",
    )
