"""undo: take back an operation by a new one that sets its refs back."""

from __future__ import annotations

from tract_nb.errors import RefError
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import oplog, refs
from tract_nb.store.oplog import OpRow


def undo(ws: Workspace) -> OpRow:
    """Take back this actor's newest operation on this tract that moved a ref.

    Raises
    ------
    RefError
        If there is none, or if a ref is not where that operation put it.
    """
    with ws.db.read():
        done = oplog.undoable(ws.db, ws.tract, ws.actor)
    if done is None:
        raise RefError(
            f"There is nothing to undo: {ws.actor} moved no ref yet.", "Run operations to see all."
        )
    why = f"takes back {done.verb}, operation {done.id}"
    with transaction(ws, "undo", reason=why, undoes=done.id) as tx:
        for move in oplog.moves(ws.db, done.id):
            if refs.get(ws.db, move.tract, move.ref) != move.new:
                by = oplog.last_mover(ws.db, move.tract, move.ref)
                who = f"{by.actor} ({by.verb})" if by else "another writer"
                raise RefError(
                    f"{move.ref.partition('/')[2]} was moved since, by {who}: {done.verb} is not undone.",
                    "That actor can undo first.",
                )
            tx.move(move.ref, move.old, tract=move.tract)
    ws.tip()
    return done
