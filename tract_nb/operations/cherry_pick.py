"""cherry-pick: copy single commits onto this branch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tract_nb.engine.snapshot import EMPTY, Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import ReviewError
from tract_nb.model.commit import HASH_SHOWN, Kind, Priority, Row, preview
from tract_nb.model.listing import counted
from tract_nb.model.review import Reviewed
from tract_nb.model.waiting import APPLIED
from tract_nb.operations import names, present
from tract_nb.operations.budget import asks, check_budget
from tract_nb.operations.copying import copy_all, out_of_order
from tract_nb.operations.transaction import Transaction, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, refs


def cherry_pick(ws: Workspace, targets: Any, *, again: bool = False) -> Reviewed:
    """Copy the commits named, nothing else, in the order of their history; it wins here and never asks.

    What is here already is passed over, unless ``again`` makes a new commit of it.
    """
    listed = names.names_in(targets)
    if not listed:
        raise ReviewError("Nothing is named.", "Name a commit, a list of them, or rows of log().")
    if asks(ws):
        _ask_budget(ws, listed, again=again)
    with transaction(ws, "cherry_pick", {"commits": len(listed), "again": again}) as tx:
        head = tx.head()
        history = ws.snapshot(head.id) if head else EMPTY
        picked = {row.id: row for row in (names.commit_named(ws, name) for name in listed)}
        rows = [picked[number] for number in sorted(picked)]
        here = [] if again else [row for row in rows if history.tells(row.identity)]
        rows = _once(row for row in rows if row not in here)
        _refuse(history, rows)
        source = _source(ws, rows[-1], head) if rows else history
        overridden = [text for row in rows for text in _overrides(row, history, source)]
        copies, after = copy_all(tx, rows, history, again=again)
        copies, after = _retire(tx, copies, history, after)
        notes = [f"{counted(len(rows), 'commit')} picked"] if rows else ["nothing to do"]
        notes += [f"{_short(row)} is here already{_how(history, row)}" for row in here]
        if rows:
            tx.move(f"{refs.HEADS}{ws.branch}", after.last.id)
            ws.remember(after.last.hash, after)
            if after.size > history.size:
                check_budget(ws, after.size)
        told = out_of_order(source, after, {row.identity for row in rows}) if not again else ()
        left = _left_behind(source, after, rows)
        return Reviewed(
            number=None,
            verb="pick",
            branch=str(ws.branch),
            source=preview(", ".join(listed), 60),
            state=APPLIED,
            warnings=(*overridden, *told, *left),
            notes=tuple(notes),
            tokens_before=context_size(history.size),
            tokens_after=context_size(after.size),
            commit=present.commits(ws, [after.last])[0] if not after.is_empty else None,
        )


def _ask_budget(ws: Workspace, listed: Sequence[str], *, again: bool) -> None:
    """Ask the budget's own function about what the picked texts would add."""
    with ws.db.read():
        tip = ws.tip()
        history = ws.snapshot(tip)
        rows = {row.id: row for row in (names.commit_named(ws, name) for name in listed)}
        after = history.apart()
        for number in sorted(rows):
            row = rows[number]
            after = after.plus(row._replace(id=-number, hash=row.hash[::-1], origin=None) if again else row)
    assert ws.budget is not None
    assert callable(ws.budget.action)
    if after.size > history.size and context_size(after.size) > ws.budget.max_tokens:
        ws.budget.action(context_size(after.size), ws.budget.max_tokens)


def _once(rows: Iterable[Row]) -> list[Row]:
    """Return rows without the later copies of one another."""
    found: dict[bytes, Row] = {}
    for row in rows:
        found.setdefault(row.identity, row)
    return list(found.values())


