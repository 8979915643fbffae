"""restore: take a summary back, so that what it covers is sent again."""

from __future__ import annotations

from typing import Any

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import RefError
from tract_nb.model.commit import Kind, Row
from tract_nb.operations import names
from tract_nb.operations.archive import refuse_collected
from tract_nb.operations.budget import ask_budget, asks, check_budget, imagined
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace


def restore(ws: Workspace, target: Any, reason: str | None = None) -> Row | None:
    """Write one MARK without a priority for all summaries named; None where each is restored already."""
    listed = names.names_in(target)
    if asks(ws):
        with ws.db.read():
            history = ws.snapshot(ws.tip())
            targets = tuple(unit.identity for unit in summaries_named(ws, history, listed))
        ask_budget(ws, history, imagined(ws, Kind.MARK, targets=targets))
    with transaction(ws, "restore", {"units": len(listed)}, reason=reason) as tx:
        head = tx.head()
        history = ws.snapshot(head.id if head else 0)
        changed = tuple(unit.identity for unit in summaries_named(ws, history, listed) if not unit.retired)
        if head is None or not changed:
            return None
        row = tx.commit(Kind.MARK, [head], targets=changed)
        if row.context > head.context:
            refuse_collected(ws, head.id, row.id)
            check_budget(ws, row.context)
        return row


def summaries_named(ws: Workspace, history: Snapshot, listed: list[str]) -> list[Unit]:
    """Return the summaries that names mean, each once.

    Raises
    ------
    RefError
        If one of them is no summary.
    """
    found: dict[bytes, Unit] = {}
    for name in listed:
        unit = names.unit_named(ws, history, name)
        if unit.row.kind != Kind.SUMMARY:
            raise RefError(
                f"{name} is no SUMMARY, so there is nothing to restore.", "log(kind='summary') lists them."
            )
        found[unit.identity] = unit
    return list(found.values())
