"""annotate: set the priority of units from here on."""

from __future__ import annotations

from typing import Any

from tract_nb.errors import ContentError
from tract_nb.model.commit import Kind, Priority, Row
from tract_nb.operations import names
from tract_nb.operations.archive import refuse_collected
from tract_nb.operations.budget import ask_budget, asks, check_budget, imagined
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace


def annotate(
    ws: Workspace, target: Any, priority: Priority | int | str, reason: str | None = None
) -> Row | None:
    """Write one MARK for all units named; None where each has this priority already."""
    wanted = as_priority(priority)
    listed = names.names_in(target)
    if asks(ws):
        with ws.db.read():
            history = ws.snapshot(ws.tip())
            targets = tuple(names.unit_named(ws, history, name).identity for name in listed)
        ask_budget(ws, history, imagined(ws, Kind.MARK, targets=targets, priority=wanted))
    with transaction(ws, "annotate", {"priority": wanted.name, "units": len(listed)}, reason=reason) as tx:
        head = tx.head()
        history = ws.snapshot(head.id if head else 0)
        # a selection may name one unit twice, by its own hash and by an edit's
        units = {unit.identity: unit for unit in (names.unit_named(ws, history, name) for name in listed)}
        changed = [unit.identity for unit in units.values() if unit.priority != wanted or unit.retired]
        if head is None or not changed:
            return None
        row = tx.commit(Kind.MARK, [head], targets=tuple(changed), priority=wanted)
        if row.context > head.context:
            refuse_collected(ws, head.id, row.id)
            check_budget(ws, row.context)
        return row


def as_priority(value: Priority | int | str) -> Priority:
    """Return a priority by value or name."""
    try:
        return Priority[value.upper()] if isinstance(value, str) else Priority(value)
    except (KeyError, ValueError) as error:
        known = ", ".join(priority.name for priority in Priority)
        raise ContentError(f"Unknown priority {value!r}.", f"It is one of {known}.") from error
