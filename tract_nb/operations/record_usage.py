"""record_usage: keep what a provider reported for a reply."""

from __future__ import annotations

from typing import Any

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import Row
from tract_nb.model.event import Usage
from tract_nb.model.usage import read_usage
from tract_nb.operations import names
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store.usage import put_usage, usage_of


def record_usage(
    ws: Workspace, reported: Any, commit: Any = None, *, model: str | None = None, cost: float | None = None
) -> tuple[Row, Usage]:
    """Keep a report for a reply, the newest one unless told; a second report replaces the first.

    Listed among the operations, and not undone: what was spent is spent.
    """
    usage = read_usage(reported)
    with transaction(ws, "record_usage", usage._asdict()) as tx:
        history = ws.snapshot(ws.tip())
        unit = (
            newest_reply(history) if commit is None else names.unit_named(ws, history, names.one_name(commit))
        )
        if unit.row.role != "assistant":
            raise ContentError(
                f"{unit.row.hash.hex()[:8]} is not a reply: a {unit.row.role} said it.",
                "Name the assistant's commit, or record the usage when the reply is committed.",
            )
        known = usage_of(ws.db, unit.row.id)
        if known is None or (known.usage, known.model, known.cost) != (usage, model, cost):
            tx.listed = True
            put_usage(ws.db, unit.row.id, usage, model, cost)
        return unit.row, usage


def newest_reply(history: Snapshot) -> Unit:
    """Return the last thing that the assistant said."""
    for row in history.newest:
        unit = history.find(row.identity) if row.role == "assistant" and row.is_unit else None
        if unit is not None:
            return unit
    raise RefError("There is no reply that this usage could belong to.", "Commit the reply first.")
