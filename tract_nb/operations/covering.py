"""Covering: the SUMMARYs and masks of a compression, written behind a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import message_size
from tract_nb.model.commit import HASH_TAKEN, Kind, Priority, Row
from tract_nb.model.content import Dialogue
from tract_nb.operations import ranges
from tract_nb.operations.masking import MASK, Mask
from tract_nb.operations.transaction import Transaction


class Cover(NamedTuple):
    """A SUMMARY to be: the units that it is of, its text, and how that was written."""

    units: Sequence[Unit]
    text: str
    strategy: str
    instructions: str | None = None
    metadata: Mapping[str, Any] | None = None


def cover(tx: Transaction, history: Snapshot, covers: Sequence[Cover]) -> tuple[list[Row], Snapshot]:
    """Store SUMMARYs, each of units of its own; return them, and the history with all of them.

    The history is resolved once, however many there are: the size of the context at each is worked out here.
    """
    rows: list[Row] = []
    sizes = _Sizes(history)
    for one in covers:
        made = {
            "strategy": one.strategy,
            "units": len(one.units),
            "tokens": sum(unit.size for unit in one.units),
            "approved_by": tx.ws.actor,
            **({"instructions": clean_text(one.instructions)} if one.instructions else {}),
            **(one.metadata or {}),
        }
        text, targets = clean_text(one.text), ranges.targets_of(one.units)
        tokens = tx.ws.count(text)
        row = tx.put(
            Kind.SUMMARY,
            [rows[-1] if rows else history.last],
            content=Dialogue(role="user", text=text),
            targets=targets,
            priority=Priority.NORMAL,
            metadata={"compression": made},
            sized=(tokens, sizes.after(tokens, targets)),
        )
        rows.append(row)
    if not rows:
        return rows, history
    history = Snapshot.of([*history.rows, *rows])
    tx.ws.remember(rows[-1].hash, history)
    return rows, history


class _Sizes:
    """The size of the context at each of several SUMMARYs, by the rules of :mod:`tract_nb.engine.resolve`."""

    def __init__(self, history: Snapshot) -> None:
        self._history = history
        self._size = history.size
        self._hidden: set[bytes] = set()
        self._calls = ranges.calls_with_results(history)
        told = {
            target
            for unit in history.units
            if unit.row.kind == Kind.SUMMARY and not unit.retired
            for target in unit.row.targets
        }
        # what of a call and its results no summary names yet, as they are hidden all together
        self._lack = {
            call: {
                unit.identity
                for unit in units
                if not unit.skipped and (unit.identity not in told or unit.priority is Priority.PINNED)
            }
            for call, units in self._calls.items()
        }

    def after(self, tokens: int, targets: Sequence[bytes]) -> int:
        """Return the size with one SUMMARY more, of so many tokens."""
        self._size += message_size(tokens)
        for target in targets:
            unit = self._history.find(target)
            if unit is None or unit.priority is Priority.PINNED:
                continue
            call = unit.call if unit.call in self._calls else target
            if call not in self._calls:
                self._hide(unit)
                continue
            self._lack[call].discard(target)
            if not self._lack[call]:
                for member in self._calls[call]:
                    self._hide(member)
        return self._size

    def _hide(self, unit: Unit) -> None:
        if unit.identity not in self._hidden:
            self._hidden.add(unit.identity)
            self._size -= unit.size


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
