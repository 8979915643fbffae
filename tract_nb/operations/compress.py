"""compress: let less stand for a part of the context; what was there is hidden, never gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.identifiers import compare
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size, message_size
from tract_nb.errors import HeadMovedError
from tract_nb.model.commit import HASH_TAKEN, Kind, Priority
from tract_nb.model.compression import (
    APPLIED,
    NOTHING,
    PROPOSED,
    Compression,
    Draft,
    Group,
    Summariser,
)
from tract_nb.model.content import Dialogue
from tract_nb.operations import ranges
from tract_nb.operations.budget import check_budget
from tract_nb.operations.drafting import SUMMARIZE, Ask, Plan, asked, check_preserved, planned
from tract_nb.operations.masking import MASK, Item
from tract_nb.operations.summarising import summarised
from tract_nb.operations.transaction import Transaction, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs


def compress(
    ws: Workspace,
    start: Any = None,
    end: Any = None,
    *,
    commits: Any = None,
    content: Any = None,
    strategy: str | None = None,
    mode: str | None = None,
    target_tokens: int | None = None,
    keep_last: int = 10,
    preserve: Any = (),
    instructions: str | None = None,
    model: str | None = None,
    dry_run: bool = False,
    summariser: Summariser | None = None,
) -> Compression:
    """Let summaries stand for runs of units, or masks for outputs, as one operation."""
    ask = asked(content, strategy, mode, target_tokens, preserve, instructions, model)
    where = partial(ranges.chosen, ws, start=start, end=end, commits=commits, keep_last=keep_last)
    drafted = None
    if dry_run or ask.strategy == SUMMARIZE:
        with ws.db.read():
            history = ws.snapshot(ws.tip())
            drafted = planned(ws, ask, history, where(history))
        if ask.strategy == SUMMARIZE and drafted.runs:
            drafted = summarised(ws, drafted, summariser)  # with nothing locked
            check_preserved(drafted)
    if dry_run:
        assert drafted is not None
        return _result(ws, drafted, PROPOSED)
    args: dict[str, Any] = {"strategy": ask.strategy}
    with transaction(ws, "compress", args, reason=instructions) as tx:
        head = tx.head()
        if drafted is not None and _tip(drafted.history) != (head.id if head else 0):
            raise HeadMovedError(
                "The branch moved while the summaries were written. Nothing was written.", "Try again."
            )
        history = ws.snapshot(head.id if head else 0)
        plan = drafted or planned(ws, ask, history, where(history))
        if plan.is_empty:
            return _result(ws, plan, NOTHING)
        args.update(units=sum(map(len, plan.runs)), groups=len(plan.drafts))
        names = _write_masks(tx, plan) if plan.masks else _write_summaries(tx, plan)
        after = ws.snapshot(ws.tip())
        if after.size > history.size:
            check_budget(ws, after.size)
        return _result(ws, plan, APPLIED, after=after.size, names=names)


def _tip(history: Snapshot) -> int:
    """Return the commit that a history is of; 0 where nothing is committed."""
    return history.last.id if history.rows else 0


# -- writing ----------------------------------------------------------------------------------------


def _write_summaries(tx: Transaction, plan: Plan) -> list[str]:
    """Store a SUMMARY for each run; return their hashes."""
    head, names = plan.history.last, []
    for run, draft in zip(plan.runs, plan.drafts, strict=True):
        units = [item.unit for item in run]
        head = tx.commit(
            Kind.SUMMARY,
            [head],
            content=Dialogue(role="user", text=clean_text(draft.text)),
            targets=ranges.targets_of(units),
            priority=Priority.NORMAL,
            metadata={"compression": _made(tx.ws, plan.ask, units, draft)},
        )
        names.append(head.hash.hex())
    return names


def _made(ws: Workspace, ask: Ask, units: Sequence[Unit], draft: Draft) -> dict[str, Any]:
    """Return how a summary was made."""
    made: dict[str, Any] = {
        "strategy": ask.strategy,
        "units": len(units),
        "tokens": sum(unit.size for unit in units),
        "approved_by": ws.actor,
    }
    if ask.instructions:
        made["instructions"] = clean_text(ask.instructions)
    return made | dict(draft.metadata or {})


def _write_masks(tx: Transaction, plan: Plan) -> list[str]:
    """Store an EDIT for each mask; return the units' hashes."""
    history, ws = plan.history, tx.ws
    head, size, rows = history.last, history.size, []
    for mask in plan.masks:
        unit = mask.item.unit
        size -= mask.saved
        head = tx.put(
            Kind.EDIT,
            [head],
            content=mask.content,
            targets=(unit.identity,),
            metadata={MASK: {"of": unit.text.hash.hex()[:HASH_TAKEN], "tokens": unit.text.tokens}},
            sized=(mask.tokens, size),
        )
        rows.append(head)
    ws.remember(head.hash, history.edited(rows))
    tx.move(f"{refs.HEADS}{ws.branch}", head.id)
    return [mask.item.unit.row.hash.hex() for mask in plan.masks]


# -- telling ------------------------------------------------------------------------------------------


def _result(
    ws: Workspace, plan: Plan, state: str, *, after: int | None = None, names: Sequence[str] = ()
) -> Compression:
    """Return what was done, or would be."""
    state = NOTHING if plan.is_empty else state
    groups = _masked(plan) if plan.masks else _summarised_groups(ws, plan, names)
    saved = sum(group.tokens_before - group.tokens_after for group in groups)
    size = plan.history.size - saved if after is None else after
    return Compression(
        state,
        plan.ask.strategy,
        tuple(groups),
        tuple(plan.notes),
        context_size(plan.history.size),
        context_size(size),
        plan.ask.target,
    )


def _masked(plan: Plan) -> list[Group]:
    draft = "\n".join(mask.line for mask in plan.masks)
    units = [mask.item.unit for mask in plan.masks]
    before = sum(unit.size for unit in units)
    return [
        _compared(
            0, [mask.item for mask in plan.masks], draft, before, before - sum(m.saved for m in plan.masks)
        )
    ]


def _summarised_groups(ws: Workspace, plan: Plan, names: Sequence[str]) -> list[Group]:
    found = []
    for place, (run, draft) in enumerate(zip(plan.runs, plan.drafts, strict=True)):
        before = sum(item.unit.size for item in run)
        group = _compared(place, run, draft.text, before, message_size(ws.count(draft.text)))
        found.append(replace(group, commit=names[place]) if names else group)
    return found


def _compared(place: int, run: Sequence[Item], draft: str, before: int, after: int) -> Group:
    """Return a group that knows how to tell what its draft lost and added."""
    units = [item.unit.row.hash.hex() for item in run]

    def told() -> tuple[tuple[Any, ...], ...]:
        found = compare([item.text for item in run], draft)
        lost = [
            (place, "lost", one.kind, one.text, times, units[first][:HASH_TAKEN])
            for one, (first, times) in found.lost.items()
        ]
        return (*lost, *((place, "added", one.kind, one.text, 0, None) for one in found.added))

    return Group(tuple(units), draft, before, after, told)
