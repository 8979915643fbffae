"""Covering: the SUMMARYs and masks of a compression, written behind a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import HASH_TAKEN, Kind, Priority, Row
from tract_nb.model.content import Dialogue
from tract_nb.operations import ranges
from tract_nb.operations.masking import MASK, Mask
from tract_nb.operations.transaction import Transaction


def cover(
    tx: Transaction,
    history: Snapshot,
    units: Sequence[Unit],
    text: str,
    *,
    strategy: str,
    instructions: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> tuple[Row, Snapshot]:
    """Store a SUMMARY of some units; return it, and the history with it."""
    made = {
        "strategy": strategy,
        "units": len(units),
        "tokens": sum(unit.size for unit in units),
        "approved_by": tx.ws.actor,
        **({"instructions": clean_text(instructions)} if instructions else {}),
        **(metadata or {}),
    }
    row = tx.put(
        Kind.SUMMARY,
        [history.last],
        content=Dialogue(role="user", text=clean_text(text)),
        targets=ranges.targets_of(units),
        priority=Priority.NORMAL,
        metadata={"compression": made},
    )
    history = history.plus(row)
    if history.last.context != row.context:
        row = tx.set_context(row, history.last.context)
    tx.ws.remember(row.hash, history)
    return row, history


def mask(tx: Transaction, history: Snapshot, masks: Sequence[Mask]) -> Snapshot:
    """Store an EDIT for each mask; return the history with them."""
    head, size, rows = history.last, history.size, []
    for one in masks:
        unit = one.item.unit
        size -= one.saved
        head = tx.put(
            Kind.EDIT,
            [head],
            content=one.content,
            targets=(unit.identity,),
            metadata={MASK: {"of": unit.text.hash.hex()[:HASH_TAKEN], "tokens": unit.text.tokens}},
            sized=(one.tokens, size),
        )
        rows.append(head)
    history = history.edited(rows)
    tx.ws.remember(head.hash, history)
    return history
