"""merge: bring another branch's work into this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tract_nb.model.commit import HASH_SHOWN, Kind, Row
from tract_nb.model.conflict import Decision
from tract_nb.model.listing import counted
from tract_nb.operations import joining
from tract_nb.operations.joining import Joint, joint
from tract_nb.operations.reviewing import VERBS, Outcome
from tract_nb.operations.transaction import Transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs


class Merge:
    """The verb ``merge``.

    Parameters
    ----------
    source : str
        What to merge, as it was named.
    no_ff : bool
        Write a MERGE also where the branch could just be moved ahead.
    """

    verb = "merge"

    def __init__(self, source: str, *, no_ff: bool = False) -> None:
        self.source = source
        self.no_ff = no_ff

    @property
    def args(self) -> dict[str, Any]:
        """What it was asked for, as JSON."""
        return {"source": self.source, **({"no_ff": True} if self.no_ff else {})}

    def without_asking(self, tx: Transaction, ours: Row | None, theirs: Row, branch: str) -> Outcome | None:
        """Do what needs no decision: nothing, or a fast-forward."""
        ws = tx.ws
        if ours is not None and ws.snapshot(ours.id).has(theirs.id):
            return Outcome(ours, (f"nothing to do: all of {self.source} is here already",))
        if ours is None or (ws.snapshot(theirs.id).has(ours.id) and not self.no_ff):
            tx.move(f"{refs.HEADS}{branch}", theirs.id)
            return Outcome(theirs, (f"fast-forward to {theirs.hash.hex()[:HASH_SHOWN]}",))
        return None

    def plan(self, ws: Workspace, ours: Row, theirs: Row, answers: Mapping[str, Decision]) -> Joint:
        """Return what it would do."""
        return joint(ws, ws.snapshot(ours.id), ws.snapshot(theirs.id), answers)

    def apply(self, tx: Transaction, ours: Row, theirs: Row, joint: Joint, branch: str) -> Outcome:
        """Write theirs' tip, the EDITs and MARKs that were decided, then the MERGE."""
        plan = joint.plan
        rows, _ = joining.write_decided(tx, plan, tx.ws.snapshot(theirs.id), plan.decided)
        answers = joint.merging.answers
        settled = f", {counted(len(answers), 'conflict')} settled" if answers else ""
        message = f"{self.source} into {branch}{settled}"
        merge = tx.put(Kind.MERGE, [ours, rows[-1] if rows else theirs], message=message)
        after = plan.history.extended(rows).joined(merge)
        if after.last.context != merge.context:
            merge = tx.set_context(merge, after.last.context)
        tx.ws.remember(merge.hash, after)
        tx.move(f"{refs.HEADS}{branch}", merge.id)
        new = sum(row.kind != Kind.MARK for row in joint.merging.beyond[1])
        decided = f", {counted(len(rows), 'decision')} written" if rows else ""
        return Outcome(merge, (f"{counted(new, 'commit')} joined{decided}",), joining.warnings(plan))


VERBS[Merge.verb] = Merge