def _refuse(history: Snapshot, rows: Sequence[Row]) -> None:
    """Refuse what has no meaning of its own: a MERGE, an EDIT whose unit is not here."""
    units = {row.identity for row in rows if row.is_unit}
    for row in rows:
        if row.kind == Kind.MERGE:
            raise ReviewError(
                f"{_short(row)} is a MERGE: it has no text to pick.", "Pick the commits it joined, or merge."
            )
        if row.kind == Kind.EDIT and history.find(row.targets[0]) is None and row.targets[0] not in units:
            raise ReviewError(
                f"{_short(row)} edits {row.targets[0].hex()[:HASH_SHOWN]}, which is not on this branch.",
                "Pick that unit too, or merge.",
            )


def _source(ws: Workspace, row: Row, head: Row | None) -> Snapshot:
    """Return a history that a commit was picked from: a branch that has it, else what is behind it."""
    for number in refs.all_of(ws.db, ws.tract, refs.HEADS).values():
        if number and (head is None or number != head.id) and objects.is_behind(ws.db, row.id, [number]):
            return ws.snapshot(number)
    return ws.snapshot(row.id)


def _overrides(row: Row, history: Snapshot, source: Snapshot) -> list[str]:
    """Return what a picked commit decides otherwise than this branch did."""
    found = []
    for target in row.targets:
        unit = history.find(target)
        if unit is None:
            continue
        if row.kind == Kind.EDIT and unit.text is not unit.row and not source.tells(unit.text.identity):
            found.append(f"{_short(row)} overrides the edit {_short(unit.text)} of {_short(unit.row)}")
        elif (
            row.kind == Kind.MARK
            and row.priority is not None
            and _marked_here(unit.identity, history, source)
        ):
            if unit.priority != row.priority:
                to = Priority(row.priority).name
                found.append(
                    f"{_short(row)} makes {_short(unit.row)} {to}, which was {unit.priority.name} here"
                )
        elif row.is_result and _answered(target, history):
            found.append(f"{_short(row)} is one more result of the call {_short(unit.row)}")
    return found


def _marked_here(unit: bytes, history: Snapshot, source: Snapshot) -> bool:
    """Tell whether this branch has a MARK of a unit that the other one lacks."""
    return any(row.kind == Kind.MARK and unit in row.targets for row in history.beyond(source))


def _answered(call: bytes, history: Snapshot) -> bool:
    return any(unit.call == call for unit in history.units)


def _retire(
    tx: Transaction, copies: list[Row], before: Snapshot, after: Snapshot
) -> tuple[list[Row], Snapshot]:
    """Take back the summaries of this branch that share a unit with a picked one."""
    for copy in [row for row in copies if row.kind == Kind.SUMMARY]:
        for unit in list(after.units):
            own = (
                unit.row.kind == Kind.SUMMARY and not unit.retired and before.find(unit.identity) is not None
            )
            shares = not set(unit.row.targets).isdisjoint(copy.targets)
            stands_for = unit.identity in copy.targets or copy.identity in unit.row.targets
            if own and shares and not stands_for:
                mark = tx.put(Kind.MARK, [after.last], targets=(unit.identity,), priority=None)
                after = after.plus(mark)
                if after.last.context != mark.context:
                    mark = tx.set_context(mark, after.last.context)
                copies = [*copies, mark]
    return copies, after


def _left_behind(source: Snapshot, after: Snapshot, rows: Sequence[Row]) -> list[str]:
    """Return the later EDITs and MARKs of picked units that were not picked with them."""
    units = {row.identity for row in rows if row.is_unit}
    return [
        f"the {Kind(row.kind).name} {_short(row)} of {target.hex()[:HASH_SHOWN]} was left behind"
        for row in source.rows
        if row.kind in (Kind.EDIT, Kind.MARK) and not after.tells(row.identity)
        for target in row.targets
        if target in units
    ]


def _how(history: Snapshot, row: Row) -> str:
    unit = history.find(row.identity)
    if unit is None or unit.shown:
        return ""
    return ", skipped" if unit.skipped else ", covered by a summary" if unit.covered else ", taken back"


def _short(row: Row) -> str:
    return row.hash.hex()[:HASH_SHOWN]
