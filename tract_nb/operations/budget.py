"""The token budget: what takes the room, and what a verb that goes beyond it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import BudgetError, ContentError
from tract_nb.model.commit import HASH_TAKEN, Kind, Row, preview
from tract_nb.model.content import Content
from tract_nb.model.group import STRUCTURAL, SUMMARIZE
from tract_nb.model.listing import BudgetTable
from tract_nb.operations import present
from tract_nb.operations.compiling import count
from tract_nb.operations.masking import MASK
from tract_nb.operations.shortening import by_a_model, by_drafts, by_masks
from tract_nb.operations.transaction import counted_text
from tract_nb.operations.workspace import Workspace


def check_budget(ws: Workspace, size: int) -> None:
    """Hold the size of a context against the budget, inside the transaction that made it.

    Raises
    ------
    BudgetError
        If it is beyond and the budget says ``reject``: all of the verb is rolled back.
    """
    if ws.budget is None or callable(ws.budget.action) or ws.batch is not None:
        return
    tokens, most = context_size(size), ws.budget.max_tokens
    if tokens <= most:
        return
    if ws.budget.action == "reject":
        raise BudgetError(
            f"This would make {tokens:,} tokens of a budget of {most:,}. Nothing was written.",
            "Skip or edit what takes the room (see budget), or raise the budget.",
        )
    ws.warn(f"{tokens:,} tokens are over the budget of {most:,}.")


def asks(ws: Workspace) -> bool:
    """Tell whether the budget has a function of its own, which is asked before any lock is taken."""
    return ws.budget is not None and callable(ws.budget.action) and ws.batch is None


def present_state(ws: Workspace) -> Snapshot:
    """Return the history at the tip as it is now; not a look at it, in the caller's eyes."""
    with ws.db.read():
        return ws.snapshot(ws.tip())


def ask_budget(ws: Workspace, before: Snapshot, change: Row) -> None:
    """Ask the budget's own function about a change that would go beyond it.

    What the function raises ends the verb; nothing is written by then.
    """
    # a copy to grow: the shared line must not hold a commit that may never be
    ask_size(ws, before.size, Snapshot.of(before.rows).plus(change).size)


def ask_size(ws: Workspace, before: int, after: int) -> None:
    """Ask the budget's own function about a context that would grow beyond it."""
    assert ws.budget is not None
    assert callable(ws.budget.action)
    if after > before and context_size(after) > ws.budget.max_tokens:
        ws.budget.action(context_size(after), ws.budget.max_tokens)


def imagined(
    ws: Workspace,
    kind: Kind,
    content: Content | None = None,
    *,
    targets: tuple[bytes, ...] = (),
    priority: int | None = None,
) -> Row:
    """Return the row that a commit would have, but for its number and hash."""
    return Row(
        id=-1,
        hash=b"",
        kind=kind,
        parent1=None,
        parent2=None,
        origin=None,
        author_us=0,
        priority=priority,
        type=content.unit_type if content else None,
        role=content.unit_role if content else None,
        name=None,
        call_id=None,
        blob=None,
        tokens=ws.count(counted_text(content)) if content else 0,
        context=0,
        key=None,
        targets=targets,
    )


def budget_table(ws: Workspace, largest: int = 10, *, structural: bool = False) -> BudgetTable:
    """Return what takes the room in the context at HEAD: by role, type, priority, and the largest units.

    With what ``compress`` would save, where it would save anything; by a summary without a model only where
    ``structural`` asks for it, since that has to be drafted.
    """
    if largest < 0:
        raise ContentError(f"largest={largest} lists nothing.", "Give 0 or more.")
    tip = ws.tip()
    history = ws.snapshot(tip)
    shown = [unit for unit in history.units if unit.size]
    total, source = count(ws, tip, history)
    counted = context_size(history.size)
    rows = [_group(ws, "total", source, shown, total, total)]
    for by in ("role", "type", "priority"):
        groups: dict[str, list[Unit]] = {}
        for unit in shown:
            groups.setdefault(_value(unit, by), []).append(unit)
        ordered = sorted(groups.items(), key=lambda item: -sum(unit.size for unit in item[1]))
        rows += [
            _group(ws, by, name, units, sum(unit.size for unit in units), total) for name, units in ordered
        ]
        # what a provider counted and no unit explains: its system prompt and tools
        if by == "role" and total > counted and source != "tiktoken":
            rows.append(_group(ws, by, "not recorded", [], total - counted, total))
    rows += _compressed(ws, history, total, structural=structural)
    biggest = sorted(shown, key=lambda unit: (-unit.size, unit.row.id))[:largest]
    found = present.contents(ws, [unit.text for unit in biggest])
    for unit in biggest:
        # of an edited unit, what the edit made of it
        text = present.says(unit.row._replace(blob=unit.text.blob), found, history.find)
        rows.append(
            (
                *_group(ws, "unit", _who(unit), [unit], unit.size, total)[:-2],
                unit.row.hash.hex()[:HASH_TAKEN],
                preview(text),
            )
        )
    return BudgetTable(tuple(rows))


def _compressed(
    ws: Workspace, history: Snapshot, total: int, *, structural: bool
) -> Iterator[tuple[Any, ...]]:
    """Yield what each strategy of ``compress`` would save, where it would save anything."""
    found = [(MASK, *by_masks(ws, history))]
    if structural:
        drafts = by_drafts(ws, history)
        found.append((STRUCTURAL, drafts.units, drafts.saved))
    expected = by_a_model(history)
    found.append((f"{SUMMARIZE} (estimate)", expected.units, expected.saved))
    for name, units, saved in found:
        if units:
            yield _group(ws, "compress", name, units, saved, total)


def _group(ws: Workspace, by: str, name: str, units: list[Unit], tokens: int, total: int) -> tuple[Any, ...]:
    share = 100 * tokens / total if total else 0.0
    of_budget = 100 * tokens / ws.budget.max_tokens if ws.budget else None
    return (by, name, len(units), tokens, round(share, 1), of_budget and round(of_budget, 1), None, None)


def _value(unit: Unit, by: str) -> str:
    if by == "priority":
        return unit.priority.name
    return str((unit.row.role if by == "role" else unit.row.type) or "")


def _who(unit: Unit) -> str:
    if unit.row.is_call:
        return f"→ {unit.row.name}"
    return f"← {unit.row.name or 'result'}" if unit.row.is_result else str(unit.row.role)
