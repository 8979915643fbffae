"""restore: take summaries and masks back, so that what they stand for is sent again."""

from __future__ import annotations

from typing import Any, NamedTuple

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import message_size
from tract_nb.errors import RefError
from tract_nb.model.commit import Kind, Row
from tract_nb.operations import names
from tract_nb.operations.archive import refuse_collected
from tract_nb.operations.budget import ask_budget, ask_size, asks, check_budget, imagined
from tract_nb.operations.edit import content_of
from tract_nb.operations.masking import Masked, stood_before
from tract_nb.operations.masking import masked as masks_of
from tract_nb.operations.transaction import Transaction, transaction
from tract_nb.operations.workspace import Workspace


class Named(NamedTuple):
    """What was named: summaries to retire, and masked units with the commit that had their text."""

    summaries: tuple[bytes, ...]
    masked: list[tuple[Unit, Row]]


def restore(ws: Workspace, target: Any, reason: str | None = None) -> Row | None:
    """Take back all that is named, as one operation; None where each is restored already.

    One MARK without a priority retires the summaries; each mask is edited back.
    """
    listed = names.names_in(target)
    if asks(ws):
        with ws.db.read():
            _ask(ws, ws.snapshot(ws.tip()), listed)
    with transaction(ws, "restore", {"units": len(listed)}, reason=reason) as tx:
        head = tx.head()
        history = ws.snapshot(head.id if head else 0)
        found = named(ws, history, listed)
        if head is None or not (found.summaries or found.masked):
            return None
        row = _write(tx, head, found)
        if row.context > head.context:
            refuse_collected(ws, head.id, row.id)
            check_budget(ws, row.context)
        return row


def _write(tx: Transaction, head: Row, found: Named) -> Row:
    if found.summaries:
        head = tx.commit(Kind.MARK, [head], targets=found.summaries)
    for unit, before in found.masked:
        content = content_of(tx.ws, before)
        head = tx.commit(Kind.EDIT, [head], content=content, targets=(unit.identity,))
    return head


def _ask(ws: Workspace, history: Snapshot, listed: list[str]) -> None:
    """Ask the budget's own function about what would be sent again."""
    found = named(ws, history, listed)
    if found.summaries:
        ask_budget(ws, history, imagined(ws, Kind.MARK, targets=found.summaries))
    grown = sum(message_size(before.tokens) - unit.size for unit, before in found.masked)
    ask_size(ws, history.size, history.size + grown)


def named(ws: Workspace, history: Snapshot, listed: list[str]) -> Named:
    """Return what names mean, each once.

    Raises
    ------
    RefError
        If one of them is neither a summary nor masked.
    """
    summaries: dict[bytes, None] = {}
    masked: dict[bytes, Masked] = {}
    units = [names.unit_named(ws, history, name) for name in listed]
    ever = masks_of(ws, history, units)
    for name, unit in zip(listed, units, strict=True):
        mask = ever.get(unit.identity)
        if mask is not None and mask.now:
            masked[unit.identity] = mask
        elif unit.row.kind != Kind.SUMMARY:
            if mask is not None:
                continue  # it is restored already
            raise RefError(
                f"{name} is no SUMMARY and is not masked, so there is nothing to restore.",
                "log(kind='summary') lists the summaries, log(kind='edit') the masks.",
            )
        elif not unit.retired:
            summaries[unit.identity] = None
    masks = list(masked.values())
    before = stood_before(ws, masks)
    return Named(tuple(summaries), [(mask.unit, row) for mask, row in zip(masks, before, strict=True)])
