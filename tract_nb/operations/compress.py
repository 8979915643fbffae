"""compress: let less stand for a part of the context; what was there is hidden, never gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size, message_size
from tract_nb.errors import HeadMovedError
from tract_nb.model.compression import NOTHING, PROPOSED, Compressed
from tract_nb.model.group import APPLIED, MASK, SUMMARIZE, Group
from tract_nb.operations import ranges
from tract_nb.operations.budget import check_budget
from tract_nb.operations.covering import Cover, cover, mask
from tract_nb.operations.drafting import Plan, asked, check_preserved, planned
from tract_nb.operations.losing import Losses
from tract_nb.operations.names import names_in, one_name
from tract_nb.operations.proposing import propose
from tract_nb.operations.summarising import size, summarised
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
) -> Compressed:
    """Let summaries stand for runs of units, or masks for outputs, as one operation; or propose it."""
    ask = asked(
        content, strategy, mode, target_tokens, preserve, instructions, model, has_writer=ws.has_writer()
    )
    chosen: dict[str, Any] = {
        "start": None if start is None else one_name(start),
        "end": None if end is None else one_name(end),
        "commits": None if commits is None else names_in(commits),
        "keep_last": keep_last,
    }

    def where(history: Snapshot) -> ranges.Range:
        return ranges.chosen(ws, history, **chosen)

    if ask.proposes and not dry_run:
        return propose(ws, ask, where, chosen)
    ask = ask._replace(proposes=False)
    drafted, branch = None, ws.branch
    if dry_run or ask.strategy == SUMMARIZE:
        with ws.db.read():
            history = ws.snapshot(ws.tip())
            drafted = planned(ws, ask, history, where(history))
        if ask.strategy == SUMMARIZE and drafted.runs:
            drafted = summarised(ws, drafted, ws.summariser)  # with nothing locked
            check_preserved(drafted)
    if dry_run:
        assert drafted is not None
        return _result(ws, drafted, PROPOSED)
    args: dict[str, Any] = {"strategy": ask.strategy}
    with transaction(ws, "compress", args, reason=instructions) as tx:
        head = tx.head()
        if drafted is not None and (ws.branch, head.id if head else 0) != (branch, _tip(drafted.history)):
            raise HeadMovedError(
                "The branch moved while the summaries were written. Nothing was written.", "Try again."
            )
        history = ws.snapshot(head.id if head else 0)
        plan = drafted or planned(ws, ask, history, where(history))
        if plan.is_empty:
            return _result(ws, plan, NOTHING)
        args.update(units=sum(map(len, plan.runs)), groups=len(plan.drafts))
        after, names = _write(tx, plan)
        tx.move(f"{refs.HEADS}{ws.branch}", after.last.id)
        if after.size > history.size:
            check_budget(ws, after.size)
        return _result(ws, plan, APPLIED, after=after.size, names=names)


def _tip(history: Snapshot) -> int:
    """Return the commit that a history is of; 0 where nothing is committed."""
    return history.last.id if history.rows else 0


def _write(tx: Transaction, plan: Plan) -> tuple[Snapshot, list[str]]:
    """Store the masks, or a SUMMARY for each run; return the history after them, and the SUMMARYs' hashes."""
    if plan.masks:
        return mask(tx, plan.history, plan.masks), []
    ask = plan.ask
    rows, history = cover(
        tx,
        plan.history,
        [
            Cover([item.unit for item in run], draft.text, ask.strategy, ask.instructions, draft.metadata)
            for run, draft in zip(plan.runs, plan.drafts, strict=True)
        ],
    )
    return history, [row.hash.hex() for row in rows]


# -- telling ------------------------------------------------------------------------------------------


def _result(
    ws: Workspace, plan: Plan, state: str, *, after: int | None = None, names: Sequence[str] = ()
) -> Compressed:
    """Return what was done, or would be."""
    groups = _masked(ws, plan, state) if plan.masks else _summarised(ws, plan, state, names)
    saved = sum(group.tokens_before - group.tokens_after for group in groups)
    size_after = plan.history.size - saved if after is None else after
    return Compressed(
        state=NOTHING if plan.is_empty else state,
        strategy=plan.ask.strategy,
        branch=ws.branch or "",
        groups=tuple(groups),
        notes=tuple(plan.notes),
        tokens_before=context_size(plan.history.size),
        tokens_after=context_size(size_after),
        target_tokens=plan.ask.target,
    )


def _masked(ws: Workspace, plan: Plan, state: str) -> list[Group]:
    draft = "\n".join(one.line for one in plan.masks)
    run = [one.item for one in plan.masks]
    before = size(run)
    return [
        Group(
            units=tuple(item.unit.row.hash.hex() for item in run),
            draft=draft,
            tokens_before=before,
            tokens_after=before - sum(one.saved for one in plan.masks),
            compared=Losses(ws, plan.history, [run]).of(0, draft),
            state=state,
            strategy=MASK,
        )
    ]


def _summarised(ws: Workspace, plan: Plan, state: str, names: Sequence[str]) -> list[Group]:
    losses = Losses(ws, plan.history, plan.runs)
    return [
        Group(
            units=tuple(item.unit.row.hash.hex() for item in run),
            draft=draft.text,
            tokens_before=size(run),
            tokens_after=message_size(ws.count(draft.text)),
            compared=losses.of(place, draft.text),
            commit=names[place] if names else None,
            state=state,
            strategy=plan.ask.strategy,
            metadata=draft.metadata,
        )
        for place, (run, draft) in enumerate(zip(plan.runs, plan.drafts, strict=True))
    ]
