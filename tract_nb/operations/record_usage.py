"""record_usage: keep what a provider reported for a reply."""

from __future__ import annotations

from typing import Any

from tract_nb.engine.usage import read_usage
from tract_nb.errors import RefError
from tract_nb.model.commit import Row
from tract_nb.model.event import Usage
from tract_nb.operations import names
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store.usage import put_usage, usage_of


def record_usage(
    ws: Workspace, reported: Any, commit: Any = None, *, model: str | None = None, cost: float | None = None
) -> tuple[Row, Usage]:
    """Keep a report for a reply, the newest unit at HEAD unless told; a second report replaces the first.

    Listed among the operations, and not undone: what was spent is spent.
    """
    usage = read_usage(reported)
    wanted = names.names_in("HEAD" if commit is None else commit)
    if len(wanted) != 1:
        raise RefError(f"A usage belongs to one reply, not to {len(wanted)}.", "Name one commit.")
    with transaction(ws, "record_usage", usage._asdict()) as tx:
        unit = names.unit_named(ws, ws.snapshot(ws.tip()), wanted[0])
        known = usage_of(ws.db, unit.row.id)
        if known is None or (known.usage, known.model, known.cost) != (usage, model, cost):
            tx.listed = True
            put_usage(ws.db, unit.row.id, usage, model, cost)
        return unit.row, usage
