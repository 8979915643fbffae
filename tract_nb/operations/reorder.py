"""reorder: put the units of a context in another order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tract_nb.engine.resolve import Unit, resolve
from tract_nb.engine.snapshot import EMPTY, Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import ReviewError
from tract_nb.model.commit import HASH_SHOWN, Kind, Row
from tract_nb.model.listing import counted
from tract_nb.model.review import Reviewed
from tract_nb.model.waiting import APPLIED
from tract_nb.operations import compiling, present
from tract_nb.operations.copying import copy_all, out_of_order
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs


def reorder(ws: Workspace, order: Any) -> Reviewed:
    """Put the shown units in another order: each once.

    Units are copied from the first change on, then the EDITs, MARKs and SUMMARYs in their order.
    """
    if hasattr(order, "columns"):
        order = list(order["commit"]) if "commit" in order.columns else order
    with transaction(ws, "reorder") as tx:
        head = tx.head()
        history = ws.snapshot(head.id) if head else EMPTY
        wanted = _wanted(ws, history, order)
        if wanted == list(history.shown):
            return _reordered(ws, history, history, ("nothing to do: the units stand in this order",), ())
        _refuse_early_results(wanted)
        base, rows = _copied(ws, history, _places(history, wanted))
        _refuse_elsewhere([*base.rows, *rows], wanted)
        copies, after = copy_all(tx, rows, base)
        tx.move(f"{refs.HEADS}{ws.branch}", after.last.id)
        moved = {row.identity for row in copies if row.is_unit}
        notes = (f"{counted(len(moved), 'unit')} copied in the new order",)
        return _reordered(ws, history, after, notes, out_of_order(history, after, moved))


def _wanted(ws: Workspace, history: Snapshot, order: Any) -> list[Unit]:
    """Return the shown units as they shall stand; reasoning that is not named stays behind its unit."""
    named = {unit.identity for unit in compiling.units_in(ws, history, order)}
    thoughts = any(unit.is_reasoning and unit.identity in named for unit in history.shown)
    wanted = list(compiling.ordered(ws, history, order, include_reasoning=thoughts).shown)
    if thoughts:
        return wanted
    behind: dict[bytes | None, list[Unit]] = {}
    last: bytes | None = None
    for unit in history.shown:
        if unit.is_reasoning:
            behind.setdefault(last, []).append(unit)
        else:
            last = unit.identity
    whole = list(behind.get(None, ()))
    for unit in wanted:
        whole += [unit, *behind.get(unit.identity, ())]
    return whole


def _places(history: Snapshot, wanted: Sequence[Unit]) -> list[Unit]:
    """Return all units but summaries as they shall stand: what is hidden stays where its neighbour goes."""
    follows: dict[bytes | None, list[Unit]] = {}
    last: bytes | None = None
    for unit in history.units:
        if unit.shown:
            last = unit.identity
        else:
            follows.setdefault(last, []).append(unit)
    every = list(follows.get(None, ()))
    for unit in wanted:
        every += [unit, *follows.get(unit.identity, ())]
    return [unit for unit in every if unit.row.kind == Kind.APPEND]


def _copied(ws: Workspace, history: Snapshot, places: Sequence[Unit]) -> tuple[Snapshot, list[Row]]:
    """Return the part of the first-parent line that can stay, and what must be copied behind it."""
    wanted = [unit.identity for unit in places]
    known: dict[bytes, Row] = {}
    for row in history.rows:
        known.setdefault(row.identity, row)
    line = _line(history)
    stays, told = None, list[bytes]()
    seen: set[bytes] = set()
    for row in history.rows:
        if row.kind == Kind.APPEND and row.identity not in seen:
            seen.add(row.identity)
            told.append(row.identity)
            if row.identity != wanted[len(told) - 1]:
                break
        if row.id in line:
            stays = row
    base = ws.snapshot(stays.id) if stays else EMPTY
    units = [known[identity] for identity in wanted if not base.tells(identity)]
    others = [
        row
        for row in known.values()
        if row.kind not in (Kind.APPEND, Kind.MERGE) and not base.tells(row.identity)
    ]
    return base, [*units, *others]


def _line(history: Snapshot) -> set[int]:
    """Return the numbers of the first-parent line."""
    line: set[int] = set()
    number: int | None = history.last.id
    while number is not None:
        line.add(number)
        number = history.row_of(number).parent1
    return line


def _refuse_early_results(wanted: Iterable[Unit]) -> None:
    """Refuse a result before its call."""
    results: dict[bytes, Unit] = {}
    for unit in wanted:
        if unit.identity in results:
            raise ReviewError(
                f"The result {_short(results[unit.identity])} cannot stand before its call {_short(unit)}.",
                "Name the call first.",
            )
        if unit.call is not None:
            results.setdefault(unit.call, unit)


def _refuse_elsewhere(rows: Iterable[Row], wanted: Sequence[Unit]) -> None:
    """Refuse an order in which something stands elsewhere: a summary stands where its first unit does."""
    stand = [unit.identity for unit in resolve(rows) if unit.shown]
    for unit, there in zip(wanted, stand, strict=True):
        if unit.identity != there:
            raise ReviewError(
                f"The {'summary' if unit.row.kind == Kind.SUMMARY else 'unit'} {_short(unit)} cannot stand "
                "there: a summary stands where the first of what it covers does.",
                "Move it with its neighbours, or take the summary back first.",
            )


def _reordered(
    ws: Workspace, before: Snapshot, after: Snapshot, notes: tuple[str, ...], warnings: tuple[str, ...]
) -> Reviewed:
    return Reviewed(
        number=None,
        verb="reorder",
        branch=str(ws.branch),
        source="",
        state=APPLIED,
        warnings=warnings,
        notes=notes,
        tokens_before=context_size(before.size),
        tokens_after=context_size(after.size),
        commit=None if after.is_empty else present.commits(ws, [after.last])[0],
    )


def _short(unit: Unit) -> str:
    return unit.row.hash.hex()[:HASH_SHOWN]
