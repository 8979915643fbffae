"""rebase: put this branch's own commits on top of another branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tract_nb.model.commit import HASH_SHOWN, Kind, Row
from tract_nb.model.conflict import Decision
from tract_nb.model.listing import counted
from tract_nb.operations import joining
from tract_nb.operations.copying import copy_all, out_of_order
from tract_nb.operations.joining import Joint, joint
from tract_nb.operations.reviewing import VERBS, Outcome
from tract_nb.operations.transaction import Transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs


class Rebase:
    """The verb ``rebase``: it asks what merging this branch into the other would ask.

    Parameters
    ----------
    source : str
        What to stand on from now, as it was named.
    """

    verb = "rebase"

    def __init__(self, source: str) -> None:
        self.source = source

    @property
    def args(self) -> dict[str, Any]:
        """What it was asked for, as JSON."""
        return {"source": self.source}

    def without_asking(self, tx: Transaction, ours: Row | None, theirs: Row, branch: str) -> Outcome | None:
        """Do what needs no decision: nothing, or to move the branch ahead."""
        ws = tx.ws
        if ours is not None and ws.snapshot(ours.id).has(theirs.id):
            return Outcome(ours, (f"nothing to do: {branch} stands on {self.source} already",))
        if ours is None or ws.snapshot(theirs.id).has(ours.id):
            tx.move(f"{refs.HEADS}{branch}", theirs.id)
            return Outcome(theirs, (f"moved ahead to {theirs.hash.hex()[:HASH_SHOWN]}: nothing was to copy",))
        return None

    def plan(self, ws: Workspace, ours: Row, theirs: Row, answers: Mapping[str, Decision]) -> Joint:
        """Return what it would do."""
        return joint(ws, ws.snapshot(theirs.id), ws.snapshot(ours.id), answers, ours=1)

    def apply(self, tx: Transaction, ours: Row, theirs: Row, joint: Joint, branch: str) -> Outcome:
        """Copy this branch's own commits behind theirs' tip, then write what was decided."""
        ws, plan = tx.ws, joint.plan
        before, history = ws.snapshot(ours.id), ws.snapshot(theirs.id)
        own = {
            row.identity: row
            for row in reversed(joint.merging.beyond[1])
            if row.kind != Kind.MERGE and not history.tells(row.identity)
        }
        copies, history = copy_all(tx, list(reversed(own.values())), history)
        rows, history = joining.write_decided(tx, plan, history, plan.decided)
        tip = history.last
        ws.remember(tip.hash, history)
        tx.move(f"{refs.HEADS}{branch}", tip.id)
        decided = f", {counted(len(rows), 'decision')} written" if rows else ""
        notes = (f"{counted(len(copies), 'commit')} copied onto {self.source}{decided}",)
        told = out_of_order(before, history, set(own))
        return Outcome(tip, notes, (*joining.warnings(plan), *told))


VERBS[Rebase.verb] = Rebase
